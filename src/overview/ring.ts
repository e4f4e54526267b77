import { KEPT_STEPS, MINUTE_STEPS } from './axis.ts';
import { percentileOf } from './percentile.ts';

/** What happened under one name in one step. The lists are read at once, and may be used again by whoever made them. */
export interface StepCounts {
  readonly requests: number;
  readonly clientErrors: number;
  readonly serverErrors: number;
  /** How long they took, by the buckets of the histogram; and the gateway's own share of it. */
  readonly whole: ArrayLike<number>;
  readonly gateway: ArrayLike<number>;
}

/** The same of a number of steps. */
export interface SpanCounts {
  readonly requests: number;
  readonly clientErrors: number;
  readonly serverErrors: number;
  readonly whole: Float64Array;
  readonly gateway: Float64Array;
}

/** What a chart shows of one step; milliseconds, NaN where nothing was measured. */
export interface ChartPoint {
  readonly requests: number;
  readonly clientErrors: number;
  readonly serverErrors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly gatewayP99Ms: number;
}

/**
 * What happened under one name in the last half hour, in steps; for the last minute with the buckets themselves, so that
 * its percentiles are those of all its requests. About 10 KB, whatever the traffic.
 */
export class Ring {
  readonly #bounds: readonly number[];
  readonly #requests = new Uint32Array(KEPT_STEPS);
  readonly #clientErrors = new Uint32Array(KEPT_STEPS);
  readonly #serverErrors = new Uint32Array(KEPT_STEPS);
  readonly #p50Ms = new Float32Array(KEPT_STEPS).fill(Number.NaN);
  readonly #p99Ms = new Float32Array(KEPT_STEPS).fill(Number.NaN);
  readonly #gatewayP99Ms = new Float32Array(KEPT_STEPS).fill(Number.NaN);
  readonly #whole: Uint32Array;
  readonly #gateway: Uint32Array;
  /** Steps in a row without a request. */
  idleSteps = 0;

  /** @param bounds of the histograms, in seconds. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#whole = new Uint32Array(MINUTE_STEPS * (bounds.length + 1));
    this.#gateway = new Uint32Array(MINUTE_STEPS * (bounds.length + 1));
  }

  /** Takes in what happened in the step at `place`, in the room of the one of half an hour ago. */
  write(place: number, counts: StepCounts): void {
    this.idleSteps = counts.requests > 0 ? 0 : this.idleSteps + 1;
    this.#requests[place] = counts.requests;
    this.#clientErrors[place] = counts.clientErrors;
    this.#serverErrors[place] = counts.serverErrors;
    this.#p50Ms[place] = this.#percentile(counts.whole, 0.5);
    this.#p99Ms[place] = this.#percentile(counts.whole, 0.99);
    this.#gatewayP99Ms[place] = this.#percentile(counts.gateway, 0.99);
    const from = this.#bucketsAt(place);
    for (let i = 0; i <= this.#bounds.length; i += 1) {
      this.#whole[from + i] = counts.whole[i] ?? 0;
      this.#gateway[from + i] = counts.gateway[i] ?? 0;
    }
  }

  at(place: number): ChartPoint {
    return {
      requests: this.#requests[place] as number,
      clientErrors: this.#clientErrors[place] as number,
      serverErrors: this.#serverErrors[place] as number,
      p50Ms: this.#p50Ms[place] as number,
      p99Ms: this.#p99Ms[place] as number,
      gatewayP99Ms: this.#gatewayP99Ms[place] as number,
    };
  }

  /** All that happened in these steps, none of them older than a minute. */
  sum(places: readonly number[]): SpanCounts {
    const size = this.#bounds.length + 1;
    const whole = new Float64Array(size);
    const gateway = new Float64Array(size);
    let requests = 0;
    let clientErrors = 0;
    let serverErrors = 0;
    for (const place of places) {
      requests += this.#requests[place] as number;
      clientErrors += this.#clientErrors[place] as number;
      serverErrors += this.#serverErrors[place] as number;
      const from = this.#bucketsAt(place);
      for (let i = 0; i < size; i += 1) {
        (whole[i] as number) += this.#whole[from + i] as number;
        (gateway[i] as number) += this.#gateway[from + i] as number;
      }
    }
    return { requests, clientErrors, serverErrors, whole, gateway };
  }

  #bucketsAt(place: number): number {
    return (place % MINUTE_STEPS) * (this.#bounds.length + 1);
  }

  #percentile(counts: ArrayLike<number>, share: number): number {
    return (percentileOf(counts, this.#bounds, share) ?? Number.NaN) * 1000;
  }
}
