import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { type CostOption, MAX_COST } from './schema.ts';

/** What a call of a route costs: a whole number, 1 to 1,000,000. What is no number refuses: `expression_failed` (500). */
export function createCost(option: CostOption): (context: RequestContext) => number {
  if (typeof option === 'number') return () => option;
  return (context) => {
    const rendered = option.renderValue(context);
    const value = typeof rendered === 'string' && rendered.trim() === '' ? Number.NaN : Number(rendered);
    if (!Number.isNaN(value)) return Math.min(MAX_COST, Math.max(1, Math.ceil(value)));
    throw new GatewayError('expression_failed', undefined, { cause: new Error(`${option.text}: it is no number`) });
  };
}
