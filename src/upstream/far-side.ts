import type { Kind } from '../pool.ts';
import type { StageDeps } from '../stage.ts';
import type { Breaker } from './breaker.ts';
import type { ServiceCredential } from './credentials/credential.ts';
import { useCredential } from './credentials/use-credential.ts';
import { nameOfDiscovery } from './discovery/discover.ts';
import { createService, type Service, serviceKind } from './service.ts';
import { type ServiceOptions, serviceKeys } from './service-options.ts';
import { DEFAULT_WEIGHT } from './target.ts';

/** A service, the breaker that its routes share, and what proves the gateway to it. */
export interface FarSide {
  readonly service: Service;
  readonly breaker: Breaker;
  /** Undefined where it asks for nothing. */
  readonly credential: ServiceCredential | undefined;
}

type ForwardTargets = ServiceOptions & { readonly service?: string | undefined; readonly target?: string | undefined };

/** The named service, or one made of the targets that the route names itself; undefined when it names none. */
export function findFarSide(
  options: ForwardTargets,
  services: ReadonlyMap<string, FarSide>,
  deps: StageDeps,
  routeName: string,
): FarSide | undefined {
  if (options.service !== undefined) return services.get(options.service);
  const { target, targets } = options;
  const inline = ownOptions(options);
  if (inline.discover !== undefined) return useFarSide(nameOfDiscovery(inline.discover), inline, deps, routeName);
  const specs = targets ?? (target === undefined ? undefined : [{ url: target, weight: DEFAULT_WEIGHT }]);
  if (specs === undefined) return undefined;
  // Two routes that say the very same are one service: they share its health, its places and its connections.
  return useFarSide(specs.map(({ url }) => url).join(','), { ...inline, targets: specs }, deps, routeName);
}

const SERVICE_KEYS = Object.keys(serviceKeys) as (keyof ServiceOptions)[];

/** What a route says of its own service, without the rest of the route. */
function ownOptions(options: ServiceOptions): ServiceOptions {
  return Object.fromEntries(SERVICE_KEYS.map((key) => [key, options[key]]));
}

/** One of the names that a service has outside, for as long as somebody calls it so. */
const outsideNameKind: Kind<{ end(): void }> = { name: 'outside name', close: (name) => name.end() };

/**
 * The service of this name and these options, in force as soon as the snapshot is.
 *
 * @param outsideName what reports call it; undefined keeps it out of those that clients may read.
 */
export function useFarSide(
  name: string,
  { serviceAuth, ...options }: ServiceOptions,
  deps: StageDeps,
  outsideName?: string,
): FarSide {
  // Displayed with its secrets hidden, and found by its address all the same.
  const label = deps.hidden.hide(name);
  const key = JSON.stringify([label, name, options]);
  const service = deps.lease.use(serviceKind, key, () =>
    createService({ name: label, identity: JSON.stringify([name, outsideName]) }, options, deps),
  );
  if (outsideName !== undefined) {
    deps.lease.use(outsideNameKind, `${key} ${outsideName}`, () => {
      service.outsideNames.add(outsideName);
      return { end: () => service.outsideNames.delete(outsideName) };
    });
  }
  deps.whenInForce(service.comeIntoForce);
  return { service, breaker: service.breaker, credential: useCredential(serviceAuth, deps) };
}
