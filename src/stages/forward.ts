import { z } from 'zod';
import { authKeys, credentialPlaces } from '../auth/auth-option.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { mountOf } from '../lib/mount-path.ts';
import { findNearest } from '../nearest-word.ts';
import type { Kind } from '../pool.ts';
import { hasDestination } from '../routing/destination.ts';
import { matchKeys } from '../routing/keys.ts';
import { checkRewrite, createPathRewriter, type PathRewriter, rewriteKeys } from '../routing/rewrite.ts';
import { defineStage, type Report, type RouteInfo, type StageDeps } from '../stage.ts';
import { credentialFields } from '../upstream/credentials/options.ts';
import { useCredential } from '../upstream/credentials/use-credential.ts';
import { type FarSide, findFarSide, useFarSide } from '../upstream/far-side.ts';
import { admit } from '../upstream/forward/admission.ts';
import { explainForward } from '../upstream/forward/explain.ts';
import { type FailoverOptions, failoverKey, withFailover } from '../upstream/forward/failover.ts';
import { createMirror, mirrorOption } from '../upstream/forward/mirror.ts';
import type { ForwardPlan } from '../upstream/forward/plan.ts';
import { createProxy, type RouteProxy } from '../upstream/forward/proxy.ts';
import { createRetryPolicy, retrySchema } from '../upstream/forward/retry.ts';
import { replaceField } from '../upstream/forward/service-request.ts';
import { Rests, restsKind } from '../upstream/rests.ts';
import {
  completeTimeouts,
  findTimeoutsFault,
  serviceAuthsOf,
  serviceKeys,
  serviceName,
  servicesOption,
  timeoutsKey,
} from '../upstream/service-options.ts';
import { targetUrl } from '../upstream/target.ts';
import { useBreaker } from '../upstream/use-breaker.ts';

const proxyKind: Kind<RouteProxy> = { name: 'proxy', close: () => undefined };

/** The last stage: hands the request to the proxy of the route's prefix, inside the breaker of its service. */
export const forwardStage = defineStage({
  name: 'forward',
  keys: {
    service: serviceName,
    target: targetUrl.optional().describe('Address of the service, where it needs no entry in `services`.'),
    ...serviceKeys,
    ...rewriteKeys,
    preserveHost: z
      .boolean()
      .default(false)
      .describe("Sends the client's Host on; by default the service sees its own name."),
    rewriteRedirects: z
      .boolean()
      .default(true)
      .describe("Turns Location of the service round to the gateway's paths; the domain of its cookies is dropped."),
    rewriteCookies: z
      .boolean()
      .default(false)
      .describe("Turns the paths of the service's cookies round too; else `Path=/` stays good for the whole host."),
    timeouts: timeoutsKey,
    retry: z
      .union([z.literal(false), retrySchema])
      .prefault({})
      .describe('When a failed attempt is repeated; false never does.'),
    failover: failoverKey,
    mirror: mirrorOption.optional(),
  },
  reads: { prefix: matchKeys.prefix, auth: authKeys.auth, forwardCredentials: authKeys.forwardCredentials },
  fileKeys: {
    services: servicesOption,
  },
  check({ services }, routes, report) {
    for (const [name, { targets, discover }] of Object.entries(services)) {
      if ((targets === undefined) === (discover === undefined)) {
        report(
          ['services', name],
          'needs either "targets" or "discover"',
          'name its addresses, or where they are found',
        );
      }
    }
    routes.forEach((route, index) => {
      checkRewrite(route, ['routes', index], report);
      const fault = findTimeoutsFault(route.timeouts);
      if (fault !== undefined)
        report(['routes', index, 'timeouts', fault.key], fault.message, 'raise "stream", or set it to "off"');
      const taken = route.forwardCredentials ? credentialPlaces(route.auth).fields : [];
      const clash = serviceAuthsOf(route, services)
        .flatMap(credentialFields)
        .find((field) => taken.includes(field));
      if (clash !== undefined) {
        const hint = 'let one of them use another field, or write "serviceAuth": false';
        report(['routes', index, 'forwardCredentials'], `"${clash}" is written by serviceAuth`, hint);
      }
      for (const { at, name } of namedServices(route)) {
        if (Object.hasOwn(services, name)) continue;
        report(['routes', index, ...at], `there is no service "${name}"`, hintForService(name, Object.keys(services)));
      }
      checkFailover(route, ['routes', index, 'failover', 'to'], report);
    });
  },
  *prepareInSteps({ services }, deps) {
    const farSides = new Map<string, FarSide>();
    for (const [name, options] of Object.entries(services)) {
      farSides.set(name, useFarSide(name, options, deps, name));
      yield;
    }
    return farSides;
  },
  create(options, route, deps, services) {
    const farSide = findFarSide(options, services, deps, route.name);
    if (farSide === undefined) return undefined;
    const { service } = farSide;
    const ownBreaker = options.circuitBreaker !== undefined && options.service !== undefined;
    const breaker = ownBreaker ? useBreaker(`route ${route.name}`, options.circuitBreaker, deps) : farSide.breaker;
    // A route that names its targets itself has it there already.
    const isOwnCredential = options.serviceAuth !== undefined && options.service !== undefined;
    const mirror = options.mirror === undefined ? undefined : createMirror(options.mirror, services, deps);
    const rewrite = createPathRewriter(options);
    const onPrefix = createPathRewriter({ ...options, pathRewrite: undefined });
    const { rewriteRedirects: redirects, rewriteCookies: cookiePaths } = options;
    const base: Omit<ForwardPlan, 'failover'> = {
      service,
      breaker,
      credential: isOwnCredential ? useCredential(options.serviceAuth, deps) : farSide.credential,
      proxy: useProxy(route, deps),
      retry: createRetryPolicy(options.retry === false ? { attempts: 1, on: [] } : options.retry),
      timeouts: completeTimeouts(options.timeouts),
      clock: deps.clock,
      deadlines: deps.deadlines,
      sockets: deps.sockets,
      eventStreams: deps.eventStreams,
      turned: redirects || cookiePaths ? { redirects, cookiePaths } : undefined,
      servicePrefix: ({ path, prefixLength, params }) => {
        const prefix = onPrefix(path.slice(0, prefixLength), prefixLength, params);
        return prefix === '/' ? '' : prefix;
      },
    };
    const plan = planOf(base, options.failover, services, route, deps);

    return function forward(req, _res, next) {
      const context = contextOf(req);
      const { upstreamHeaders, query, editedQuery = query } = context;
      const path = rewrite(context.rawPath ?? context.path, context.prefixLength, context.params) + editedQuery;
      tellPrefix(context, options.stripPrefix);
      if (options.preserveHost && req.headers.host !== undefined) upstreamHeaders.push('host', req.headers.host);
      if (hasDestination(context.method)) rewriteDestination(context, rewrite);
      if (context.dryRun) return next(explainForward(context, plan, path));
      mirror?.(context, path);
      admit(plan, context, path, next);
    };
  },
});

/** What stands before the path that the service gets, as the client has written it. */
function tellPrefix(context: RequestContext, isStripped: boolean): void {
  const { path, prefixLength, upstreamHeaders } = context;
  const prefix = mountOf(context) + (isStripped && prefixLength > 1 ? path.slice(0, prefixLength) : '');
  if (prefix !== '') upstreamHeaders.push('X-Forwarded-Prefix', prefix);
}

interface NamesServices {
  readonly service?: string | undefined;
  readonly mirror?: { readonly service?: string | undefined } | undefined;
  readonly failover?: { readonly to: readonly string[] } | undefined;
}

/** The services that a route names, and where. */
function namedServices({ service, mirror, failover }: NamesServices) {
  const named = [
    { at: ['service'], name: service },
    { at: ['mirror', 'service'], name: mirror?.service },
    ...(failover?.to ?? []).map((name, index) => ({ at: ['failover', 'to', index], name })),
  ];
  return named.flatMap(({ at, name }) => (name === undefined ? [] : [{ at, name }]));
}

/** Whoever has just said that it can't is not asked again. */
function checkFailover({ service, failover }: NamesServices, path: readonly (string | number)[], report: Report): void {
  failover?.to.forEach((name, index) => {
    const isAgain = name === service || failover.to.indexOf(name) < index;
    if (isAgain) report([...path, index], `"${name}" is asked already`, 'name each service once, and other ones');
  });
}

function planOf(
  base: Omit<ForwardPlan, 'failover'>,
  options: FailoverOptions | undefined,
  services: ReadonlyMap<string, FarSide>,
  { name: route }: RouteInfo,
  { lease, metrics }: StageDeps,
): ForwardPlan {
  if (options === undefined) return { ...base, failover: undefined };
  const others = options.to.map((name) => services.get(name)).filter((one) => one !== undefined);
  return withFailover(base, options, others, { rests: lease.use(restsKind, '', () => new Rests()), metrics, route });
}

/** Matching has left a path of ours in `Destination`; the service is told its own, and once. */
function rewriteDestination(context: RequestContext, rewrite: PathRewriter): void {
  const { headers } = context.req;
  const destination = headers['destination'];
  if (typeof destination !== 'string') return;
  const mark = destination.indexOf('?');
  const end = mark < 0 ? destination.length : mark;
  const path = rewrite(destination.slice(0, end), context.prefixLength, context.params) + destination.slice(end);
  headers['destination'] = path;
  replaceField(context.upstreamHeaders, 'Destination', path);
}

function useProxy(route: RouteInfo, deps: StageDeps): RouteProxy {
  return deps.lease.use(proxyKind, route.prefix, () =>
    createProxy((error, req) => renderBug(error, contextOf(req), deps)),
  );
}

function renderBug(error: unknown, context: RequestContext, deps: StageDeps): void {
  deps.log.error('http-proxy-middleware failed', { error, requestId: context.requestId });
  context.sink.fail(context, error);
}

function hintForService(name: string, known: readonly string[]): string {
  const nearest = findNearest(name, known);
  return nearest === undefined
    ? `add it to "services": ${known.join(', ') || 'none is there'}`
    : `did you mean "${nearest}"?`;
}
