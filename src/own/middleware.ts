import type { IncomingMessage } from 'node:http';
import type { RequestContext } from '../context.ts';
import type { GatewayError } from '../errors.ts';
import { hasBody } from '../lib/has-body.ts';
import { tellCache } from './cache-words.ts';
import type { CallTerms } from './call-terms.ts';
import { refusalOf } from './decision.ts';
import type { StageMiddleware } from './define-stage.ts';
import { hideFields } from './hidden-fields.ts';
import { HookedHead } from './hooked-head.ts';
import { runAsGateway } from './late-faults.ts';
import { lendRequest } from './lent.ts';
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
  const before = beforeOf(context.req);
  const putBack = hideFields(context.req);
  const req = lendRequest(context.req) as IncomingMessage & CacheWords;

  function goOn(error?: unknown): void {
    if (response.isClosed && !response.isAnswering) return;
    if (response.isAnswering || !response.letGo()) {
      call.twice('answered twice: next() came after the answer, or again');
      return;
    }
    putBack();
    const fault = bodyFaultOf(context, before) ?? faultOf(error) ?? tellCacheOf(req, context);
    if (fault !== undefined) {
      call.fail(fault);
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

/** How a request stands before a middleware has it. */
interface Before {
  readonly length: string | undefined;
  readonly coding: string | undefined;
  readonly isFlowing: boolean;
}

function beforeOf({ headers, readableFlowing }: IncomingMessage): Before {
  return {
    length: headers['content-length'],
    coding: headers['transfer-encoding'],
    isFlowing: readableFlowing === true,
  };
}

/** What of the body a middleware has taken from the service: what flows to nobody is lost. */
function bodyFaultOf({ req, body }: RequestContext, before: Before): Error | undefined {
  const { length, coding, isFlowing } = beforeOf(req);
  if (length !== before.length || coding !== before.coding)
    return new Error('it has changed what the request says of its body, and the service would get another one');
  if (body?.isBegun === true) return undefined;
  const isTaken = (isFlowing && !before.isFlowing) || req.listenerCount('readable') > 0;
  if (!req.readableDidRead && !(isTaken && hasBody(req))) return undefined;
  return new Error('it has read the body of the request, and the service would get none');
}

/** What a middleware has handed on. */
function faultOf(error: unknown): unknown {
  // Express' words for "past the rest of this router".
  if (error === null || error === undefined || error === 'route' || error === 'router') return undefined;
  return refusalIn(error) ?? error;
}

/** What is wrong with a middleware's words for the cache; undefined where it has been told them. */
function tellCacheOf({ cacheKey, cacheDisabled }: CacheWords, context: RequestContext): unknown {
  try {
    tellCache(context, cacheKey, cacheDisabled);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** An error that says what the client has done wrong, as `http-errors` makes them, is a refusal. */
function refusalIn(error: unknown): GatewayError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { status, statusCode = status, expose } = error as { status?: unknown; statusCode?: unknown; expose?: unknown };
  if (typeof statusCode !== 'number' || !Number.isInteger(statusCode) || statusCode < 400 || statusCode > 499)
    return undefined;
  return refusalOf(statusCode, expose === false ? undefined : error.message);
}
