import type { DiscoverOptions } from './discover-options.ts';
import type { DiscoveryDeps } from './discovery-deps.ts';
import { createConsulTargets } from './targets-consul.ts';
import { createDnsTargets } from './targets-dns.ts';
import type { TargetSource } from './targets-static.ts';

/** Follows whatever the key `discover` names. */
export function discoverTargets(options: DiscoverOptions, deps: DiscoveryDeps): TargetSource {
  return 'consul' in options ? createConsulTargets(options, deps) : createDnsTargets(options, deps);
}
