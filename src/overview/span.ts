import { MINUTE_STEPS } from './axis.ts';
import { roundTo } from './history.ts';
import { percentileOf } from './percentile.ts';
import type { Ring, SpanCounts } from './ring.ts';
import type { Sampler } from './sampler.ts';

/** What happened in the last minute (or since the start), and how to tell it. */
export interface Span {
  readonly seconds: number;
  of(ring: Ring | undefined): SpanCounts;
  perSecond(amount: number): number;
  /** 0 where nothing was measured. */
  percentileMs(counts: ArrayLike<number>, share: number): number;
}

export function lastMinute({ axis, bounds }: Sampler): Span {
  const places = axis.places(MINUTE_STEPS);
  const seconds = axis.secondsOf(MINUTE_STEPS);
  return {
    seconds: roundTo(seconds, 10),
    of: (ring) => ring?.sum(places) ?? NOTHING,
    perSecond: (amount) => (seconds === 0 ? 0 : roundTo(amount / seconds, 1000)),
    percentileMs: (counts, share) => roundTo((percentileOf(counts, bounds, share) ?? 0) * 1000, 100),
  };
}

const NOTHING: SpanCounts = {
  requests: 0,
  clientErrors: 0,
  serverErrors: 0,
  whole: new Float64Array(0),
  gateway: new Float64Array(0),
};
