import { randomUUID } from 'node:crypto';
import type { Logger } from 'winston';
import { Complaints } from '../lib/complaints.ts';
import { RedisUnavailableError } from '../redis/in-flight.ts';
import type { RedisLink } from '../redis/link.ts';
import type { KeptAnswer } from './kept-answer.ts';
import { KEY_SCRIPT } from './redis-script.ts';
import type { Begun, Claim, Ending, KeyStore } from './store.ts';
import { Unsent } from './unsent.ts';

/** Of a step that somebody waits for, while Redis is there: done twice by one owner it does no more than once. */
const MAX_TRIES = 3;
/**
 * For so long a Redis that was emptied, or that is back, takes no new key and lets nobody take over what was lost:
 * what it was told last it may have forgotten, and gateways that have requests under way say so again within that time.
 */
const SETTLE_MS = 5000;
/** While requests with keys are under way: the shortest lease, 1 s, is renewed before half of it is over. */
const TICK_MS = 150;

type Step = 'look' | 'peek' | 'begin' | 'hold' | 'end';

interface Reply {
  readonly state: string;
  readonly ms: number;
  readonly head: unknown;
  readonly body: unknown;
}

/**
 * Keys in Redis, for all gateways that share it. While a request runs its gateway renews the lease; what it could not
 * tell Redis it tells it later; and it puts back what a Redis that was emptied has lost of it.
 */
export class RedisStore implements KeyStore {
  readonly #redis: RedisLink;
  readonly #prefix: string;
  readonly #complaints: Complaints;
  /** Requests under way, and when (`performance.now()`) their lease is renewed. */
  readonly #running = new Map<Claim, number>();
  readonly #unsent = new Unsent();
  readonly #stop: () => void;
  #mark = '';
  #upSinceMs = performance.now();
  /** Redis was up, and then it was not: a gateway that has just started takes new keys at once. */
  #wasDown = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(redis: RedisLink, log: Pick<Logger, 'warn'>) {
    this.#redis = redis;
    // In a Redis Cluster the keys of one script must lie in one slot.
    this.#prefix = `${redis.prefix}${redis.isCluster ? '{turnpike}' : ''}idempotency:`;
    this.#complaints = new Complaints((message, fields) => log.warn(message, fields));
    this.#stop = redis.onChange((isUp) => {
      if (isUp) this.#comeBack();
      else this.#wasDown = true;
    });
    if (redis.isUp) this.#look();
  }

  async peek(claim: Claim): Promise<Begun> {
    const begun = readBegun(await this.#send('peek', claim, this.#permits(claim)), claim);
    if (begun === undefined) throw this.#distrust();
    return begun;
  }

  async begin(claim: Claim): Promise<Begun> {
    let reply: Reply;
    try {
      reply = await this.#send('begin', claim, this.#permits(claim));
    } catch (error) {
      // It may be done after all, when nobody waits for it any more.
      if (error instanceof RedisUnavailableError && error.answer !== undefined)
        this.#sendLater(claim, { state: 'free' });
      throw error;
    }
    const begun = readBegun(reply, claim);
    if (begun === undefined) throw this.#distrust();
    if (begun.state === 'begun') {
      this.#running.set(claim, performance.now() + claim.leaseMs / 3);
      this.#tickLater();
    }
    return begun;
  }

  /** Whether what was lost may be taken over, and whether a new key may be used. */
  #permits({ retriesLost }: Claim): readonly string[] {
    const isSettled = performance.now() - this.#upSinceMs >= SETTLE_MS;
    return [retriesLost && isSettled ? '1' : '0', isSettled || !this.#wasDown ? '1' : '0'];
  }

  async finish(claim: Claim, ending: Ending): Promise<void> {
    this.#running.delete(claim);
    try {
      await this.#end(claim, ending);
    } catch (error) {
      this.#sendUnlessDone(claim, ending, error);
      this.#complaints.say('what came of a request with a key did not reach Redis in time: it is told later', error);
    }
  }

  close(): void {
    this.#stop();
    clearTimeout(this.#timer);
    this.#running.clear();
    this.#unsent.clear();
  }

  async #end(claim: Claim, ending: Ending): Promise<void> {
    const words: string[] = [ending.state];
    if (ending.state === 'answered') {
      const { status, fields, body } = ending.answer;
      // A reply is a text: each byte is one of its characters, and ASCII stays as long as it is.
      words.push(JSON.stringify([status, fields]), body.toString('latin1'));
    }
    await this.#send('end', claim, words);
  }

  /** A long answer may only have been late, and is not sent over and over. */
  #sendUnlessDone(claim: Claim, ending: Ending, error: unknown): void {
    const late = error instanceof RedisUnavailableError ? error.answer : undefined;
    const send = (): void => this.#sendLater(claim, ending);
    if (late === undefined) send();
    else late.then(ignore, send);
  }

  #sendLater(claim: Claim, ending: Ending): void {
    this.#unsent.add(claim, ending);
    this.#tickLater();
  }

  #comeBack(): void {
    this.#upSinceMs = performance.now();
    this.#look();
    this.#restore();
    this.#sendUnsent();
  }

  /** Learns the mark of the data set, so that it is noticed when that is lost. */
  #look(): void {
    const nobody: Claim = { id: '', caller: '', owner: '', fingerprint: '', ttlMs: 0, leaseMs: 0, retriesLost: false };
    this.#send('look', nobody, []).catch(ignore);
  }

  /** Renews what is due, or all. A lease that can't be renewed now is at the next tick. */
  #restore(dueByMs = Number.POSITIVE_INFINITY): void {
    for (const [claim, dueAtMs] of this.#running) {
      if (dueAtMs > dueByMs) continue;
      this.#running.set(claim, performance.now() + claim.leaseMs / 3);
      this.#send('hold', claim, []).catch(() => {
        if (this.#running.has(claim)) this.#running.set(claim, 0);
      });
    }
  }

  #sendUnsent(): void {
    for (const [claim, ending] of this.#unsent.takeAll()) {
      this.#end(claim, ending).catch((error: unknown) => this.#sendUnlessDone(claim, ending, error));
    }
  }

  #tickLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#redis.isUp) {
        // A Redis that was emptied has lost what runs here, and nobody has told.
        if (this.#running.size > 0) this.#look();
        this.#restore(performance.now());
        this.#sendUnsent();
      }
      if (this.#running.size > 0 || this.#unsent.size > 0) this.#tickLater();
    }, TICK_MS).unref();
  }

  async #send(step: Step, claim: Claim, words: readonly string[]): Promise<Reply> {
    const { id, owner, fingerprint, leaseMs, ttlMs } = claim;
    const keys = [this.#prefix + id, `${this.#prefix}mark`];
    const terms = [SETTLE_MS, leaseMs, ttlMs].map((ms) => String(Math.ceil(ms)));
    const reply = await this.#try(step === 'end' ? 1 : MAX_TRIES, () => {
      const ours = [step, owner, fingerprint, this.#mark, randomUUID(), ...terms];
      return this.#redis.send('EVAL', KEY_SCRIPT, keys.length, ...keys, ...ours, ...words);
    });
    if (!Array.isArray(reply)) throw this.#distrust();
    const [mark, state, ms, head, body] = reply as unknown[];
    if (typeof mark !== 'string' || typeof state !== 'string' || typeof ms !== 'number') throw this.#distrust();
    this.#learn(mark);
    return { state, ms, head, body };
  }

  async #try(maxTries: number, send: () => Promise<unknown>): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      try {
        return await send();
      } catch (error) {
        if (tries >= maxTries || !this.#redis.isUp) throw error;
      }
    }
  }

  /** Another mark: what was written before is lost. */
  #learn(mark: string): void {
    if (mark === this.#mark) return;
    const wasKnown = this.#mark !== '';
    this.#mark = mark;
    if (wasKnown) this.#restore();
  }

  #distrust(): Error {
    this.#redis.distrust('it answers as no Redis does');
    return new Error('Redis did not answer the script of the keys');
  }
}

/** Undefined for what the script never answers. */
function readBegun({ state, ms, head, body }: Reply, { retriesLost }: Claim): Begun | undefined {
  switch (state) {
    case 'begun':
    case 'running':
    case 'spent':
    case 'mismatch':
      return { state };
    case 'lost':
      return { state, againMs: retriesLost ? (ms < 0 ? SETTLE_MS : ms) : undefined };
    case 'closed':
      return { state, againMs: ms, why: 'Redis has just come back; keys that are in use are put back first.' };
    case 'answered': {
      const answer = readAnswer(head, body);
      return answer === undefined ? undefined : { state, answer };
    }
    default:
      return undefined;
  }
}

function readAnswer(head: unknown, body: unknown): KeptAnswer | undefined {
  if (typeof head !== 'string' || typeof body !== 'string') return undefined;
  try {
    const [status, fields] = JSON.parse(head) as [number, KeptAnswer['fields']];
    return { status, fields, body: Buffer.from(body, 'latin1') };
  } catch {
    return undefined;
  }
}

function ignore(): void {}
