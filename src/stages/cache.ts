import { hash } from 'node:crypto';
import { z } from 'zod';
import { credentialFileKeys } from '../auth/schemes.ts';
import { type CacheOptions, cacheMemoryOption, cacheOption } from '../cache/options.ts';
import type { CachePlan } from '../cache/plan.ts';
import { RouteCache } from '../cache/route-cache.ts';
import { useSharedCache } from '../cache/shared.ts';
import { writtenFields, writtenParameters } from '../cache/written-fields.ts';
import { contextOf } from '../context.ts';
import { defineStage, type RouteInfo, type StageDeps } from '../stage.ts';
import { callerField } from '../upstream/credentials/options.ts';
import { failoverKey } from '../upstream/forward/failover.ts';
import {
  completeTimeouts,
  serviceAuthsOf,
  serviceKeys,
  serviceName,
  servicesOption,
  timeoutsKey,
} from '../upstream/service-options.ts';

/** Answers from what the service has answered before: a shared cache (RFC 9111). Off unless a route asks for it. */
export const cacheStage = defineStage({
  name: 'cache',
  keys: {
    cache: z
      .union([z.boolean(), cacheOption])
      .optional()
      .describe(
        'Stores what the service lets be stored (RFC 9111), and answers from that; `true` with nothing but what services say.',
      ),
  },
  reads: {
    timeouts: timeoutsKey,
    service: serviceName,
    serviceAuth: serviceKeys.serviceAuth,
    failover: failoverKey,
  },
  fileKeys: { cacheMemory: cacheMemoryOption },
  fileReads: { services: servicesOption, issuers: credentialFileKeys.issuers },

  prepare({ cacheMemory, services, issuers }) {
    return { maxBytes: cacheMemory, services, issuers };
  },

  create(options, route, deps, { maxBytes, services, issuers }) {
    const { cache, timeouts } = options;
    if (!route.matched || cache === undefined || cache === false) return undefined;
    const own = cache === true ? cacheOption.parse({}) : cache;
    const serviceAuth = serviceAuthsOf(options, services);
    const plan = createPlan(own, route, deps, maxBytes, {
      // Who its service is, and what that is shown of the gateway, decides what it answers, as what it is told does; and
      // whose answer it is depends on who says who calls. An own stage behind it may have written what is kept.
      routeId: fingerprint(route.name, {
        ...options,
        serviceAuth,
        own: route.ownVersions,
        from: [options.service, ...(options.failover?.to ?? [])].map((name) => addressesOf(name, services)),
        callers: route.isProtected ? issuers : undefined,
      }),
      proven: new Set(route.credentialPlaces?.fields ?? []),
      keyedOrWritten: new Set([
        ...(own.key.query ?? []),
        ...writtenParameters((options as { readonly request?: unknown }).request),
      ]),
      callerField: serviceAuth.map(callerField).find((field) => field !== undefined),
      written: writtenFields((options as { readonly request?: unknown }).request),
      idleMs: completeTimeouts(timeouts).idle,
    });
    const routeCache = new RouteCache(plan);

    return function cache(req, _res, next) {
      routeCache.handle(contextOf(req), next);
    };
  },
});

function createPlan(
  { key, shared, maxSize, ...rules }: CacheOptions,
  route: RouteInfo,
  deps: StageDeps,
  maxBytes: number,
  of: Pick<CachePlan, 'routeId' | 'callerField' | 'written' | 'proven' | 'keyedOrWritten' | 'idleMs'>,
): CachePlan {
  const { isLocal, store, purges, collapse, budget, resize, longestBody } = useSharedCache(deps, maxBytes);
  deps.whenInForce(() => resize(maxBytes));
  const counters = new Map<string, { inc(): void }>();
  return {
    ...of,
    route: route.name,
    rules,
    key,
    shared,
    isLocal,
    keyed: key.query === undefined ? undefined : new Set(key.query),
    maxBodyBytes: Math.min(maxSize ?? Number.POSITIVE_INFINITY, longestBody(maxBytes)),
    store,
    purges,
    collapse,
    budget,
    now: () => deps.clock.now(),
    count(result) {
      let counter = counters.get(result);
      if (counter === undefined) {
        counter = deps.metrics.cacheLookups.labels(route.name, result);
        counters.set(result, counter);
      }
      counter.inc();
    },
  };
}

/**
 * All that the file says of a route, in a few characters: an answer is good for the route that has asked for it, as it
 * was then. A route that asks another service, or tells it something else, begins with nothing.
 */
function fingerprint(name: string, options: object): string {
  return hash('sha256', JSON.stringify([name, options]), 'base64url').slice(0, 22);
}

/** Where a service is, however much of the work which of its targets does. */
function addressesOf(name: string | undefined, services: Readonly<Record<string, ServiceAddresses>>): unknown {
  const service = name === undefined ? undefined : services[name];
  return service && { targets: service.targets?.map(({ url }) => url).sort(), discover: service.discover };
}

interface ServiceAddresses {
  readonly targets?: readonly { readonly url: string }[] | undefined;
  readonly discover?: unknown;
}
