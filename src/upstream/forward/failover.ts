import { z } from 'zod';
import type { RequestContext } from '../../context.ts';
import type { Metrics } from '../../metrics.ts';
import type { AnswerFields } from '../../sink.ts';
import type { FarSide } from '../far-side.ts';
import type { Rests } from '../rests.ts';
import { failoverTo } from '../service-options.ts';
import { claim } from './claim.ts';
import type { Claim, Failover, ForwardPlan } from './plan.ts';
import { retryAfterMs, withRetryAfter } from './retry-after.ts';

/** The key `failover`. */
const failoverOption = z
  .strictObject({
    on: z
      .array(z.union([z.literal(429), z.literal(503), z.literal(529)], { error: 'expected 429, 503 or 529' }))
      .min(1)
      .default([429])
      .describe('The statuses with which a service says that it has done nothing. Default [429].'),
    to: failoverTo,
  })
  .describe(
    'Asks another service, by any method, where one has answered 429; one that says how long (Retry-After) is left alone for that long.',
  );

/** The same as a key of a route: for whoever reads it beside its owner. */
export const failoverKey = failoverOption.optional();

export type FailoverOptions = z.output<typeof failoverOption>;

export interface FailoverDeps {
  readonly rests: Rests;
  readonly metrics: Pick<Metrics, 'failovers'>;
  readonly route: string;
}

/** The plan of a route with others behind it, for when its service says that it can't now. */
export function withFailover(
  base: Omit<ForwardPlan, 'failover'>,
  { on }: FailoverOptions,
  others: readonly FarSide[],
  deps: FailoverDeps,
): ForwardPlan {
  const failover = new Line(new Set(on), deps);
  const first: ForwardPlan = { ...base, failover };
  failover.plans = [
    first,
    ...others.map(({ service, breaker, credential }) => ({ ...base, service, breaker, credential, failover })),
  ];
  return first;
}

/** The services of one route in the order in which they are asked. */
class Line implements Failover {
  plans: readonly ForwardPlan[] = [];
  readonly #statuses: ReadonlySet<number>;
  readonly #deps: FailoverDeps;

  constructor(statuses: ReadonlySet<number>, deps: FailoverDeps) {
    this.#statuses = statuses;
    this.#deps = deps;
  }

  first(context: RequestContext): Claim | undefined {
    return this.#claimFrom(0, context);
  }

  get awake(): ForwardPlan | undefined {
    return this.plans.find((plan) => this.#restOf(plan) === 0);
  }

  get shortestRestMs(): number {
    const rests = this.plans.map((plan) => this.#restOf(plan)).filter((ms) => ms > 0);
    return rests.length === 0 ? 0 : Math.min(...rests);
  }

  next(plan: ForwardPlan, status: number, headers: AnswerFields, context: RequestContext): Claim | undefined {
    if (!this.#statuses.has(status)) return undefined;
    const { rests, metrics, route } = this.#deps;
    const asked = retryAfterMs(headers);
    if (asked > 0) rests.begin(plan.service.name, asked);
    const other = this.#claimFrom(this.plans.indexOf(plan) + 1, context);
    if (other !== undefined) {
      metrics.failovers.labels(route, plan.service.name, other.plan.service.name, String(status)).inc();
    }
    return other;
  }

  told(status: number, headers: AnswerFields): AnswerFields {
    const waitMs = this.#statuses.has(status) ? this.shortestRestMs : 0;
    return waitMs === 0 || waitMs >= retryAfterMs(headers) ? headers : withRetryAfter(headers, waitMs);
  }

  #claimFrom(start: number, context: RequestContext): Claim | undefined {
    for (const plan of this.plans.slice(start)) {
      const claimed = this.#restOf(plan) > 0 ? undefined : claim(plan, context);
      if (claimed !== undefined) return claimed;
    }
    return undefined;
  }

  #restOf({ service }: ForwardPlan): number {
    return this.#deps.rests.leftMs(service.name);
  }
}
