import type { FileConfig, RouteConfig } from '../config/routes.ts';
import type { RateLimitOptions } from '../limits/schema.ts';
import { renderDuration } from '../limits/window.ts';
import type { CompiledRoute } from '../snapshot.ts';
import type { LimitReport } from './report.ts';

/** Every limit of the file, in the words of the file: the gateway's, those of plans, those of routes. */
export function describeLimits(config: FileConfig, routes: readonly CompiledRoute[]): readonly LimitReport[] {
  return [
    ...(config.rateLimits ?? []).map((limit) => describeLimit('gateway', limit)),
    ...Object.entries(config.plans ?? {}).flatMap(([name, plan]) => describePlan(name, plan)),
    ...routes.flatMap(({ name, config: { rateLimits = [] } }: { name: string; config: RouteConfig }) =>
      rateLimits.map((limit) => describeLimit(`route ${name}`, limit)),
    ),
  ];
}

type PlanOptions = NonNullable<FileConfig['plans']>[string];

function describePlan(name: string, { rateLimits = [], quota }: PlanOptions): LimitReport[] {
  const scope = `plan ${name}`;
  const limits = rateLimits.map((limit) => describeLimit(scope, limit));
  if (quota === undefined) return limits;
  return [...limits, { scope, limit: quota.limit, window: quota.period, by: 'consumer', unit: quota.cost ?? 'calls' }];
}

function describeLimit(scope: string, { limit, window, by, cost }: RateLimitOptions): LimitReport {
  return {
    scope,
    limit,
    window: renderDuration(window),
    by: typeof by === 'string' ? by : by.text,
    unit: cost ?? 'calls',
  };
}
