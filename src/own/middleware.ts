import type { IncomingMessage } from 'node:http';
import type { RequestContext } from '../context.ts';
import type { GatewayError } from '../errors.ts';
import { tellCache } from './cache-words.ts';
import type { CallTerms } from './call-terms.ts';
import { refusalOf } from './decision.ts';
import type { StageMiddleware } from './define-stage.ts';
import { HookedHead } from './hooked-head.ts';
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
    try {
      tellCache(context, req.cacheKey, req.cacheDisabled);
    } catch (wrong) {
      call.fail(wrong);
      return;
    }
    warnOfReplaced(terms, response, context);
    if (response.replaces('writeHead'))
      context.sink = new HookedHead(response, (thrown) => call.late(thrown), context.sink);
    else response.tellHead();
    runAsGateway(() => call.finish());
  }

  call.await();
  call.runAside(() => terms.middleware(req, response, goOn));
}

/** Middlewares that were warned of. */
const warned = new WeakSet<StageMiddleware>();

/** What waits for the body of the answer by methods of the response hears nothing of a service's. */
function warnOfReplaced(
  { middleware, instance }: MiddlewareTerms,
  response: MiddlewareResponse,
  { requestId }: RequestContext,
): void {
  if (!response.replaces('end') && !response.replaces('write')) return;
  if (warned.has(middleware)) return;
  warned.add(middleware);
  instance
    .logOf(requestId)
    .warn('it replaces write or end of its response, which answers of services do not go through');
}

/** What a middleware has handed on, or has taken from the service. */
function faultOf(error: unknown, { req, body }: RequestContext): unknown {
  if (req.readableDidRead && body === undefined)
    return new Error('it has read the body of the request, and the service would get none');
  // Express' words for "past the rest of this router".
  if (error === null || error === undefined || error === 'route' || error === 'router') return undefined;
  return refusalIn(error) ?? error;
}

/** An error that says what the client has done wrong, as `http-errors` makes them, is a refusal. */
function refusalIn(error: unknown): GatewayError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { status, statusCode = status, expose } = error as { status?: unknown; statusCode?: unknown; expose?: unknown };
  if (typeof statusCode !== 'number' || !Number.isInteger(statusCode) || statusCode < 400 || statusCode > 499)
    return undefined;
  return refusalOf(statusCode, expose === false ? undefined : error.message);
}
