import type { Clock } from '../lib/clock.ts';

type Callback = (...values: unknown[]) => void;

/** What is due, and when. */
interface Due {
  atMs: number;
  /** 0 for what comes once. */
  readonly everyMs: number;
  readonly run: () => void;
  /** In which order they were asked for. */
  readonly number: number;
}

/** An interval that is passed over more often in one go is told of no more: rolling windows are empty by then. */
const MOST_TICKS = 100;

/**
 * Time that stands still until it is moved: what `setTimeout`, `setInterval`, `Date` and `performance.now()` go by from
 * `install` to `uninstall`. Half of the gateway measures by them (deadlines, circuits, pauses between attempts), and so
 * cases have a process of their own. `setImmediate`, and what waits for the system, stay real.
 */
export class FakeTime implements Clock {
  readonly #due = new Map<FakeTimer, Due>();
  readonly #real = realTime();
  readonly #startMs: number;
  readonly #monotonicStartMs = performance.now();
  #nowMs: number;
  #count = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  /** Counts the timers that were made: what was made later has a higher number. */
  get made(): number {
    return this.#count;
  }

  install(): void {
    const add = (everyMs: number, run: () => void, afterMs: number): FakeTimer => {
      const timer = new FakeTimer(() => this.#due.delete(timer));
      this.#count += 1;
      this.#due.set(timer, { atMs: this.#nowMs + afterMs, everyMs, run, number: this.#count });
      return timer;
    };
    const remove = (timer: unknown): void => void this.#due.delete(timer as FakeTimer);
    const replaced = {
      setTimeout: (run: Callback, ms = 0, ...values: unknown[]) => add(0, () => run(...values), waitOf(ms)),
      setInterval: (run: Callback, ms = 0, ...values: unknown[]) => add(waitOf(ms), () => run(...values), waitOf(ms)),
      clearTimeout: remove,
      clearInterval: remove,
      Date: fakeDate(this, this.#real.Date),
    };
    Object.assign(globalThis, replaced);
    Object.assign(performance, { now: () => this.#monotonicStartMs + this.#nowMs - this.#startMs });
  }

  uninstall(): void {
    const { now, ...others } = this.#real;
    Object.assign(globalThis, others);
    Object.assign(performance, { now });
    this.#due.clear();
  }

  /** When the next timer is due that was made after the one with this number, and comes once; undefined without any. */
  nextDueMs(after: number): number | undefined {
    const times = [...this.#due.values()].filter(({ everyMs, number }) => everyMs === 0 && number > after);
    return times.length === 0 ? undefined : Math.min(...times.map(({ atMs }) => atMs));
  }

  /** Moves the time, and runs what comes due on the way, one after another; what each of them sets off is let finish. */
  async moveTo(untilMs: number): Promise<void> {
    const ticks = new Map<FakeTimer, number>();
    for (let next = this.#first(untilMs); next !== undefined; next = this.#first(untilMs)) {
      const [timer, due] = next;
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      const count = (ticks.get(timer) ?? 0) + 1;
      ticks.set(timer, count);
      if (due.everyMs === 0) this.#due.delete(timer);
      else due.atMs = count < MOST_TICKS ? due.atMs + due.everyMs : untilMs + due.everyMs;
      due.run();
      await this.rest();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Lets everything run that needs no time: a few turns of the loop. */
  async rest(turns = 3): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Waits in the time of the world, for what the system does meanwhile: files, hashes, compression. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#real.setTimeout(resolve, ms));
  }

  #first(untilMs: number): [FakeTimer, Due] | undefined {
    let first: [FakeTimer, Due] | undefined;
    for (const entry of this.#due) {
      if (entry[1].atMs <= untilMs && (first === undefined || entry[1].atMs < first[1].atMs)) first = entry;
    }
    return first;
  }
}

function realTime() {
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  return { setTimeout, setInterval, clearTimeout, clearInterval, Date: globalThis.Date, now: performance.now };
}

/** As Node counts it: at least a millisecond. */
function waitOf(ms: unknown): number {
  const wait = Number(ms);
  return wait >= 1 && wait <= 2 ** 31 - 1 ? wait : 1;
}

function fakeDate(clock: Clock, Real: DateConstructor): DateConstructor {
  return new Proxy(Real, {
    construct: (_, values: [], newTarget) =>
      Reflect.construct(Real, values.length === 0 ? [clock.now()] : values, newTarget) as Date,
    get: (target, name, receiver) => (name === 'now' ? () => clock.now() : Reflect.get(target, name, receiver)),
  });
}

/** What `setTimeout` gives: whoever has it may end it, and does so in one of three ways. */
class FakeTimer {
  readonly #end: () => void;

  constructor(end: () => void) {
    this.#end = end;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return false;
  }

  refresh(): this {
    return this;
  }

  close(): void {
    this.#end();
  }

  [Symbol.dispose](): void {
    this.#end();
  }
}
