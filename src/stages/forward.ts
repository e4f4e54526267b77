import { z } from 'zod';
import { contextOf, type RequestContext } from '../context.ts';
import type { Kind } from '../pool.ts';
import { checkRewrite, createPathRewriter, rewriteKeys } from '../routing/rewrite.ts';
import { defineStage, type RouteInfo, type StageDeps } from '../stage.ts';
import { findFarSide, useFarSide } from '../upstream/far-side.ts';
import { admit, circuitOpen, noTarget } from '../upstream/forward/admission.ts';
import { createMirror, mirrorOption } from '../upstream/forward/mirror.ts';
import type { ForwardPlan } from '../upstream/forward/plan.ts';
import { createProxy, type RouteProxy } from '../upstream/forward/proxy.ts';
import { createRetryPolicy, retrySchema } from '../upstream/forward/retry.ts';
import { serviceKeys, serviceSchema, timeoutsOption } from '../upstream/service-options.ts';
import { targetUrl } from '../upstream/target.ts';
import { useBreaker } from '../upstream/use-breaker.ts';

const proxyKind: Kind<RouteProxy> = { name: 'proxy', close: () => undefined };

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
    mirror: mirrorOption.optional(),
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
      for (const [at, name] of [
        [['service'], route.service],
        [['mirror', 'service'], route.mirror?.service],
      ] as const) {
        if (name === undefined || Object.hasOwn(services, name)) continue;
        const known = Object.keys(services).join(', ') || 'none is there';
        report(['routes', index, ...at], `there is no service "${name}"`, `add it to "services": ${known}`);
      }
    });
  },
  prepare({ services }, deps) {
    return new Map(Object.entries(services).map(([name, options]) => [name, useFarSide(name, options, deps, name)]));
  },
  create(options, route, deps, services) {
    const farSide = findFarSide(options, services, deps, route.name);
    if (farSide === undefined) return undefined;
    const { service } = farSide;
    const ownBreaker = options.circuitBreaker !== undefined && options.service !== undefined;
    const breaker = ownBreaker ? useBreaker(`route ${route.name}`, options.circuitBreaker, deps) : farSide.breaker;
    const mirror = options.mirror === undefined ? undefined : createMirror(options.mirror, services, deps);
    const rewrite = createPathRewriter(options);
    const onPrefix = createPathRewriter({ ...options, pathRewrite: undefined });
    const plan: ForwardPlan = {
      service,
      breaker,
      proxy: useProxy(route, deps),
      retry: createRetryPolicy(options.retry === false ? { attempts: 1, on: [] } : options.retry),
      timeouts: options.timeouts,
      clock: deps.clock,
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
      mirror?.(context, path);
      admit(plan, context, path, next);
    };
  },
});

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
