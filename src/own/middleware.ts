import type { IncomingMessage } from 'node:http';
import { cacheTermsOf } from '../cache-terms.ts';
import type { RequestContext } from '../context.ts';
import type { CallTerms } from './call-terms.ts';
import type { StageMiddleware } from './define-stage.ts';
import { runAsGateway } from './late-faults.ts';
import { type MiddlewareResponse, type ResponseMethods, withMethods } from './middleware-response.ts';
import { ownRequestOf } from './own-request.ts';
import { type Next, StageCall } from './stage-call.ts';

/** What k-fastify-gateway's middlewares tell its cache. */
interface CacheWords {
  readonly cacheDisabled?: unknown;
  readonly cacheKey?: unknown;
}

export interface MiddlewareTerms extends CallTerms {
  readonly middleware: StageMiddleware;
  /** Express' own methods of a response: `json`, `status` and the rest. */
  readonly methods: ResponseMethods;
}

/** What an explanation says of what it does not run. */
export const NOT_RUN = 'an own stage: not run in an explanation';

/** Runs a plain middleware as an own stage: the request goes on with its `next`, or is answered by its response. */
export function runMiddleware(terms: MiddlewareTerms, context: RequestContext, next: Next): void {
  if (context.dryRun) {
    context.trace?.push({ stage: terms.instance.terms.definition.name, decision: NOT_RUN });
    next();
    return;
  }
  const Response = withMethods(terms.methods);
  const call = new StageCall(terms, context, next);
  const response: MiddlewareResponse = new Response(context, terms.deadlines, call);
  ownRequestOf(context).listeners.push(response);
  const req = context.req as IncomingMessage & CacheWords;

  function goOn(error?: unknown): void {
    if (response.isClosed && !response.isAnswering) return;
    if (response.isAnswering || !response.letGo()) {
      call.twice('answered twice: next() came after the answer, or again');
      return;
    }
    const fault = faultOf(error, context);
    if (fault !== undefined) {
      call.fail(fault);
      return;
    }
    tellCache(req, context);
    response.tellHead();
    runAsGateway(() => call.finish());
  }

  call.await();
  call.runAside(() => terms.middleware(req, response, goOn));
}

/** What a middleware has handed on, or has taken from the service. */
function faultOf(error: unknown, { req, body }: RequestContext): unknown {
  if (req.readableDidRead && body === undefined)
    return new Error('it has read the body of the request, and the service would get none');
  // Express' words for "past the rest of this router".
  return error === null || error === 'route' || error === 'router' ? undefined : error;
}

function tellCache({ cacheDisabled, cacheKey }: CacheWords, context: RequestContext): void {
  if (cacheDisabled === true) cacheTermsOf(context).isDisabled = true;
  if (typeof cacheKey === 'string') cacheTermsOf(context).parts.push(cacheKey);
}
