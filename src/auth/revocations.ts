import type { Logger } from 'winston';
import type { Clock } from '../lib/clock.ts';
import type { Kind } from '../pool.ts';
import type { RedisLink } from '../redis.ts';

/** More than these at once are refused: each lives only as long as its token would. */
const MAX_REVOKED = 100_000;
const MAX_JTI_CHARS = 512;
const CHANNEL = 'turnpike:revocations';
/** How often the list in Redis is read again, for a message that was lost. */
const RELOAD_MS = 30_000;

export interface RevocationOptions {
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  readonly redis: RedisLink | undefined;
}

export const revocationsKind: Kind<Revocations> = { name: 'revocations', close: (list) => list.close() };

/**
 * Tokens that were taken back before they expire, by their `jti` (RFC 7519, section 4.1.7).
 *
 * The list is in memory, where each request looks. With Redis it is kept there too, and a revocation on one gateway
 * reaches the others by a message; a gateway that was cut off reads the whole list when it is back.
 */
export class Revocations {
  readonly #options: RevocationOptions;
  readonly #untilMs = new Map<string, number>();
  readonly #stops: (() => void)[] = [];

  constructor(options: RevocationOptions) {
    this.#options = options;
    const { redis } = options;
    if (redis === undefined) return;
    const load = () => void this.#load(redis);
    const timer = setInterval(load, RELOAD_MS).unref();
    this.#stops.push(
      redis.subscribe(CHANNEL, (message) => this.#hear(message)),
      redis.onChange((isUp) => isUp && load()),
      () => clearInterval(timer),
    );
    load();
  }

  /** Number of revoked tokens that are remembered. */
  get size(): number {
    return this.#untilMs.size;
  }

  /** True for a `jti` that was revoked; costs next to nothing while the list is empty. */
  has(jti: unknown): boolean {
    return this.#untilMs.size > 0 && typeof jti === 'string' && this.#untilMs.has(jti);
  }

  /**
   * Takes a token back, here at once and on the other gateways within a moment. `untilMs` is when the token expires
   * (epoch milliseconds). False when the list is full or the id is none.
   */
  revoke(jti: string, untilMs: number): boolean {
    if (!this.#add(jti, untilMs)) return false;
    const { redis, log } = this.#options;
    if (redis === undefined) return true;
    const key = `${redis.prefix}revoked`;
    const sent = Promise.all([
      redis.send('ZADD', key, Math.ceil(untilMs), jti),
      redis.send('PUBLISH', CHANNEL, JSON.stringify([jti, untilMs])),
    ]);
    sent.catch((error: unknown) =>
      log.warn('a revocation did not reach Redis: it counts on this gateway alone', { error }),
    );
    return true;
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #add(jti: string, untilMs: number): boolean {
    if (jti === '' || jti.length > MAX_JTI_CHARS || !Number.isFinite(untilMs)) return false;
    if (this.#untilMs.size >= MAX_REVOKED) this.#forgetExpired();
    if (this.#untilMs.size >= MAX_REVOKED) return false;
    this.#untilMs.set(jti, Math.max(untilMs, this.#untilMs.get(jti) ?? 0));
    return true;
  }

  #forgetExpired(): void {
    const nowMs = this.#options.clock.now();
    for (const [jti, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(jti);
  }

  #hear(message: string): void {
    try {
      const [jti, untilMs] = JSON.parse(message) as [unknown, unknown];
      if (typeof jti === 'string' && typeof untilMs === 'number') this.#add(jti, untilMs);
    } catch (error) {
      this.#options.log.warn('a message about a revocation is not understood', { error });
    }
  }

  async #load(redis: RedisLink): Promise<void> {
    const nowMs = this.#options.clock.now();
    this.#forgetExpired();
    if (!redis.isUp) return;
    const key = `${redis.prefix}revoked`;
    try {
      await redis.send('ZREMRANGEBYSCORE', key, '-inf', nowMs);
      const reply = (await redis.send('ZRANGE', key, 0, MAX_REVOKED - 1, 'WITHSCORES')) as readonly unknown[];
      // Pairs in RESP3, one flat list in RESP2.
      const flat = reply.flat();
      for (let i = 0; i + 1 < flat.length; i += 2) this.#add(String(flat[i]), Number(flat[i + 1]));
    } catch (error) {
      // Redis tells when it is back, and then the list is read again.
      this.#options.log.warn('the list of revoked tokens can not be read from Redis', { error });
    }
  }
}
