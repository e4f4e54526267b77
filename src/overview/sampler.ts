import type { Steps } from '../lib/steps.ts';
import type { TallyCounter } from '../metrics/tally-counter.ts';
import type { Metrics } from '../metrics.ts';
import { Axis } from './axis.ts';
import { Differences } from './differences.ts';
import { MinuteCounts } from './minute-counts.ts';
import { Ring } from './ring.ts';
import { Rings } from './rings.ts';
import { StepSum } from './step-sum.ts';

/** A ring is 12 KB: 12 MB for routes, and 6 MB for services, at the most. */
const MAX_ROUTES = 1000;
const MAX_SERVICES = 500;

/** Outcomes of attempts that say nothing of the service. */
const NOT_FAILED = new Set(['ok', 'aborted-by-client', 'upload-refused']);

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
  /** By route, and by `tokenWord` of direction and model. */
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

  /** Ends a step; requests are served between routes, each of which is read at one moment. */
  *sample(nowMs: number): Steps<void> {
    yield* this.#sampleRoutes();
    yield* this.#sampleServices();
    for (const counts of [this.refusals, this.decisions, this.lookups, this.outcomes, this.tokens]) counts.step();
    this.axis.step(nowMs);
  }

  *#sampleRoutes(): Steps<void> {
    const { next } = this.axis;
    const whole = new StepSum(this.bounds.length + 1);
    const known = new Set<string>();
    for (const route of this.#metrics.requestDuration.firsts()) {
      yield;
      known.add(route);
      const sum = this.#readRoute(route);
      whole.add(sum);
      this.routes.write(route, next, sum);
    }
    this.routes.retain(known);
    this.whole.write(next, whole);
  }

  #readRoute(route: string): StepSum {
    const { requests, requestDuration, gatewayDuration } = this.#metrics;
    const { refusals, limiterDecisions, cacheLookups, modelTokens } = this.#metrics;
    const sum = new StepSum(this.bounds.length + 1);
    requests.each(route, ({ status = '' }, count) => sum.count(classOf(status), this.#differences.ofCount(count)));
    this.#differences.ofTally(requestDuration.find(route), sum.whole);
    this.#differences.ofTally(gatewayDuration.find(route), sum.gateway);
    this.#readWords(refusals, route, this.refusals, ({ code }) => code);
    this.#readWords(limiterDecisions, route, this.decisions, ({ decision }) => decision);
    this.#readWords(cacheLookups, route, this.lookups, ({ result }) => result);
    this.#readWords(modelTokens, route, this.tokens, ({ direction, model }) => tokenWord(direction, model));
    return sum;
  }

  /** `requests` of a service are attempts, those that were repeated among them; its errors are attempts that failed. */
  *#sampleServices(): Steps<void> {
    const { attempts, upstreamDuration } = this.#metrics;
    const { next } = this.axis;
    const known = new Set<string>();
    for (const service of attempts.firsts()) {
      yield;
      known.add(service);
      const sum = new StepSum(this.bounds.length + 1);
      attempts.each(service, ({ outcome = '' }, count) => {
        const added = this.#differences.ofCount(count);
        sum.count(NOT_FAILED.has(outcome) ? 2 : FAILED, added);
        this.outcomes.add(service, outcome, added);
      });
      this.#differences.ofTally(upstreamDuration.find(service), sum.whole);
      this.services.write(service, next, sum);
    }
    this.services.retain(known);
  }

  #readWords(
    counter: TallyCounter,
    route: string,
    counts: MinuteCounts,
    wordOf: (labels: Readonly<Record<string, string>>) => string | undefined,
  ): void {
    counter.each(route, (labels, count) => {
      const added = this.#differences.ofCount(count);
      if (added !== 0) counts.add(route, wordOf(labels) ?? '', added);
    });
  }
}

/** An attempt that failed is one of a 5xx, whatever became of it. */
const FAILED = 5;

/** The first digit of a status: 4 of 404, and of 4xx. */
const classOf = (status: string): number => Number(status[0] ?? 0);

/** Under what tokens of a direction and a model are counted in `Sampler.tokens`. */
export function tokenWord(direction = '', model = ''): string {
  return JSON.stringify([direction, model]);
}
