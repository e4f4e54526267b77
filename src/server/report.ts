import type { Pool } from '../pool.ts';
import type { Snapshot } from '../snapshot.ts';
import type { BreakerState } from '../upstream/breaker.ts';
import { breakerKind } from '../upstream/far-side.ts';
import { serviceKind } from '../upstream/service.ts';

/** How a service is doing, without its addresses: this may be shown on the main port. */
export interface FarSideReport {
  readonly circuit: BreakerState;
  readonly targets: number;
  readonly healthyTargets: number;
  readonly inFlight: number;
}

/**
 * What a service is called in reports. One that a route names by address alone has that address as its name inside;
 * outside it is called like its route.
 */
export function nameServices({ routes }: Snapshot): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { name, config } of routes) {
    const { service, target, targets } = config;
    const inside = service ?? targets?.map(({ url }) => url).join(',') ?? target;
    // Routes with the same addresses share a service: the first of them names it.
    if (inside !== undefined && !names.has(inside)) names.set(inside, service ?? name);
  }
  return names;
}

/** Every service that the snapshot in force knows, by its outside name. */
export function reportServices(pool: Pool, names: ReadonlyMap<string, string>): Record<string, FarSideReport> {
  const circuits = new Map(pool.list(breakerKind).map(({ name, state }) => [name, state]));
  const report: Record<string, FarSideReport> = {};
  for (const { name, targets, bulkhead } of pool.list(serviceKind)) {
    const outside = names.get(name);
    if (outside === undefined) continue;
    const healthyTargets = targets.filter((target) => target.activeHealth !== 'down' && !target.isEjected).length;
    report[outside] = {
      circuit: circuits.get(name) ?? 'closed',
      targets: targets.length,
      healthyTargets,
      inFlight: bulkhead.inFlight,
    };
  }
  return report;
}
