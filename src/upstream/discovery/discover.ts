import { z } from 'zod';
import { settledWithin } from '../../lib/settled-within.ts';
import type { Kind, Pool } from '../../pool.ts';
import { consulDiscovery } from './consul.ts';
import type { DiscoveryDeps } from './deps.ts';
import type { Discovery } from './discovery.ts';
import { dnsDiscovery } from './dns.ts';
import type { TargetSource } from './source.ts';

/** Every way to find targets, by the key that asks for it in `discover`. */
const DISCOVERIES = { consul: consulDiscovery, dns: dnsDiscovery };

const options = Object.values(DISCOVERIES).map(({ option }) => option);

/** The key `discover`. */
export const discoverOption = z
  .union(options)
  .describe('Where the addresses of the service come from when the file does not name them.');

export type DiscoverOptions = z.output<typeof discoverOption>;

/** Discovery outlives a change of the service around it, and services that look for the same share it. */
export const discoveryKind: Kind<TargetSource> = { name: 'discovery', close: (source) => source.close() };

/** Follows whatever the key `discover` names. */
export function discoverTargets(options: DiscoverOptions, deps: DiscoveryDeps): TargetSource {
  return discoveryOf(options).create(options, deps);
}

/** A name for logs and metrics. */
export function nameOfDiscovery(options: DiscoverOptions): string {
  return discoveryOf(options).nameOf(options);
}

function discoveryOf(options: DiscoverOptions): Discovery {
  for (const [key, discovery] of Object.entries(DISCOVERIES)) {
    // The schema has seen to it that the options under a key are this discovery's.
    if (key in options) return discovery as Discovery;
  }
  throw new Error(`nothing finds targets by ${Object.keys(options).join(', ')}`);
}

/** How long a start waits for the first answers: without them its first requests would meet 503. */
const FIRST_ANSWERS_WITHIN_MS = 400;

/** Resolves when all discovery under way has had its first answer or failure, or has taken too long. */
export async function firstDiscoveries(pool: Pool): Promise<void> {
  const sources = pool.list(discoveryKind);
  await settledWithin(Promise.all(sources.map(({ ready }) => ready)), FIRST_ANSWERS_WITHIN_MS);
}
