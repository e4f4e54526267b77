import type { TallyCounter } from '../metrics/tally-counter.ts';
import type { LimitReport, TokenReport } from './report.ts';
import { type Sampler, tokenWord } from './sampler.ts';
import type { Span } from './span.ts';

interface Totals {
  readonly route: string;
  readonly model: string;
  inTotal: number;
  outTotal: number;
}

/** What language models have used, by route and model, with the limits that count tokens there. */
export function describeTokens(
  modelTokens: TallyCounter,
  sampler: Sampler,
  span: Span,
  limits: readonly LimitReport[],
): readonly TokenReport[] {
  const totals = new Map<string, Totals>();
  for (const name of modelTokens.firsts()) {
    modelTokens.each(name, ({ route = '', direction, model = '' }, { value }) => {
      const key = JSON.stringify([route, model]);
      const total = totals.get(key) ?? { route, model, inTotal: 0, outTotal: 0 };
      totals.set(key, total);
      if (direction === 'in') total.inTotal += value;
      else total.outTotal += value;
    });
  }
  const perMinute = (route: string, direction: string, model: string): number =>
    Math.round(span.perSecond(sampler.tokens.of(route).get(tokenWord(direction, model)) ?? 0) * 60);
  return [...totals.values()].map(({ route, model, inTotal, outTotal }) => ({
    route,
    model,
    inPerMinute: perMinute(route, 'in', model),
    outPerMinute: perMinute(route, 'out', model),
    inTotal,
    outTotal,
    budgets: limits
      .filter(({ unit, scope }) => unit === 'tokens' && (scope === `route ${route}` || !scope.startsWith('route ')))
      .map(({ limit, window, scope }) => ({ limit, window, scope })),
  }));
}
