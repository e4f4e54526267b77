import type { RequestContext } from '../context.ts';
import type { Clock } from '../lib/clock.ts';
import { type Counter, createCounter } from './counters.ts';
import { type CallCounter, createDecision, createWindowState, type Decision, type WindowState } from './decision.ts';
import { holdNothing, once, type Reservation, type Wanted } from './reservation.ts';
import type { Window } from './window.ts';

const DEFAULT_MAX_COUNTERS = 100_000;
/** Counters looked at for each new one: two are enough to drop expired ones faster than new ones come. */
const SWEPT_PER_INSERT = 2;
/** Counters compared when there is no room: the one with the least to lose goes. */
const COMPARED_WHEN_FULL = 16;

/**
 * Counts calls in this process. Exact under any number of parallel calls, because a decision is made in one go.
 *
 * Bounded: at most `maxCounters` counters are remembered (about 400 bytes each). Expired counters are dropped as new
 * ones come. When it is still full, the one with the smallest share of its limit used goes, of the next sixteen in
 * turn: a flood of new callers pushes out other newcomers before anyone who is near a limit.
 */
export class MemoryCounter implements CallCounter {
  readonly #clock: Clock;
  readonly #maxCounters: number;
  readonly #counters = new Map<string, Entry>();
  #hand: MapIterator<[string, Entry]> | undefined;
  // The counters of the call being decided, and the limits that they have here; fields, so that a call allocates no list.
  readonly #found: Counter[] = [];
  readonly #limits: number[] = [];

  constructor(clock: Clock, maxCounters = DEFAULT_MAX_COUNTERS) {
    this.#clock = clock;
    this.#maxCounters = maxCounters;
  }

  /** Counters remembered now. */
  get size(): number {
    return this.#counters.size;
  }

  /**
   * Decides a call of this cost. A dry run is decided the same way and leaves no trace.
   * `share` is the part of each limit that this process may grant: 1, or less while others count beside it.
   * `known` tells how much of a limit is used elsewhere.
   */
  decide(
    windows: readonly Window[],
    context: RequestContext,
    cost: number,
    share = 1,
    known: UsedElsewhere | undefined = undefined,
  ): Decision {
    const nowMs = this.#clock.now();
    let refusing = -1;
    let longestMs = 0;
    for (let index = 0; index < windows.length; index++) {
      const window = windows[index] as Window;
      const counter = this.#counterOf(window, context, nowMs);
      this.#found[index] = counter;
      const limit = limitOf(window, context, cost, share, known);
      this.#limits[index] = limit;
      const waitMs = limit > 0 ? counter.waitMs(limit, cost, nowMs) : (known?.waitMs(window, context, cost) ?? 1);
      if (waitMs > longestMs) {
        longestMs = waitMs;
        refusing = index;
      }
    }
    if (refusing < 0) return this.#count(windows, cost, nowMs, context.dryRun);
    const window = windows[refusing] as Window;
    const limit = this.#limits[refusing] as number;
    const remaining = limit > 0 ? (this.#found[refusing] as Counter).remaining(limit, nowMs) : 0;
    return createDecision(false, window, remaining, longestMs);
  }

  /** Reserves what is wanted, or what is left where that is less: the look and the decision are one step here. */
  reserve(
    windows: readonly Window[],
    context: RequestContext,
    { least, most }: Wanted,
    share = 1,
    known: UsedElsewhere | undefined = undefined,
  ): Reservation {
    const nowMs = this.#clock.now();
    let left = most;
    for (const window of windows) {
      const limit = limitOf(window, context, least, share, known);
      left = limit > 0 ? Math.min(left, this.#counterOf(window, context, nowMs).remaining(limit, nowMs)) : 0;
    }
    const reserved = Math.max(least, left);
    const decision = this.decide(windows, context, reserved, share, known);
    if (!decision.allowed || context.dryRun) return holdNothing(decision);
    const held = this.#found.slice(0, windows.length).map((counter) => ({ counter, mark: counter.mark }));
    const settle = once((used) => {
      for (const { counter, mark } of held) counter.correct(mark, used - reserved, this.#clock.now());
    });
    return { decision, reserved, settle };
  }

  peek(
    windows: readonly Window[],
    context: RequestContext,
    share = 1,
    known: UsedElsewhere | undefined = undefined,
  ): WindowState[] {
    const nowMs = this.#clock.now();
    return windows.map((window) => {
      const found = this.#counters.get(window.id + window.subject(context))?.counter;
      const counter = found ?? createCounter(window, nowMs);
      const limit = limitOf(window, context, 1, share, known);
      const remaining = limit > 0 ? counter.remaining(limit, nowMs) : 0;
      return createWindowState(window, remaining, found === undefined ? 0 : counter.resetMs(nowMs), nowMs);
    });
  }

  forget(window: Window, subject: string): void {
    this.#counters.delete(window.id + subject);
  }

  #count(windows: readonly Window[], cost: number, nowMs: number, dryRun: boolean): Decision {
    let tightest = windows[0] as Window;
    let least = Number.POSITIVE_INFINITY;
    let resetMs = 0;
    for (let index = 0; index < windows.length; index++) {
      const window = windows[index] as Window;
      const counter = this.#found[index] as Counter;
      if (!dryRun) counter.add(cost, nowMs);
      const left = counter.remaining(this.#limits[index] as number, nowMs);
      const remaining = dryRun ? left - cost : left;
      if (remaining > least) continue;
      const windowResetMs = counter.resetMs(nowMs);
      if (remaining === least && windowResetMs <= resetMs) continue;
      least = remaining;
      tightest = window;
      resetMs = windowResetMs;
    }
    return createDecision(true, tightest, least, resetMs);
  }

  #counterOf(window: Window, context: RequestContext, nowMs: number): Counter {
    const key = window.id + window.subject(context);
    const entry = this.#counters.get(key);
    if (entry !== undefined) {
      entry.limit = window.limit;
      return entry.counter;
    }
    const counter = createCounter(window, nowMs);
    if (context.dryRun) return counter;
    this.#makeRoom(nowMs);
    this.#counters.set(key, { counter, limit: window.limit });
    return counter;
  }

  #makeRoom(nowMs: number): void {
    for (let swept = 0; swept < SWEPT_PER_INSERT; swept++) {
      const next = this.#next();
      if (next === undefined) return;
      if (next[1].counter.expiresAtMs <= nowMs) this.#counters.delete(next[0]);
    }
    if (this.#counters.size >= this.#maxCounters) this.#evict(nowMs);
  }

  #evict(nowMs: number): void {
    let victim = '';
    let most = -1;
    for (let compared = 0; compared < COMPARED_WHEN_FULL; compared++) {
      const next = this.#next();
      if (next === undefined) break;
      const [key, { counter, limit }] = next;
      const left = counter.expiresAtMs <= nowMs ? 1 : counter.remaining(limit, nowMs) / limit;
      if (left <= most) continue;
      most = left;
      victim = key;
    }
    this.#counters.delete(victim);
  }

  /** The next counter in turn, from the start again after the last. */
  #next(): [string, Entry] | undefined {
    let step = this.#hand?.next();
    if (step === undefined || step.done === true) {
      this.#hand = this.#counters.entries();
      step = this.#hand.next();
    }
    return step.done === true ? undefined : step.value;
  }
}

interface Entry {
  readonly counter: Counter;
  /** Limit of the window that was counted last. */
  limit: number;
}

/** What is known of limits that others count, too. */
export interface UsedElsewhere {
  /** The limit that this process may grant by itself; 0 when nothing of it is left. */
  limitOf(window: Window, context: RequestContext, cost: number, share: number): number;
  /** Milliseconds until a window of which nothing is left may have something again. */
  waitMs(window: Window, context: RequestContext, cost: number): number;
}

/** A share of a limit is never less than one call of any cost: someone must get through. */
function limitOf(
  window: Window,
  context: RequestContext,
  cost: number,
  share: number,
  known: UsedElsewhere | undefined,
): number {
  if (known !== undefined) return known.limitOf(window, context, cost, share);
  return share === 1 ? window.limit : Math.max(cost, Math.floor(window.limit * share));
}
