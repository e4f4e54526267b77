import { Resolver } from 'node:dns/promises';
import { z } from 'zod';
import { allow, scheme } from './common-options.ts';
import type { DiscoveryDeps } from './deps.ts';
import { defineDiscovery } from './discovery.ts';
import { type DnsAddress, lookUp, parseDnsQuestion } from './dns-lookup.ts';
import { type DiscoveryAnswer, followDiscovery } from './follow.ts';
import type { TargetSource } from './source.ts';
import { createTargetScreen, uniqueTargets } from './target-screen.ts';

const DNS_NAME = /^(?:(?:srv|a):)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?(?::\d{1,5})?$/;

function hasPortOrSrv(text: string): boolean {
  const port = /:(\d+)$/.exec(text)?.[1];
  if (text.startsWith('srv:')) return port === undefined;
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

export const dnsOption = z.strictObject({
  dns: z
    .string()
    .regex(DNS_NAME, { error: 'expected "srv:_http._tcp.orders.local" or "orders.local:8080"' })
    .refine(hasPortOrSrv, {
      error: 'SRV records name the port themselves ("srv:NAME"); any other name needs one ("NAME:PORT")',
    })
    .describe('"srv:NAME" for SRV records, "NAME:PORT" for every address (A and AAAA) of a name.'),
  server: z
    .array(z.string().min(1).max(64))
    .min(1)
    .max(3)
    .optional()
    .describe('DNS servers to ask, address or address:port. Default: those of the system.'),
  scheme,
  allow,
});

type DnsOptions = z.output<typeof dnsOption>;

const MIN_TTL_MS = 1_000;
const MAX_TTL_MS = 5 * 60_000;
/** A name without addresses: Node does not tell how long that holds (RFC 2308). */
const EMPTY_TTL_MS = 2_000;
const LONGEST_PAUSE_MS = 10_000;
/** One try of one server, and how many; a look-up that hangs is given up after both. */
const QUERY_TIMEOUT_MS = 2_000;
const QUERY_TRIES = 2;

/** The addresses behind a name of DNS. */
export const dnsDiscovery = defineDiscovery({
  option: dnsOption,
  nameOf: ({ dns }) => `dns:${dns}`,
  create: createDnsTargets,
});

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
