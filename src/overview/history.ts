import { KEPT_STEPS, STEP_SECONDS } from './axis.ts';
import type { Ring } from './ring.ts';
import type { Sampler } from './sampler.ts';

/** What `GET /history` answers: one value a step, the oldest first. */
export interface History {
  readonly stepSeconds: number;
  /** Epoch seconds of each step's end. */
  readonly times: readonly number[];
  /** A second. */
  readonly requests: readonly number[];
  readonly clientErrors: readonly number[];
  readonly serverErrors: readonly number[];
  /** Milliseconds; null in a step without requests. */
  readonly p50Ms: readonly (number | null)[];
  readonly p99Ms: readonly (number | null)[];
  readonly gatewayP99Ms: readonly (number | null)[];
}

export const MAX_MINUTES = (KEPT_STEPS * STEP_SECONDS) / 60;

/** The last minutes of a ring; all zeros for a name that has had no traffic, and so has none. */
export function describeHistory({ axis }: Sampler, ring: Ring | undefined, minutes: number): History {
  const places = axis.places((minutes * 60) / STEP_SECONDS);
  const points = places.map((place) => ring?.at(place));
  const rates = (read: (point: NonNullable<(typeof points)[number]>) => number): number[] =>
    points.map((point, index) =>
      point === undefined ? 0 : roundTo(read(point) / axis.seconds(places[index] as number), 100),
    );
  const latencies = (read: (point: NonNullable<(typeof points)[number]>) => number): (number | null)[] =>
    points.map((point) => (point === undefined ? null : orNull(read(point))));
  return {
    stepSeconds: STEP_SECONDS,
    times: places.map((place) => Math.round(axis.atMs(place) / 1000)),
    requests: rates(({ requests }) => requests),
    clientErrors: rates(({ clientErrors }) => clientErrors),
    serverErrors: rates(({ serverErrors }) => serverErrors),
    p50Ms: latencies(({ p50Ms }) => p50Ms),
    p99Ms: latencies(({ p99Ms }) => p99Ms),
    gatewayP99Ms: latencies(({ gatewayP99Ms }) => gatewayP99Ms),
  };
}

export const roundTo = (value: number, part: number): number => Math.round(value * part) / part;

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : roundTo(value, 100));
