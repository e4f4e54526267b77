import type { TallyHistogram } from '../metrics/tally-histogram.ts';
import type { Metrics } from '../metrics.ts';
import { Axis } from './axis.ts';
import { Differences } from './differences.ts';
import { MinuteCounts } from './minute-counts.ts';
import { Ring } from './ring.ts';
import { Rings, StepSum } from './rings.ts';

/** Rings are 10 KB each: 10 MB for routes, and 5 MB for services, at the most. */
const MAX_ROUTES = 1000;
const MAX_SERVICES = 500;

/** Outcomes of attempts that say nothing of the service. */
const NOT_FAILED = new Set(['ok', 'aborted-by-client', 'upload-refused']);

type Sums = Map<string, StepSum>;

/**
 * Reads the tallies of the metrics from time to time and keeps what was added to them: the whole gateway, each route and
 * each service that has traffic. Requests pay nothing for it.
 */
export class Sampler {
  readonly axis: Axis;
  readonly bounds: readonly number[];
  readonly whole: Ring;
  readonly routes: Rings;
  readonly services: Rings;
  /** Of the last minute: by route and code; by route and decision; by route and result; by service and outcome. */
  readonly refusals = new MinuteCounts();
  readonly decisions = new MinuteCounts();
  readonly lookups = new MinuteCounts();
  readonly outcomes = new MinuteCounts();
  /** By route, and by JSON of direction and model. */
  readonly tokens = new MinuteCounts();
  readonly #metrics: Metrics;
  readonly #differences = new Differences();

  constructor(metrics: Metrics, nowMs: number) {
    this.#metrics = metrics;
    this.axis = new Axis(nowMs);
    this.bounds = metrics.requestDuration.bounds;
    this.whole = new Ring(this.bounds);
    this.routes = new Rings(this.bounds, MAX_ROUTES);
    this.services = new Rings(this.bounds, MAX_SERVICES);
  }

  /** Ends a step now. */
  sample(nowMs: number): void {
    this.axis.step(nowMs);
    const { place } = this.axis;
    this.#sampleRoutes(place);
    this.#sampleServices(place);
    this.#sampleWords();
  }

  #sampleRoutes(place: number): void {
    const { requests, requestDuration, gatewayDuration } = this.#metrics;
    const sums: Sums = new Map();
    const whole = new StepSum();
    requests.each((labels, count) => {
      const added = this.#differences.ofCount(count);
      if (added === 0) return;
      for (const sum of [sumOf(sums, labels['route']), whole]) addStatus(sum, Number(labels['status']), added);
    });
    const known = this.#sampleDurations(requestDuration, sums, whole, 'whole');
    this.#sampleDurations(gatewayDuration, sums, whole, 'gateway');
    this.whole.write(place, whole);
    this.routes.write(place, sums, (name) => known.has(name));
  }

  /** `requests` of a service are attempts, those that were repeated among them; its errors are attempts that failed. */
  #sampleServices(place: number): void {
    const { attempts, upstreamDuration } = this.#metrics;
    const sums: Sums = new Map();
    const known = new Set<string>();
    attempts.each(({ service = '', outcome = '' }, count) => {
      known.add(service);
      const added = this.#differences.ofCount(count);
      if (added === 0) return;
      const sum = sumOf(sums, service);
      sum.requests += added;
      if (!NOT_FAILED.has(outcome)) sum.serverErrors += added;
      this.outcomes.add(service, outcome, added);
    });
    this.#sampleDurations(upstreamDuration, sums, undefined, 'whole');
    this.services.write(place, sums, (name) => known.has(name));
    this.outcomes.step();
  }

  #sampleDurations(
    histogram: TallyHistogram,
    sums: Sums,
    total: StepSum | undefined,
    which: 'whole' | 'gateway',
  ): ReadonlySet<string> {
    const known = new Set<string>();
    const all = new Float64Array(this.bounds.length + 1);
    histogram.each((name, tally) => {
      known.add(name);
      const added = this.#differences.ofTally(tally);
      if (added === undefined) return;
      sumOf(sums, name)[which] = added;
      for (const [bucket, count] of added.entries()) (all[bucket] as number) += count;
    });
    if (total !== undefined) total[which] = all;
    return known;
  }

  #sampleWords(): void {
    const { refusals, limiterDecisions, cacheLookups, modelTokens } = this.#metrics;
    const differences = this.#differences;
    refusals.each(({ route = '', code = '' }, count) => this.refusals.add(route, code, differences.ofCount(count)));
    limiterDecisions.each(({ route = '', decision = '' }, count) =>
      this.decisions.add(route, decision, differences.ofCount(count)),
    );
    cacheLookups.each(({ route = '', result = '' }, count) =>
      this.lookups.add(route, result, differences.ofCount(count)),
    );
    modelTokens.each(({ route = '', direction = '', model = '' }, count) =>
      this.tokens.add(route, tokenWord(direction, model), differences.ofCount(count)),
    );
    for (const counts of [this.refusals, this.decisions, this.lookups, this.tokens]) counts.step();
  }
}

/** Under what tokens of a direction and a model are counted in `Sampler.tokens`. */
export function tokenWord(direction: string, model: string): string {
  return JSON.stringify([direction, model]);
}

function sumOf(sums: Sums, name = ''): StepSum {
  let sum = sums.get(name);
  if (sum === undefined) {
    sum = new StepSum();
    sums.set(name, sum);
  }
  return sum;
}

function addStatus(sum: StepSum, status: number, amount: number): void {
  sum.requests += amount;
  if (status >= 500) sum.serverErrors += amount;
  else if (status >= 400) sum.clientErrors += amount;
}
