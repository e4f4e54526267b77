import { z } from 'zod';
import { allow, scheme } from './common-options.ts';
import { createConsulConnection } from './consul-connection.ts';
import { parseConsulInstances } from './consul-instances.ts';
import type { DiscoveryDeps } from './deps.ts';
import { defineDiscovery } from './discovery.ts';
import { type DiscoveryAnswer, followDiscovery } from './follow.ts';
import type { TargetSource } from './source.ts';
import { createTargetScreen } from './target-screen.ts';

export const consulOption = z.strictObject({
  consul: z.string().min(1).max(128).describe('Name of the service in Consul.'),
  tag: z.string().min(1).max(128).optional().describe('Only instances with this tag.'),
  datacenter: z.string().min(1).max(128).optional().describe('Datacenter to ask; default: the one of the agent.'),
  address: z
    .url({ protocol: /^https?$/, error: 'expected an address such as "http://localhost:8500"' })
    .optional()
    .describe('Address of the Consul agent. Default: CONSUL_HTTP_ADDR.'),
  token: z
    .string()
    .min(1)
    .optional()
    .describe('Token for Consul, as "${ENV:NAME}". Default: CONSUL_HTTP_TOKEN, unless `address` is set.'),
  scheme,
  allow,
});

type ConsulOptions = z.output<typeof consulOption>;

const DEFAULT_WAIT_MS = 60_000;
const DEFAULT_SLACK_MS = 5_000;
/** Two queries never begin closer than this, however eagerly Consul answers. */
const MIN_SPACING_MS = 200;
/** Without an index there is nothing to wait for: then it is polling. */
const NO_INDEX_SPACING_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** A refused connection costs nobody much, and an agent that restarts should be found soon. */
const LONGEST_PAUSE_REFUSED_MS = 1_000;

/** The instances of a service that Consul knows. */
export const consulDiscovery = defineDiscovery({
  option: consulOption,
  nameOf: ({ consul }) => `consul:${consul}`,
  create: createConsulTargets,
});

/** Targets from Consul's health endpoint, followed by blocking queries from now until closed. */
export function createConsulTargets(options: ConsulOptions, deps: DiscoveryDeps): TargetSource {
  const { waitMs = DEFAULT_WAIT_MS, slackMs = DEFAULT_SLACK_MS } = deps;
  const label = `consul: ${options.consul}`;
  const screen = createTargetScreen(label, options, deps);
  const base = createBaseUrl(options, deps, waitMs);
  // The token in the environment is for the agent in the environment.
  const token = options.token ?? (options.address === undefined ? deps.settings.consulHttpToken : undefined);
  const connection = createConsulConnection(base.protocol, token);
  const deadlineMs = waitMs + waitMs / 16 + slackMs;
  let index = 0;

  async function ask(signal: AbortSignal): Promise<DiscoveryAnswer> {
    const begunAtMs = performance.now();
    const url = new URL(base);
    // Another connection may lead to another Consul, or to one that came back and counts from 1 again: it would sit on
    // an index from before. A query without one is answered at once.
    const lastIndex = connection.isOpen ? index : 0;
    if (lastIndex > 0) url.searchParams.set('index', String(lastIndex));
    const answer = await connection.query(url, deadlineMs, signal);
    const specs = parseConsulInstances(answer.body, screen);
    // Consul's rule for an index that goes backwards: the servers were restored, or started anew.
    const hasForgotten = answer.index < index;
    index = answer.index < lastIndex ? 0 : answer.index;
    const spacingMs = index === 0 ? NO_INDEX_SPACING_MS : MIN_SPACING_MS;
    return { specs, hasForgotten, pauseMs: begunAtMs + spacingMs - performance.now() };
  }

  const longestPauseMs = (error: unknown) => (isRefused(error) ? LONGEST_PAUSE_REFUSED_MS : LONGEST_PAUSE_MS);
  return followDiscovery({ label, ask, longestPauseMs, close: connection.close }, deps);
}

function createBaseUrl(options: ConsulOptions, deps: DiscoveryDeps, waitMs: number): URL {
  const base = options.address ?? deps.settings.consulHttpAddr;
  const url = new URL(`${base.replace(/\/+$/, '')}/v1/health/service/${encodeURIComponent(options.consul)}`);
  url.searchParams.set('passing', '1');
  url.searchParams.set('wait', `${Math.round(waitMs)}ms`);
  if (options.tag !== undefined) url.searchParams.set('tag', options.tag);
  if (options.datacenter !== undefined) url.searchParams.set('dc', options.datacenter);
  return url;
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
}
