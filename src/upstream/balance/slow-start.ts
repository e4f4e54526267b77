import type { Target } from '../target.ts';

export interface SlowStart {
  /** How long a target that came back takes to its full share; 0 for none. */
  readonly slowStartMs: number;
  /** `performance.now()`. */
  readonly now: () => number;
  /** 0..1. */
  readonly random: () => number;
}

/** A target that came back begins here. */
const FIRST_SHARE = 0.1;

/** 0.1..1: the share of its traffic that a target which came back lately may have. */
export function rampOf(target: Target, { slowStartMs, now }: SlowStart): number {
  // Most targets never left: no clock is read for them.
  if (target.recoveredAtMs === 0) return 1;
  const share = (now() - target.recoveredAtMs) / slowStartMs;
  if (share < 1) return Math.max(FIRST_SHARE, share);
  target.recoveredAtMs = 0;
  return 1;
}
