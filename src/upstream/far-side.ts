import type { Kind } from '../pool.ts';
import type { StageDeps } from '../stage.ts';
import { type Breaker, type BreakerOptions, type BreakerState, breakerSchema, createBreaker } from './breaker.ts';
import { nameOfDiscovery } from './discovery/discover.ts';
import { createService, type Service, serviceKind } from './service.ts';
import { type ServiceOptions, serviceKeys } from './service-options.ts';
import { DEFAULT_WEIGHT } from './target.ts';

/** Breakers of services and of routes that have their own; they keep their state through reloads. */
export const breakerKind: Kind<Breaker> = { name: 'breaker', close: (breaker) => breaker.close() };

const BREAKER_GAUGE: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 };

/** A service and the breaker that its routes share. */
export interface FarSide {
  readonly service: Service;
  readonly breaker: Breaker;
}

type ForwardTargets = ServiceOptions & { readonly service?: string | undefined; readonly target?: string | undefined };

/** The named service, or one made of the targets that the route names itself; undefined when it names none. */
export function findFarSide(
  options: ForwardTargets,
  services: ReadonlyMap<string, FarSide>,
  deps: StageDeps,
): FarSide | undefined {
  if (options.service !== undefined) return services.get(options.service);
  const { target, targets } = options;
  const inline = ownOptions(options);
  if (inline.discover !== undefined) return useFarSide(nameOfDiscovery(inline.discover), inline, deps);
  const specs = targets ?? (target === undefined ? undefined : [{ url: target, weight: DEFAULT_WEIGHT }]);
  if (specs === undefined) return undefined;
  // Two routes with the same inline targets are one service: they share its breaker and its connections.
  return useFarSide(specs.map(({ url }) => url).join(','), { ...inline, targets: specs }, deps);
}

const SERVICE_KEYS = Object.keys(serviceKeys) as (keyof ServiceOptions)[];

/** What a route says of its own service, without the rest of the route. */
function ownOptions(options: ServiceOptions): ServiceOptions {
  return Object.fromEntries(SERVICE_KEYS.map((key) => [key, options[key]]));
}

export function useFarSide(name: string, options: ServiceOptions, deps: StageDeps): FarSide {
  const { circuitBreaker, ...shape } = options;
  const service = deps.lease.use(serviceKind, JSON.stringify([name, shape]), () => createService(name, options, deps));
  return { service, breaker: useBreaker(name, circuitBreaker, deps) };
}

export function useBreaker(name: string, options: BreakerOptions | undefined, deps: StageDeps): Breaker {
  const settled = options ?? breakerSchema.parse({});
  return deps.lease.use(breakerKind, JSON.stringify([name, settled]), () => {
    const gauge = deps.metrics.breakerState.labels(name);
    gauge.set(BREAKER_GAUGE.closed);
    const breaker = createBreaker(name, settled, (state) => {
      gauge.set(BREAKER_GAUGE[state]);
      deps.metrics.breakerTransitions.inc({ breaker: name, to: state });
      deps.log.warn(`circuit of ${name} is ${state}`, { breaker: name, state });
    });
    const { close } = breaker;
    return Object.assign(breaker, {
      close() {
        close();
        // Another one of this name may have taken its place, with other options.
        if (!deps.pool.list(breakerKind).some((other) => other.name === name)) deps.metrics.breakerState.remove(name);
      },
    });
  });
}
