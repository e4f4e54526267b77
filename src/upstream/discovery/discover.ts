import { settledWithin } from '../../lib/settled-within.ts';
import type { Kind, Pool } from '../../pool.ts';
import { createConsulTargets } from './consul.ts';
import type { DiscoveryDeps } from './deps.ts';
import { createDnsTargets } from './dns.ts';
import type { DiscoverOptions } from './options.ts';
import type { TargetSource } from './source.ts';

/** Discovery outlives a change of the service around it, and services that look for the same share it. */
export const discoveryKind: Kind<TargetSource> = { name: 'discovery', close: (source) => source.close() };

/** Follows whatever the key `discover` names. */
export function discoverTargets(options: DiscoverOptions, deps: DiscoveryDeps): TargetSource {
  return 'consul' in options ? createConsulTargets(options, deps) : createDnsTargets(options, deps);
}

/** How long a start waits for the first answers: without them its first requests would meet 503. */
const FIRST_ANSWERS_WITHIN_MS = 2_000;

/** Resolves when all discovery under way has had its first answer or failure, or has taken too long. */
export async function firstDiscoveries(pool: Pool): Promise<void> {
  const sources = pool.list(discoveryKind);
  await settledWithin(Promise.all(sources.map(({ ready }) => ready)), FIRST_ANSWERS_WITHIN_MS);
}
