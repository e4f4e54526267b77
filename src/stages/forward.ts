import { z } from 'zod';
import { contextOf, type RequestContext } from '../context.ts';
import type { Kind } from '../pool.ts';
import { checkRewrite, createPathRewriter, rewriteKeys } from '../routing/rewrite.ts';
import { defineStage, type RouteInfo, type StageDeps } from '../stage.ts';
import { admit, circuitOpen, noTarget } from '../upstream/admission.ts';
import {
  type Breaker,
  type BreakerOptions,
  type BreakerState,
  breakerSchema,
  createBreaker,
} from '../upstream/breaker.ts';
import type { ForwardPlan } from '../upstream/forward-plan.ts';
import { createProxy, type RouteProxy } from '../upstream/proxy.ts';
import { createRetryPolicy, retrySchema } from '../upstream/retry.ts';
import { createService, type Service, serviceKind } from '../upstream/service.ts';
import { type ServiceOptions, serviceKeys, serviceSchema, timeoutsOption } from '../upstream/service-options.ts';
import { targetUrl } from '../upstream/target.ts';

/** Breakers of services and of routes that have their own; they keep their state through reloads. */
export const breakerKind: Kind<Breaker> = { name: 'breaker', close: (breaker) => breaker.close() };
const proxyKind: Kind<RouteProxy> = { name: 'proxy', close: () => undefined };

const BREAKER_GAUGE: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 };

/** The last stage: hands the request to the proxy of the route's prefix, inside the breaker of its service. */
export const forwardStage = defineStage({
  name: 'forward',
  keys: {
    service: z.string().optional().describe('Name of the service in `services` that answers.'),
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
      .describe("Turns Location and cookies of the service round to the gateway's paths."),
    timeouts: timeoutsOption.prefault({}),
    retry: z
      .union([z.literal(false), retrySchema])
      .prefault({})
      .describe('When a failed attempt is repeated; false never does.'),
  },
  fileKeys: {
    services: z
      .record(z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}$/), serviceSchema)
      .default({})
      .describe('What is proxied to, by name.'),
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
      if (route.service !== undefined && !Object.hasOwn(services, route.service)) {
        report(
          ['routes', index, 'service'],
          `there is no service "${route.service}"`,
          `add it to "services": ${Object.keys(services).join(', ') || 'none is there'}`,
        );
      }
    });
  },
  prepare({ services }, deps) {
    return new Map(Object.entries(services).map(([name, options]) => [name, useFarSide(name, options, deps)]));
  },
  create(options, route, deps, services) {
    const farSide = farSideOf(options, services, deps);
    if (farSide === undefined) return undefined;
    const { service } = farSide;
    const ownBreaker = options.circuitBreaker !== undefined && options.service !== undefined;
    const breaker = ownBreaker ? useBreaker(`route ${route.name}`, options.circuitBreaker, deps) : farSide.breaker;
    const rewrite = createPathRewriter(options);
    const onPrefix = createPathRewriter({ ...options, pathRewrite: undefined });
    const plan: ForwardPlan = {
      service,
      breaker,
      proxy: useProxy(route, deps),
      retry: createRetryPolicy(options.retry === false ? { attempts: 1, on: [] } : options.retry),
      timeouts: options.timeouts,
      deadlines: deps.deadlines,
      sockets: deps.sockets,
      rewriteRedirects: options.rewriteRedirects,
      servicePrefix: ({ path, prefixLength, params }) => {
        const prefix = onPrefix(path.slice(0, prefixLength), prefixLength, params);
        return prefix === '/' ? '' : prefix;
      },
    };

    return function forward(req, _res, next) {
      const context = contextOf(req);
      const path = rewrite(context.rawPath ?? context.path, context.prefixLength, context.params) + context.query;
      const { upstreamHeaders } = context;
      if (options.stripPrefix && context.prefixLength > 1)
        upstreamHeaders.push('X-Forwarded-Prefix', context.path.slice(0, context.prefixLength));
      if (options.preserveHost && req.headers.host !== undefined) upstreamHeaders.push('host', req.headers.host);
      if (context.dryRun) return explain(context, plan, path, next);
      admit(plan, context, path, next);
    };
  },
});

/** A service and the breaker that its routes share. */
interface FarSide {
  readonly service: Service;
  readonly breaker: Breaker;
}

type ForwardTargets = ServiceOptions & { readonly service?: string | undefined; readonly target?: string | undefined };

/** The named service, or one made of the targets that the route names itself; undefined when it names none. */
function farSideOf(
  options: ForwardTargets,
  services: ReadonlyMap<string, FarSide>,
  deps: StageDeps,
): FarSide | undefined {
  if (options.service !== undefined) return services.get(options.service);
  const { target, targets, discover } = options;
  const { balance, slowStart, healthCheck, passiveHealth, bulkhead, tls, circuitBreaker } = options;
  const inline = { discover, balance, slowStart, healthCheck, passiveHealth, bulkhead, tls, circuitBreaker };
  if (discover !== undefined) return useFarSide(JSON.stringify(discover), inline, deps);
  const specs = targets ?? (target === undefined ? undefined : [{ url: target, weight: 1 }]);
  if (specs === undefined) return undefined;
  // Two routes with the same inline targets are one service: they share its breaker and its connections.
  return useFarSide(specs.map(({ url }) => url).join(','), { targets: specs, ...inline }, deps);
}

function useFarSide(name: string, options: ServiceOptions, deps: StageDeps): FarSide {
  const { circuitBreaker, ...shape } = options;
  const service = deps.lease.use(serviceKind, JSON.stringify([name, shape]), () => createService(name, options, deps));
  return { service, breaker: useBreaker(name, circuitBreaker, deps) };
}

function useBreaker(name: string, options: BreakerOptions | undefined, deps: StageDeps): Breaker {
  const settled = options ?? breakerSchema.parse({});
  return deps.lease.use(breakerKind, JSON.stringify([name, settled]), () => {
    const gauge = deps.metrics.breakerState.labels(name);
    gauge.set(BREAKER_GAUGE.closed);
    return createBreaker(name, settled, (state) => {
      gauge.set(BREAKER_GAUGE[state]);
      deps.metrics.breakerTransitions.inc({ breaker: name, to: state });
      deps.log.warn(`circuit of ${name} is ${state}`, { breaker: name, state });
    });
  });
}

function useProxy(route: RouteInfo, deps: StageDeps): RouteProxy {
  return deps.lease.use(proxyKind, route.prefix, () =>
    createProxy((error, req) => renderBug(error, contextOf(req), deps)),
  );
}

function renderBug(error: unknown, context: RequestContext, deps: StageDeps): void {
  deps.log.error('http-proxy-middleware failed', { error, requestId: context.requestId });
  context.res.destroy();
}

/** Says where the request would go; asks nobody. */
function explain(
  context: RequestContext,
  { service, breaker }: ForwardPlan,
  path: string,
  next: (error?: unknown) => void,
): void {
  context.service = service.name;
  context.trace?.push({
    stage: 'forward',
    decision: `service ${service.name}, circuit ${breaker.state}, ${context.method} ${path}`,
  });
  if (!breaker.isAllowing) {
    next(circuitOpen(breaker));
    return;
  }
  const target = service.pick(context, undefined);
  if (target === undefined) {
    next(noTarget());
    return;
  }
  context.target = target.url;
  context.trace?.push({ stage: 'forward', decision: `target ${target.url}` });
  next();
}
