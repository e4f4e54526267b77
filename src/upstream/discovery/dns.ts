import { Resolver } from 'node:dns/promises';
import type { DiscoveryDeps } from './deps.ts';
import { type DnsAddress, lookUp, parseDnsQuestion } from './dns-lookup.ts';
import { type DiscoveryAnswer, followDiscovery } from './follow.ts';
import type { DnsOptions } from './options.ts';
import type { TargetSource } from './source.ts';
import { createTargetScreen, uniqueTargets } from './target-screen.ts';

const MIN_TTL_MS = 1_000;
const MAX_TTL_MS = 5 * 60_000;
/** A name without addresses: Node does not tell how long that holds (RFC 2308). */
const EMPTY_TTL_MS = 2_000;
const LONGEST_PAUSE_MS = 10_000;
/** One try of one server, and how many; a look-up that hangs is given up after both. */
const QUERY_TIMEOUT_MS = 2_000;
const QUERY_TRIES = 2;

/** Targets from DNS, asked again when the shortest TTL of the answer is over, from now until closed. */
export function createDnsTargets(options: DnsOptions, deps: DiscoveryDeps): TargetSource {
  const { random = Math.random } = deps;
  const question = parseDnsQuestion(options.dns);
  const label = `dns: ${question.name}`;
  const screen = createTargetScreen(label, options, deps);
  const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });
  if (options.server !== undefined) resolver.setServers(options.server);

  async function ask(): Promise<DiscoveryAnswer> {
    const addresses = await lookUp(resolver, question);
    const specs = uniqueTargets(addresses.map(({ address, port, weight }) => screen(address, port, weight)));
    return { specs, pauseMs: pauseAfter(addresses, random) };
  }

  const longestPauseMs = () => LONGEST_PAUSE_MS;
  return followDiscovery({ label, ask, longestPauseMs, close: () => resolver.cancel() }, deps);
}

/** Until the shortest TTL is over, and up to a tenth longer, so that gateways don't ask in step. */
export function pauseAfter(addresses: readonly Pick<DnsAddress, 'ttlSeconds'>[], random: () => number): number {
  if (addresses.length === 0) return EMPTY_TTL_MS;
  const shortestMs = Math.min(...addresses.map(({ ttlSeconds }) => ttlSeconds)) * 1000;
  return Math.min(Math.max(shortestMs, MIN_TTL_MS), MAX_TTL_MS) * (1 + random() / 10);
}
