import type { Clock } from '../lib/clock.ts';

/** How often it is looked whether the two clocks have parted. */
const EVERY_MS = 10_000;
/** A clock that is set, and a machine that has slept, make more; that the wall clock tells whole milliseconds makes less. */
const APART_MS = 20;

/** Makes what is to be added to `performance.now()` for the milliseconds since 1970. */
export function createEpoch(clock: Clock): (nowMs: number) => number {
  let offsetMs = performance.timeOrigin;
  let lookAtMs = 0;
  return function offsetAt(nowMs) {
    if (nowMs >= lookAtMs) {
      lookAtMs = nowMs + EVERY_MS;
      const apartMs = clock.now() - (offsetMs + nowMs);
      if (Math.abs(apartMs) > APART_MS) offsetMs += apartMs;
    }
    return offsetMs;
  };
}
