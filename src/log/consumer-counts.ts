import type { Kind } from '../pool.ts';

/** Steps that are looked back on: ten minutes of 5 s each. */
export const CONSUMER_STEPS = 120;
/** So many consumers are kept from one step to the next: the busiest of the ten minutes. */
const KEPT = 500;
/** So many may come up within one step; more are not counted in it. */
const MAX_IN_A_STEP = 1000;
/** Routes that are told apart of one consumer. */
const ROUTES = 4;

/** What came of a request: the gateway refused it, or it failed for the sake of a service or of the gateway. */
export type ConsumerEnd = 'answered' | 'refused' | 'failed';

interface ConsumerSum {
  readonly requests: number;
  readonly refused: number;
  readonly failed: number;
}

/** What one consumer has asked for. About 1.5 KB. */
export class ConsumerCount {
  readonly name: string;
  plan: string | undefined;
  #requests = 0;
  #refused = 0;
  #failed = 0;
  readonly #requestsOf = new Uint32Array(CONSUMER_STEPS);
  readonly #refusedOf = new Uint32Array(CONSUMER_STEPS);
  readonly #failedOf = new Uint32Array(CONSUMER_STEPS);
  // Misra and Gries: whatever takes more than a fifth of the requests is among them.
  readonly #routes: string[] = [];
  readonly #shares: number[] = [];

  constructor(name: string) {
    this.name = name;
  }

  add(route: string, end: ConsumerEnd): void {
    this.#requests += 1;
    if (end === 'refused') this.#refused += 1;
    else if (end === 'failed') this.#failed += 1;
    const place = this.#routes.indexOf(route);
    if (place !== -1) {
      (this.#shares[place] as number) += 1;
    } else if (this.#routes.length < ROUTES) {
      this.#routes.push(route);
      this.#shares.push(1);
    } else this.#giveWay(route);
  }

  step(place: number): void {
    this.#requestsOf[place] = this.#requests;
    this.#refusedOf[place] = this.#refused;
    this.#failedOf[place] = this.#failed;
    this.#requests = 0;
    this.#refused = 0;
    this.#failed = 0;
  }

  /** Requests and refusals of the last steps; `last` is the place of the one that ended last. */
  sum(last: number, steps: number): ConsumerSum {
    let requests = 0;
    let refused = 0;
    let failed = 0;
    for (let back = 0; back < steps; back += 1) {
      const place = (last - back + CONSUMER_STEPS) % CONSUMER_STEPS;
      requests += this.#requestsOf[place] as number;
      refused += this.#refusedOf[place] as number;
      failed += this.#failedOf[place] as number;
    }
    return { requests, refused, failed };
  }

  /** The route that it asks for most, as far as that can be told. */
  get topRoute(): string | undefined {
    return this.#routes[this.#shares.indexOf(Math.max(...this.#shares))];
  }

  #giveWay(route: string): void {
    for (let i = 0; i < ROUTES; i += 1) (this.#shares[i] as number) -= 1;
    const gone = this.#shares.findIndex((share) => share <= 0);
    if (gone === -1) return;
    this.#routes[gone] = route;
    this.#shares[gone] = 1;
  }
}

/**
 * How much each consumer asks for: a look-up and a few additions a request. Bounded; it outlives reloads. What the steps
 * are is for whoever calls `step`.
 */
export class ConsumerCounts {
  readonly #counts = new Map<string, ConsumerCount>();
  #place = 0;

  count(name: string, plan: string | undefined, route: string, end: ConsumerEnd): void {
    const one = this.#countOf(name);
    if (one === undefined) return;
    one.plan = plan;
    one.add(route, end);
  }

  /** It was refused before anything but its name was known. */
  countRefusal(name: string, route: string): void {
    this.#countOf(name)?.add(route, 'refused');
  }

  #countOf(name: string): ConsumerCount | undefined {
    const known = this.#counts.get(name);
    if (known !== undefined) return known;
    if (this.#counts.size >= MAX_IN_A_STEP) return undefined;
    const one = new ConsumerCount(name);
    this.#counts.set(name, one);
    return one;
  }

  /** A step ends. Who has asked for nothing in all of them is forgotten, and the least busy where there are too many. */
  step(): void {
    this.#place = (this.#place + 1) % CONSUMER_STEPS;
    for (const one of this.#counts.values()) one.step(this.#place);
    const ranked = this.busiest(CONSUMER_STEPS);
    for (const { count, requests } of ranked.slice(0, KEPT)) if (requests === 0) this.#counts.delete(count.name);
    for (const { count } of ranked.slice(KEPT)) this.#counts.delete(count.name);
  }

  /** All of them, the busiest of the last steps first. */
  busiest(steps: number): readonly ({ readonly count: ConsumerCount } & ConsumerSum)[] {
    return [...this.#counts.values()]
      .map((count) => ({ count, ...count.sum(this.#place, steps) }))
      .sort((a, b) => b.requests - a.requests);
  }

  /** Of one consumer in the last steps. */
  sum(count: ConsumerCount, steps: number): ConsumerSum {
    return count.sum(this.#place, steps);
  }
}

/** One for the process. */
export const consumerCountsKind: Kind<ConsumerCounts> = { name: 'consumer counts', close: () => undefined };
