import { isSampled } from '../lib/trace-context.ts';

/** One request that stands for those that a sample counts (OpenMetrics 1.0, "Exemplars"). */
export interface Exemplar {
  /** Whole, as the service was told; rendered as its two IDs. */
  traceparent: string;
  value: number;
  /** Epoch ms. */
  atMs: number;
}

/** Exemplars are kept for so long after a scraper has asked for the format that has them. */
const WANTED_MS = 5 * 60_000;

/** Says of which requests an exemplar is kept: of sampled ones, while somebody asks for exemplars. */
export class Exemplars {
  #untilMs = Number.NEGATIVE_INFINITY;

  /** Somebody has asked for them. */
  ask(nowMs: number): void {
    this.#untilMs = nowMs + WANTED_MS;
  }

  /** What stands for the request; undefined where nothing need be kept. Allocates nothing. */
  of(traceparent: string, nowMs: number): string | undefined {
    return nowMs < this.#untilMs && isSampled(traceparent) ? traceparent : undefined;
  }
}

/** In the place of another; the thing that is there already is used again. */
export function noteExemplar(known: Exemplar | undefined, traceparent: string, value: number, atMs: number): Exemplar {
  if (known === undefined) return { traceparent, value, atMs };
  known.traceparent = traceparent;
  known.value = value;
  known.atMs = atMs;
  return known;
}
