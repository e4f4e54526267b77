import type { RequestContext } from '../../context.ts';
import type { AnswerFields } from '../../sink.ts';
import type { ServiceTarget } from '../service.ts';
import type { ForwardPlan } from './plan.ts';
import { rewriteServiceHeaders, speaksOfItself } from './redirects.ts';

/** A service's fields as a client of the gateway should see them: with the gateway's addresses for its own. */
export function clientFields(
  headers: AnswerFields,
  plan: Pick<ForwardPlan, 'rewriteRedirects' | 'servicePrefix'>,
  context: RequestContext,
  { origin, basePath }: Pick<ServiceTarget, 'origin' | 'basePath'>,
): AnswerFields {
  if (!plan.rewriteRedirects || !speaksOfItself(headers)) return headers;
  return rewriteServiceHeaders(headers, {
    origin,
    servicePrefix: basePath + plan.servicePrefix(context),
    publicPrefix: context.path.slice(0, context.prefixLength),
  });
}
