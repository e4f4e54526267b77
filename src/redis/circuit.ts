import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'winston';
import { InFlight, type Moment, RedisUnavailableError, type Waiting } from './in-flight.ts';
import { OutageLog } from './outage-log.ts';
import { createProbe, probe } from './probe.ts';

export type RedisListener = (isUp: boolean, reason: string) => void;

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
/** How much longer than one command may take Redis may be silent, before it is off for all. */
const GRACE_MS = 225;
/** An error so long before a connection ends is its reason. */
const ERROR_LEADS_MS = 50;
/** Replies after which Redis is as good as gone until a probe can write again. */
const UNABLE = /^(?:READONLY|LOADING|OOM|MISCONF|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|NOAUTH|WRONGPASS|BUSY)\b/;
/** The user may not do this, but maybe all else: a probe tells. */
const FORBIDDEN = /^NOPERM\b/;
/** What ioredis says when a reply came that nobody asked for: from then on, replies may be taken for others. */
const OUT_OF_STEP = /^Command queue state error/;

/**
 * A switch in front of a Redis client. A command that isn't answered in time is given up, it alone; while that was a
 * single slow moment, all others go on. When nothing is answered in time for a while, not even what is sent to find
 * that out, the switch turns Redis off for all, those in flight included. Probes in the background turn it on.
 */
export class RedisCircuit {
  readonly #client: Redis | Cluster;
  readonly #options: CircuitOptions;
  readonly #listeners = new Set<RedisListener>();
  readonly #inFlight: InFlight;
  readonly #outages: OutageLog;
  #sweeper: NodeJS.Timeout | undefined;
  #sweepDueAtMs = 0;
  #isSparing = false;
  /** Since when nothing was answered in time. */
  #silence: Moment | undefined;
  #isAsking = false;
  #isAskingWhetherAll = false;
  #prober: NodeJS.Timeout | undefined;
  #isProbing = false;
  #isOutOfStep = false;
  #isUp = false;
  #isClosed = false;
  #lastError = 'no connection yet';
  #lastErrorAtMs = -ERROR_LEADS_MS;

  constructor(client: Redis | Cluster, options: CircuitOptions) {
    this.#client = client;
    this.#options = options;
    this.#outages = new OutageLog(options.log);
    this.#inFlight = new InFlight(options.commandTimeoutMs);
    client.on('error', (error: Error) => {
      this.#lastError = error.message;
      this.#lastErrorAtMs = performance.now();
      if (OUT_OF_STEP.test(error.message)) this.distrust('it answers what nobody asked');
    });
    client.on('ready', () => void this.#probe());
    client.on('close', () => this.#goDown(this.#whyClosed()));
    this.#probeLater();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get lastError(): string {
    return this.#lastError;
  }

  onChange(listener: RedisListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  send(command: string, args: readonly (string | number | Buffer)[]): Promise<unknown> {
    if (!this.#isUp) return Promise.reject(new RedisUnavailableError('Redis does not answer'));
    return new Promise((resolve, reject) => {
      const waiting = this.#inFlight.add(reject);
      if (this.#sweeper === undefined) this.#sweepLater();
      const answer = this.#client.call(command, ...args);
      waiting.answer = answer;
      answer.then(
        (reply) => {
          this.#end(waiting);
          resolve(reply);
        },
        (error: Error) => {
          this.#end(waiting);
          if (UNABLE.test(error.message)) this.#goDown(error.message);
          else if (FORBIDDEN.test(error.message)) void this.#askWhetherAll();
          reject(error);
        },
      );
    });
  }

  /** One command was forbidden: a probe that is forbidden as well turns Redis off. */
  async #askWhetherAll(): Promise<void> {
    if (!this.#isUp || this.#isAskingWhetherAll) return;
    this.#isAskingWhetherAll = true;
    const [command, ...args] = createProbe(this.#options.probeKey).words;
    try {
      await this.send(command, args);
    } catch (error) {
      const { message } = error as Error;
      if (FORBIDDEN.test(message)) this.#goDown(message);
    }
    this.#isAskingWhetherAll = false;
  }

  /** Turns Redis off until a probe has proven it, over a new connection: what it answered was no answer. */
  distrust(reason: string): void {
    this.#isOutOfStep = true;
    this.#goDown(reason);
  }

  /** Takes no more commands, and gives those in flight what is left of their time. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isUp = false;
    this.#listeners.clear();
    clearTimeout(this.#prober);
    const untilMs = performance.now() + this.#options.commandTimeoutMs;
    while (this.#inFlight.oldest !== undefined && performance.now() < untilMs) await sleep(CLOSING_LOOK_MS);
    clearTimeout(this.#sweeper);
    this.#inFlight.rejectAll('Redis was let go');
  }

  /** An answer in time, be it an error, ends the silence. */
  #end(waiting: Waiting): void {
    if (waiting.isDone) return;
    waiting.isDone = true;
    this.#silence = undefined;
  }

  readonly #sweep = (): void => {
    this.#sweeper = undefined;
    const heldUpMs = performance.now() - this.#sweepDueAtMs;
    this.#inFlight.addHeldUp(heldUpMs);
    // Whoever has just been held up for long has hardly sent its commands: they get until the next sweep.
    this.#isSparing = heldUpMs > SWEEP_MS && !this.#isSparing;
    if (this.#isSparing || !this.#inFlight.isOverdue) this.#sweepLater();
    // The answers may wait in the socket: read them before judging.
    else setImmediate(this.#judge);
  };

  #sweepLater(): void {
    if (this.#inFlight.isEmpty || this.#sweeper !== undefined) return;
    this.#sweepDueAtMs = performance.now() + SWEEP_MS;
    this.#sweeper = setTimeout(this.#sweep, SWEEP_MS);
  }

  /** Gives up what is overdue, and turns Redis off when all has been silent for too long. */
  readonly #judge = (): void => {
    if (this.#inFlight.isOverdue) {
      this.#silence ??= this.#inFlight.oldest?.sent as Moment;
      if (this.#inFlight.isLate(this.#silence, GRACE_MS)) this.#goDown('nothing was answered in time');
      this.#inFlight.rejectOverdue();
      this.#askAgain();
    }
    this.#sweepLater();
  };

  /** Sends a command of its own after one was late: whether Redis is silent must not hang on when the next call comes. */
  #askAgain(): void {
    if (!this.#isUp || this.#isAsking || this.#silence === undefined) return;
    this.#isAsking = true;
    const [command, ...args] = createProbe(this.#options.probeKey).words;
    const done = (): void => {
      this.#isAsking = false;
      this.#askAgain();
    };
    this.send(command, args).then(done, done);
  }

  /** An error comes right before the end that it leads to. */
  #whyClosed(): string {
    const isOld = performance.now() - this.#lastErrorAtMs > ERROR_LEADS_MS;
    return `the connection was closed${isOld ? '' : `: ${this.#lastError}`}`;
  }

  #goDown(reason: string): void {
    this.#inFlight.rejectAll(reason);
    this.#silence = undefined;
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#outages.sayDown(reason);
    this.#tell(reason);
    this.#probeLater();
  }

  #goUp(): void {
    if (this.#isUp || this.#isClosed) return;
    this.#isUp = true;
    this.#outages.sayUp();
    this.#tell('it answers');
  }

  #tell(reason: string): void {
    for (const listener of this.#listeners) listener(this.#isUp, reason);
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
      await this.#lookAgain();
    } catch (error) {
      this.#lastError = (error as Error).message;
    }
    this.#isProbing = false;
    if (!this.#isUp) this.#outages.sayStillDown(this.#lastError);
    this.#probeLater();
  }

  async #lookAgain(): Promise<void> {
    if (this.#isOutOfStep) {
      // The new connection is probed as soon as it is ready.
      this.#isOutOfStep = false;
      this.#client.disconnect(true);
      return;
    }
    const result = await probe(this.#client, this.#options.probeKey, this.#options.commandTimeoutMs);
    if (result.isQuick) {
      if (!this.#isOutOfStep) this.#goUp();
      return;
    }
    if (!result.isSane) this.#isOutOfStep = true;
    if (result.reason !== 'no connection') this.#lastError = result.reason;
  }
}
