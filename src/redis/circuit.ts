import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'winston';

/** Why a command wasn't done: Redis doesn't answer, or can't write. */
export class RedisUnavailableError extends Error {
  override readonly name = 'RedisUnavailableError';
}

export interface CircuitOptions {
  readonly log: Logger;
  /** Written by probes: a Redis that can't write is as good as none. */
  readonly probeKey: string;
  readonly commandTimeoutMs: number;
  readonly probeEveryMs: number;
}

/** Overdue commands are looked for this often, by one timer for all of them. */
const SWEEP_MS = 20;
/** While closing, how often to look whether the last commands are answered. */
const CLOSING_LOOK_MS = 5;
/** A connection that left a probe unanswered for so long is given up for a new one. */
const DEAD_AFTER_MS = 2000;
/** Replies after which Redis is as good as gone until a probe can write again. */
const UNABLE = /^(?:READONLY|LOADING|OOM|MISCONF|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|NOAUTH|WRONGPASS|NOPERM|BUSY)\b/;

interface Waiting {
  readonly sentAtMs: number;
  /** How long this process had been held up in all when the command was sent. */
  readonly heldUpMs: number;
  readonly reject: (error: Error) => void;
  isDone: boolean;
}

/**
 * A switch in front of a Redis client. The first command that isn't answered in time turns it off for all, those
 * in flight included, so that an outage costs a request at most one timeout. Probes in the background turn it on.
 */
export class RedisCircuit {
  readonly #client: Redis | Cluster;
  readonly #options: CircuitOptions;
  readonly #listeners = new Set<(isUp: boolean) => void>();
  /** Commands in flight in the order they were sent, which is the order they fall due in. */
  #waiting: Waiting[] = [];
  #sweeper: NodeJS.Timeout | undefined;
  #sweepDueAtMs = 0;
  /** Sum of the sweeper's delays. */
  #heldUpMs = 0;
  #prober: NodeJS.Timeout | undefined;
  #isProbing = false;
  #isUp = false;
  #isClosed = false;
  #hasSpoken = false;
  #lastError = 'no connection yet';

  constructor(client: Redis | Cluster, options: CircuitOptions) {
    this.#client = client;
    this.#options = options;
    client.on('error', (error: Error) => {
      this.#lastError = error.message;
    });
    client.on('ready', () => void this.#probe());
    client.on('close', () => this.#goDown('the connection was closed'));
    this.#probeLater();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  onChange(listener: (isUp: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  send(command: string, args: (string | number | Buffer)[]): Promise<unknown> {
    if (!this.#isUp) return Promise.reject(new RedisUnavailableError('Redis does not answer'));
    return new Promise((resolve, reject) => {
      const sentAtMs = performance.now();
      const waiting: Waiting = { sentAtMs, heldUpMs: this.#heldUpMs, reject, isDone: false };
      this.#waiting.push(waiting);
      if (this.#sweeper === undefined) this.#sweepLater();
      this.#client.call(command, ...args).then(
        (reply) => {
          waiting.isDone = true;
          resolve(reply);
        },
        (error: Error) => {
          waiting.isDone = true;
          if (UNABLE.test(error.message)) this.#goDown(error.message);
          reject(error);
        },
      );
    });
  }

  /** Takes no more commands, and gives those in flight what is left of their time. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isUp = false;
    this.#listeners.clear();
    clearTimeout(this.#prober);
    const untilMs = performance.now() + this.#options.commandTimeoutMs;
    while (this.#waiting.some((waiting) => !waiting.isDone) && performance.now() < untilMs)
      await sleep(CLOSING_LOOK_MS);
    clearTimeout(this.#sweeper);
    this.#rejectWaiting('Redis was let go');
  }

  readonly #sweep = (): void => {
    this.#sweeper = undefined;
    this.#heldUpMs += Math.max(0, performance.now() - this.#sweepDueAtMs);
    if (!this.#isOverdue()) this.#sweepLater();
    // The answers may wait in the socket: read them before judging.
    else
      setImmediate(() => (this.#isOverdue() ? this.#goDown('a command was not answered in time') : this.#sweepLater()));
  };

  #sweepLater(): void {
    if (this.#waiting.length === 0 || this.#sweeper !== undefined) return;
    this.#sweepDueAtMs = performance.now() + SWEEP_MS;
    this.#sweeper = setTimeout(this.#sweep, SWEEP_MS);
  }

  /**
   * Drops what is answered, and looks at the oldest command that isn't. Time in which this process itself was held up
   * (its sweeper came late) is not held against Redis, but no command waits for longer than twice its time.
   */
  #isOverdue(): boolean {
    const oldest = this.#waiting.findIndex((waiting) => !waiting.isDone);
    this.#waiting.splice(0, oldest < 0 ? this.#waiting.length : oldest);
    const [first] = this.#waiting;
    if (first === undefined) return false;
    const { commandTimeoutMs } = this.#options;
    const forgivenMs = Math.min(this.#heldUpMs - first.heldUpMs, commandTimeoutMs);
    return performance.now() - first.sentAtMs >= commandTimeoutMs + forgivenMs;
  }

  #goDown(reason: string): void {
    this.#rejectWaiting(reason);
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#options.log.warn('Redis does not answer: what it shares is kept in this process until it does', { reason });
    this.#tell();
    this.#probeLater();
  }

  #goUp(): void {
    if (this.#isUp || this.#isClosed) return;
    this.#isUp = true;
    this.#options.log.info(this.#hasSpoken ? 'Redis answers again' : 'Redis answers');
    this.#hasSpoken = true;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.#isUp);
  }

  #rejectWaiting(reason: string): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { isDone, reject } of waiting) if (!isDone) reject(new RedisUnavailableError(reason));
  }

  #probeLater(): void {
    if (this.#isClosed || this.#isUp) return;
    clearTimeout(this.#prober);
    this.#prober = setTimeout(() => void this.#probe(), this.#options.probeEveryMs).unref();
  }

  /** Writes a key, and turns the switch on when that was quick. */
  async #probe(): Promise<void> {
    if (this.#isProbing || this.#isClosed || this.#isUp) return;
    this.#isProbing = true;
    try {
      if (await this.#isQuick()) this.#goUp();
    } catch (error) {
      this.#lastError = (error as Error).message;
    }
    this.#isProbing = false;
    if (!this.#isUp) this.#sayWhy();
    this.#probeLater();
  }

  async #isQuick(): Promise<boolean> {
    if (this.#client.status !== 'ready') return false;
    const deadline = setTimeout(() => this.#client.disconnect(true), DEAD_AFTER_MS);
    const startedAtMs = performance.now();
    try {
      await this.#client.call('SET', this.#options.probeKey, '1', 'PX', '10000');
    } finally {
      clearTimeout(deadline);
    }
    const tookMs = performance.now() - startedAtMs;
    if (tookMs <= this.#options.commandTimeoutMs) return true;
    this.#lastError = `it took ${Math.round(tookMs)} ms to answer`;
    return false;
  }

  /** Once, when Redis was not there at the start. */
  #sayWhy(): void {
    if (this.#hasSpoken) return;
    this.#hasSpoken = true;
    const reason = this.#lastError;
    this.#options.log.warn('Redis does not answer: what it shares is kept in this process until it does', { reason });
  }
}
