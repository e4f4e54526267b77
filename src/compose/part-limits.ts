import type { RequestContext } from '../context.ts';
import type { GatewayError } from '../errors.ts';
import { isLimitField } from './part-fault.ts';

/**
 * Tells the client of the limits that refused it: those of the part, in the place of those of the whole. `partFields`
 * are the part's own, names and values by turns.
 */
export function takeLimitFields(context: RequestContext, error: GatewayError, partFields: readonly string[]): void {
  const { passedOn } = error.extras ?? {};
  const told = passedOn === undefined ? pairsOf(partFields) : Object.keys(passedOn.fields).map((name) => [name, '']);
  const hasLimits = told.some(([name = '']) => isLimitField(name.toLowerCase()));
  if (!hasLimits || (error.code === 'part_failed' && passedOn === undefined)) return;
  const others = pairsOf(context.extraHeaders ?? []).filter(([name = '']) => !isLimitField(name.toLowerCase()));
  const own = passedOn === undefined ? told.filter(([name = '']) => isLimitField(name.toLowerCase())) : [];
  context.extraHeaders = [...others, ...own].flat();
}

function pairsOf(flat: readonly string[]): string[][] {
  return Array.from({ length: flat.length / 2 }, (_, at) => flat.slice(2 * at, 2 * at + 2));
}
