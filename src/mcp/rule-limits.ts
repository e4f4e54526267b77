import { contextOf, type RequestContext } from '../context.ts';
import type { ChargeHandler, ChargeShared } from '../limits/charge-rest.ts';
import { createLimiter } from '../limits/limiter.ts';
import { RouteWindows } from '../limits/route-windows.ts';
import { createSettle } from '../limits/settle.ts';
import type { RouteInfo, StageDeps } from '../stage.ts';
import type { McpCall } from './calls.ts';
import { callsOf } from './known-calls.ts';
import type { McpRule, McpRules } from './rules.ts';

/**
 * Counts calls in the windows of the rules that are for them, one rule after another: 429 `rate_limited`. Undefined where
 * no rule has any.
 */
export function createRuleLimits(
  rules: McpRules,
  onStoreError: 'local' | 'allow' | 'deny',
  route: RouteInfo,
  deps: StageDeps,
  { limits, bans }: ChargeShared,
): ChargeHandler | undefined {
  const usage = limits.usageOf(route.name);
  const isShadowed = route.isShadowed === true;
  // The call itself was counted by the limits of the route.
  const told = { stage: 'mcpLimit', onStoreError, usage, bans, isShadowed, isRest: true, cost: 0 } as const;
  const settle = createSettle(told, route, deps);

  const limiterOf = (rule: McpRule) => {
    const windows = new RouteWindows({}, rule.rateLimits, `${route.name} ${rule.kind} ${rule.name}`, deps.hidden.hide);
    return createLimiter((context) => {
      const list = windows.of(context);
      const count = countOf(rules, callsOf(context) ?? [], rule);
      const decided = limits.decide(list.windows, context, count, onStoreError === 'local');
      return decided instanceof Promise
        ? decided.then((decision) => settle(context, decision, list))
        : settle(context, decided, list);
    });
  };
  const limiters = rules.all
    .filter(({ rateLimits }) => rateLimits.length > 0)
    .map((rule) => ({ rule, limiter: limiterOf(rule) }));
  if (limiters.length === 0) return undefined;

  return (req, res, next) => {
    const wanted = rulesOf(rules, contextOf(req));
    const pending = limiters.filter(({ rule }) => wanted.has(rule));
    const step = (error?: unknown): void => {
      const one = error === undefined ? pending.shift() : undefined;
      if (one === undefined) next(error);
      else void one.limiter(req, res, step);
    };
    step();
  };
}

function rulesOf(rules: McpRules, context: RequestContext): ReadonlySet<McpRule> {
  const calls = callsOf(context) ?? [];
  return new Set(calls.flatMap((call) => rules.asksOf(call).flatMap((asked) => rules.find(asked) ?? [])));
}

/** How many of these calls a rule is for. */
function countOf(rules: McpRules, calls: readonly McpCall[], rule: McpRule): number {
  return calls.filter((call) => rules.asksOf(call).some((asked) => rules.find(asked) === rule)).length;
}
