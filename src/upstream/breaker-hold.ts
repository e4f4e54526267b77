import type { Kind } from '../pool.ts';
import type { Breaker, BreakerState, OwnBreaker } from './breaker.ts';

/** Whether an operator holds the circuits of one name open; it outlives edits of their options. */
export class BreakerHold {
  /** By the clock of `performance.now()`; undefined while nobody holds them. */
  sinceMs: number | undefined;

  get isOn(): boolean {
    return this.sinceMs !== undefined;
  }
}

/** By name of the breakers, for as long as there is one. */
export const breakerHoldKind: Kind<BreakerHold> = { name: 'breaker hold', close() {} };

/**
 * A breaker that an operator may hold open: what it would be by itself goes on beneath, and is found again when it is
 * given back. `onChange` hears of each change of what callers meet.
 */
export function holdable(
  create: (onChange: () => void) => OwnBreaker,
  hold: BreakerHold,
  onChange: (state: BreakerState) => void,
): Breaker {
  const own = create(tell);
  const { name } = own;
  let told = stateNow();
  let changedAtMs = performance.now();

  function stateNow(): BreakerState {
    return hold.isOn ? 'open' : own.state;
  }

  function tell(): void {
    const state = stateNow();
    if (state === told) return;
    told = state;
    changedAtMs = performance.now();
    onChange(state);
  }

  return {
    name,
    get state() {
      return stateNow();
    },
    get changedAtMs() {
      return hold.sinceMs ?? changedAtMs;
    },
    get isForced() {
      return hold.isOn;
    },
    get counts() {
      return own.counts;
    },
    get opened() {
      return own.opened;
    },
    get retryAfterSeconds() {
      return hold.isOn ? own.openForSeconds : own.retryAfterSeconds;
    },
    get isAllowing() {
      return !hold.isOn && own.isAllowing;
    },
    begin: () => (hold.isOn ? undefined : own.begin()),
    force(order) {
      hold.sinceMs = order === 'open' ? (hold.sinceMs ?? performance.now()) : undefined;
      if (order === 'closed') own.closeNow();
      tell();
    },
    close: own.close,
  };
}
