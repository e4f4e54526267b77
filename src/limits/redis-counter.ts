import { RedisStore } from 'rate-limit-redis';
import type { RequestContext } from '../context.ts';
import type { Clock } from '../lib/clock.ts';
import type { RedisLink } from '../redis/link.ts';
import { type CallCounter, createDecision, createWindowState, type Decision, type WindowState } from './decision.ts';
import { INCREMENT_SCRIPT, INCREMENT_SHA } from './increment-script.ts';
import type { Wanted } from './reservation.ts';
import { RESERVE_SCRIPT, RESERVE_SHA } from './reserve-script.ts';
import type { Window } from './window.ts';

/** What a decision of the script begins with: allowed, the deciding window, what it has left, and its reset in ms. */
const DECISION_LENGTH = 4;
/** What a reservation begins with: the same, and how much was reserved. */
const RESERVED_LENGTH = 5;
/** Where the keys begin in the words of a command. */
const FIRST_KEY = 3;

/** Is told what a decision says of each window, by the key of its counter: see `Knowledge.learn`. */
export type Learn = (window: Window, key: string, told: Told) => void;

export interface Told {
  /** Calls that are left; of a quota, calls that are used. */
  readonly told: number;
  /** For how long no call passes; 0 for a window that has something left and did not refuse. */
  readonly refusedMs: number;
  /** How much of what is used of a quota was booked. */
  readonly booked: number;
  /** How much of what is used is only held by reservations; of a rate limit, what would be left without them. */
  readonly held: number;
}

/** A window that was used up, for so many milliseconds more. */
export interface UsedUp {
  readonly window: Window;
  readonly key: string;
  readonly leftMs: number;
}

type Mode = 'count' | 'look' | 'peek';

/** A reservation as Redis keeps it. */
export interface Hold {
  /** Key of what says how much was reserved, and where. */
  readonly key: string;
  readonly windows: readonly Window[];
  /** Keys of their counters, in the same order. */
  readonly counters: readonly string[];
}

/** What was decided about a reservation. */
export interface Taken {
  readonly decision: Decision;
  readonly reserved: number;
}

/**
 * Counts calls in Redis, for all gateways that share it: one round trip a call, however many windows it has.
 *
 * The store of rate-limit-redis 6.0.1 counts one fixed window from the first hit and, when its SCRIPT LOAD fails
 * once, never again. So the script is ours, its hash is known without asking, and a server that has forgotten it
 * (restarted, SCRIPT FLUSH) is sent the text with the next call.
 *
 * In a Redis Cluster the keys of one script must lie in one slot: all counters then carry the tag `{turnpike}`.
 */
export class RedisCounter extends RedisStore implements CallCounter {
  readonly #redis: RedisLink;
  readonly #clock: Clock;
  readonly #constants = new WeakMap<Window, readonly string[]>();
  /** Epoch ms that the script takes for now; `0` for the clock of the server. Tests set it. */
  readonly #time: () => string;

  readonly #learn: Learn | undefined;

  constructor(redis: RedisLink, clock: Clock, time: () => string = () => '0', learn?: Learn) {
    super({
      prefix: `${redis.prefix}${redis.isCluster ? '{turnpike}' : ''}limit:`,
      sendCommandCluster: ({ command: [name = '', ...args] }) => redis.send(name, ...args) as Promise<number[]>,
    });
    this.#redis = redis;
    this.#clock = clock;
    this.#time = time;
    this.#learn = learn;
  }

  async decide(windows: readonly Window[], context: RequestContext, cost: number): Promise<Decision> {
    const command = this.#commandOf(context.dryRun ? 'look' : 'count', windows, context, cost);
    const reply = await this.#run(command);
    const [allowed, index = -1, remaining, resetMs] = reply;
    const window = windows[index];
    if (reply.length !== DECISION_LENGTH + windows.length + countQuotas(windows) || window === undefined)
      throw this.#distrust();
    if (!context.dryRun) this.#tell(windows, command, reply, DECISION_LENGTH);
    return createDecision(allowed === 1, window, remaining as number, resetMs as number);
  }

  /** Where a call's reservation is kept, whatever comes of it. */
  holdOf(windows: readonly Window[], context: RequestContext, id: string): Hold {
    const counters = windows.map((window) => this.keyOf(window, window.subject(context)));
    return { key: this.prefixKey(`hold|${id}`), windows, counters };
  }

  async reserve({ key, windows, counters }: Hold, { least, most }: Wanted): Promise<Taken> {
    const command = ['EVALSHA', RESERVE_SHA, String(windows.length + 1), ...counters, key];
    command.push(this.#time(), 'take', String(least));
    for (const window of windows) this.#pushArguments(command, window);
    command.push(String(most));
    const reply = await this.#run(command, RESERVE_SCRIPT);
    const [allowed, index = -1, remaining = 0, resetMs = 0, reserved = 0] = reply;
    const window = windows[index];
    if (reply.length !== RESERVED_LENGTH + 2 * windows.length + countQuotas(windows) || window === undefined)
      throw this.#distrust();
    this.#tell(windows, command, reply, RESERVED_LENGTH);
    return { decision: createDecision(allowed === 1, window, remaining, resetMs), reserved };
  }

  /** False where there is no such hold. Sent again, it changes nothing and answers the same. */
  async settle({ key, windows, counters }: Hold, used: number): Promise<boolean> {
    const command = ['EVALSHA', RESERVE_SHA, String(windows.length + 1), ...counters, key];
    command.push(this.#time(), 'settle', String(used));
    for (const window of windows) this.#pushArguments(command, window);
    const reply = await this.#run(command, RESERVE_SCRIPT);
    if (reply.length === 1 && reply[0] === 0) return false;
    if (reply.length !== 1 + 2 * windows.length + countQuotas(windows)) throw this.#distrust();
    this.#tell(windows, command, reply, 1);
    return true;
  }

  /** `first`: where in the reply it begins to speak of each window. Only of reservations it says what is held. */
  #tell(windows: readonly Window[], command: readonly string[], reply: readonly number[], first: number): void {
    if (this.#learn === undefined) return;
    const [allowed, refusing, , resetMs = 0] = reply;
    let bookedAt = first + windows.length;
    const heldAt = bookedAt + countQuotas(windows);
    for (let i = 0; i < windows.length; i++) {
      const window = windows[i] as Window;
      const hasRefused = allowed !== 1 && i === refusing;
      const booked = window.quota === undefined ? 0 : (reply[bookedAt++] as number);
      const told = reply[first + i] as number;
      const refusedMs = told < 0 ? -told : hasRefused ? resetMs : 0;
      const held = reply[heldAt + i] ?? 0;
      this.#learn(window, command[FIRST_KEY + i] as string, { told: Math.max(0, told), refusedMs, booked, held });
    }
  }

  async peek(windows: readonly Window[], context: RequestContext): Promise<WindowState[]> {
    const reply = await this.#run(this.#commandOf('peek', windows, context, 1));
    if (reply.length !== windows.length * 2) throw this.#distrust();
    const nowMs = this.#clock.now();
    return windows.map((window, index) =>
      createWindowState(window, reply[index * 2] as number, reply[index * 2 + 1] as number, nowMs),
    );
  }

  /**
   * Uses up again what a Redis that was emptied has lost, all in one step; what it has not lost stays as it is. Commands
   * are done in the order in which they are sent: a call that is decided afterwards meets it.
   */
  async useUp(list: readonly UsedUp[]): Promise<void> {
    const command = ['EVAL', INCREMENT_SCRIPT, String(list.length), ...list.map(({ key }) => key)];
    command.push(this.#time(), 'fill', '1');
    for (const { window, leftMs } of list) {
      command.push(kindOf(window), String(window.limit), String(window.windowMs), String(window.burst), String(leftMs));
    }
    await this.#run(command);
  }

  /** The key in Redis of what a window has counted of one subject. */
  keyOf(window: Window, subject: string): string {
    return this.prefixKey(window.id + subject);
  }

  async forget(window: Window, subject: string): Promise<void> {
    await this.resetKey(window.id + subject);
  }

  /** The hash is known: nothing is loaded, so nothing can fail to load. */
  override async loadIncrementScript(): Promise<string> {
    return INCREMENT_SHA;
  }

  #commandOf(mode: Mode, windows: readonly Window[], context: RequestContext, cost: number): string[] {
    const command = ['EVALSHA', INCREMENT_SHA, String(windows.length)];
    for (const window of windows) command.push(this.keyOf(window, window.subject(context)));
    command.push(this.#time(), mode, String(cost));
    for (const window of windows) this.#pushArguments(command, window);
    return command;
  }

  async #run(command: string[], script = INCREMENT_SCRIPT): Promise<number[]> {
    const key = command[FIRST_KEY] as string;
    const reply = await this.#send(key, command, script);
    if (!Array.isArray(reply) || !reply.every(Number.isSafeInteger)) throw this.#distrust();
    return reply;
  }

  async #send(key: string, command: string[], script: string): Promise<unknown> {
    try {
      return await this.sendCommand({ key, isReadOnly: false, command });
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      command[0] = 'EVAL';
      command[1] = script;
      return await this.sendCommand({ key, isReadOnly: false, command });
    }
  }

  /** The script was answered as no Redis does: that is no answer. */
  #distrust(): Error {
    this.#redis.distrust('it answers as no Redis does');
    return new Error('Redis did not answer the script of the limiter');
  }

  #pushArguments(command: string[], window: Window): void {
    let constants = this.#constants.get(window);
    if (constants === undefined) {
      constants = [kindOf(window), String(window.limit), String(window.windowMs), String(window.burst), '0'];
      this.#constants.set(window, constants);
    }
    if (window.quota === undefined) {
      command.push(...constants);
      return;
    }
    const { number, endsAtMs } = window.period(this.#clock.now());
    command.push('q', String(window.limit), String(window.windowMs), String(number), String(endsAtMs));
  }
}

function kindOf(window: Window): string {
  if (window.algorithm === 'sliding') return 's';
  return window.algorithm === 'fixed' ? 'f' : 'b';
}

function countQuotas(windows: readonly Window[]): number {
  let quotas = 0;
  for (const { quota } of windows) if (quota !== undefined) quotas += 1;
  return quotas;
}
