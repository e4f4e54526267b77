/** Wall-clock time in epoch milliseconds; injected, so that a test can move it. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: Date.now };
