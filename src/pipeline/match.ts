import type { RequestHandler } from 'express';
import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Decision, RouteIdentity } from '../facts.ts';
import type { MatchRequest } from '../routing/candidate.ts';
import { hasDestination, readDestination } from '../routing/destination.ts';
import { forwardablePath } from '../routing/forwardable.ts';
import { isHost } from '../routing/host-index.ts';
import { normalizeTarget } from '../routing/normalize.ts';
import type { NearestRoute, RouteMatch, RouteTable } from '../routing/table.ts';

/** What matching needs to know of a compiled route. */
interface Matched extends RouteIdentity {
  readonly config: { readonly path: 'normalized' | 'raw'; readonly bodyLimit: number };
  readonly handlers: readonly RequestHandler[];
  /** The chain that refuses a method in the words of this route; undefined where it has none of its own. */
  readonly refusing: readonly RequestHandler[] | undefined;
}

/** No method of HTTP is meant for them here (RFC 9110, sections 9.3.6 and 9.3.8). */
const REFUSED_METHODS = new Set(['TRACE', 'CONNECT']);
const ALLOWED_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/**
 * Finds the route of a request, writes into the context where it goes, and answers the handlers to walk. Where no route
 * takes it, `context.refusal` says why; the handlers are those that refuse, or undefined where the usual ones do.
 */
export function matchRoute<R extends Matched>(
  context: RequestContext,
  table: RouteTable<R>,
): readonly RequestHandler[] | undefined {
  try {
    return findHandlers(context, table);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    context.refusal = error;
    return undefined;
  }
}

function findHandlers<R extends Matched>(
  context: RequestContext,
  table: RouteTable<R>,
): readonly RequestHandler[] | undefined {
  const { req, method } = context;
  if (REFUSED_METHODS.has(method)) throw methodNotAllowed(ALLOWED_METHODS);
  const target = normalizeTarget(req.url ?? '/');
  context.path = target.path;
  context.query = target.query;
  const host = target.authority ?? req.headers.host ?? '';
  if (!isHost(host)) throw new GatewayError('bad_framing', 'The Host is no name or address (RFC 9112, section 3.2).');
  // The service must be told the host that chose the route, and no other (RFC 9112, section 3.2.2).
  if (target.authority !== undefined) req.headers.host = target.authority;
  const request = {
    method: method === 'OPTIONS' ? askedMethod(context) : method,
    host,
    path: target.path,
    headers: req.headers,
  };
  const match = table.find(request);
  if (context.trace !== undefined) traceMatch(context.trace, table, request);
  if (!match.found) {
    // What is near is looked for when the line is written, if one is.
    const nearestRoute = () => table.findNearest(request);
    if (match.allow === undefined) throw new GatewayError('not_found', undefined, { nearestRoute });
    context.refusal = methodNotAllowed(match.allow, nearestRoute);
    return match.route?.refusing;
  }
  const { route } = match;
  const forwarded = forwardablePath(target, route.config.path, match, request, table);
  if (forwarded !== target.path) context.rawPath = forwarded;
  if (hasDestination(method)) readDestinationField(context, route.config.path, match, request, table);
  context.route = route;
  context.maxBodyBytes = route.config.bodyLimit;
  context.params = match.params;
  context.prefixLength = match.prefixLength;
  return route.handlers;
}

/** Which routes were looked at, and what was in the way. */
function traceMatch<R extends Matched>(trace: Decision[], table: RouteTable<R>, request: MatchRequest): void {
  const considered = table.consider(request);
  const taken = considered.find(({ lost }) => lost === undefined);
  const nearest = taken === undefined ? table.findNearest(request) : undefined;
  const decision = taken === undefined ? 'no route' : `route ${taken.route.name} by prefix ${taken.prefix}`;
  const routes = considered.map(({ route, prefix, lost }) => ({ route: route.name, prefix, lost: lost ?? null }));
  trace.push({ stage: 'match', decision, facts: { considered: routes, ...(nearest && { nearest }) } });
}

/** Leaves the path that `Destination` names in its place, for the last stage to rewrite. */
function readDestinationField<R>(
  { req: { headers }, peerTrusted }: RequestContext,
  mode: 'normalized' | 'raw',
  match: RouteMatch<R>,
  request: MatchRequest,
  table: RouteTable<R>,
): void {
  const destination = headers['destination'];
  if (typeof destination !== 'string') return;
  const forwardedHost = peerTrusted ? [headers['x-forwarded-host']].flat().at(-1) : undefined;
  headers['destination'] = readDestination(destination, [request.host, forwardedHost], mode, match, request, table);
}

/** A preflight is matched by the method that it asks for. */
function askedMethod({ req }: RequestContext): string {
  const asked = req.headers['access-control-request-method'];
  return asked !== undefined && req.headers.origin !== undefined ? asked : 'OPTIONS';
}

function methodNotAllowed(allow: string, nearestRoute?: () => NearestRoute | undefined): GatewayError {
  const detailForLog = `This path takes ${allow}.`;
  const extras = { headers: ['allow', allow], detailForLog };
  return new GatewayError('method_not_allowed', undefined, nearestRoute ? { ...extras, nearestRoute } : extras);
}
