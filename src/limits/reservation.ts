import type { Decision } from './decision.ts';

/** How much a call may use: no less than `least`, or it is refused, and no more than `most`. */
export interface Wanted {
  readonly least: number;
  readonly most: number;
}

/** What is held of all windows of a call whose cost its answer tells. */
export interface Reservation {
  readonly decision: Decision;
  /** 0 where the call was refused, or is only tried out. */
  readonly reserved: number;
  /**
   * Counts what was used, in the place of what is held, and in the part of each window in which that was reserved. 0
   * gives all of it back. Heard once.
   */
  settle(used: number): void;
}

/** A refusal holds nothing, and so does what is only tried out. */
export function holdNothing(decision: Decision): Reservation {
  return { decision, reserved: 0, settle: () => {} };
}

export function once(act: (used: number) => void): (used: number) => void {
  let isDone = false;
  return (used) => {
    if (isDone) return;
    isDone = true;
    act(used);
  };
}
