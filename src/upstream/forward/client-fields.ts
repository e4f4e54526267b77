import type { RequestContext } from '../../context.ts';
import { mountOf } from '../../lib/mount-path.ts';
import type { AnswerFields } from '../../sink.ts';
import type { Target } from '../target.ts';
import type { ForwardPlan } from './plan.ts';
import { rewriteServiceHeaders, speaksOfItself } from './redirects.ts';

/** A service's fields as a client of the gateway should see them: with the gateway's addresses for its own. */
export function clientFields(
  headers: AnswerFields,
  plan: Pick<ForwardPlan, 'turned' | 'servicePrefix'>,
  context: RequestContext,
  { origin, basePath }: Pick<Target, 'origin' | 'basePath'>,
): AnswerFields {
  if (plan.turned === undefined || !speaksOfItself(headers)) return headers;
  return rewriteServiceHeaders(headers, {
    ...plan.turned,
    origin,
    servicePrefix: basePath + plan.servicePrefix(context),
    publicPrefix: context.path.slice(0, context.prefixLength),
    mount: mountOf(context),
  });
}
