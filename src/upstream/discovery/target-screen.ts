import { normalizeTargetUrl, type TargetSpec } from '../target.ts';
import { createAddressPolicy } from './address-policy.ts';
import type { DiscoveryDeps } from './deps.ts';

/** Makes a target of what discovery has named; undefined for what can't be one, with one warning an address. */
export type TargetScreen = (host: string, port: number, weight: number) => TargetSpec | undefined;

/** Enough to see that something is wrong, without an endless log from a source that makes addresses up. */
const MAX_WARNINGS = 100;

interface ScreenOptions {
  readonly scheme: 'http' | 'https';
  readonly allow?: readonly string[] | undefined;
}

export function createTargetScreen(label: string, options: ScreenOptions, deps: DiscoveryDeps): TargetScreen {
  const policy = createAddressPolicy(options.allow, [deps.settings.port, deps.settings.adminPort]);
  const warned = new Set<string>();
  return (host, port, weight) => {
    const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const refusal = policy(host, port);
    const url = normalizeTargetUrl(`${options.scheme}://${address}`);
    if (refusal === undefined && url !== undefined) return { url, weight };
    if (!warned.has(address) && warned.size < MAX_WARNINGS) {
      warned.add(address);
      deps.log.warn(`${label}: ${address} is left out, since ${refusal ?? 'it is no address'}`);
    }
    return undefined;
  };
}

/** Drops what the screen has left out, and what was named twice. */
export function uniqueTargets(specs: Iterable<TargetSpec | undefined>): TargetSpec[] {
  const unique = new Map<string, TargetSpec>();
  for (const spec of specs) if (spec !== undefined) unique.set(spec.url, spec);
  return [...unique.values()];
}
