import type { Entity } from './entity.ts';
import type { Notes } from './notes.ts';

const DEFAULT_PORT = 8000;
const DEFAULT_WEIGHT = 100;

export interface UpstreamPlan {
  readonly targets: readonly (string | { readonly url: string; readonly weight?: number })[];
  readonly [key: string]: unknown;
}

/** Targets, balancing and health checks of one of Kong's upstreams. */
export function planUpstream(
  upstream: Entity,
  beside: readonly Entity[],
  { scheme, base }: { readonly scheme: string; readonly base: string },
  notes: Notes,
): UpstreamPlan {
  const label = `upstream ${upstream.text('name') ?? ''}`;
  const found = [...upstream.children('targets'), ...beside].map((target) => {
    const address = target.text('target') ?? '';
    const port = /:\d+$/.test(address) ? '' : `:${DEFAULT_PORT}`;
    return { url: `${scheme}://${address}${port}${base}`, weight: target.number('weight') ?? DEFAULT_WEIGHT };
  });
  const isEven = new Set(found.map(({ weight }) => weight)).size <= 1;
  if (found.length === 0) notes.lost(upstream.line, `${label} has no targets: its services answer 503`);
  for (const key of ['host_header', 'client_certificate', 'use_srv_name', 'hash_fallback', 'hash_fallback_header'])
    if (upstream.has(key)) notes.lost(upstream.lineOf(key), `${label}: "${key}"`);
  upstream.ignore('slots', 'hash_on_cookie_path');
  return {
    targets: isEven ? found.map(({ url }) => url) : found,
    ...balanceOf(upstream, label, notes),
    ...checksOf(upstream.child('healthchecks'), label, notes),
  };
}

function balanceOf(upstream: Entity, label: string, notes: Notes): Record<string, unknown> {
  const algorithm = upstream.text('algorithm') ?? 'round-robin';
  const hashOn = upstream.text('hash_on') ?? 'none';
  const [header, cookie] = [upstream.text('hash_on_header'), upstream.text('hash_on_cookie')];
  for (const key of ['hash_on_query_arg', 'hash_on_uri_capture'])
    if (upstream.has(key)) notes.lost(upstream.lineOf(key), `${label}: "${key}"`);
  // Without `balance` targets of different weights are asked by those, and others by how busy they are.
  if (algorithm === 'least-connections' || algorithm === 'latency') return { balance: 'least-busy' };
  if (algorithm !== 'consistent-hashing' && hashOn === 'none') return {};
  const keys: Readonly<Record<string, unknown>> = {
    none: 'hash',
    consumer: 'hash',
    ip: { hash: 'address' },
    header: { hash: `header:${header ?? ''}` },
    cookie: { hash: `cookie:${cookie ?? ''}` },
  };
  if (Object.hasOwn(keys, hashOn)) return { balance: keys[hashOn] };
  notes.lost(upstream.lineOf('hash_on'), `${label}: hash_on "${hashOn}"; targets are asked by how busy they are`);
  return {};
}

/** Active checks by HTTP, and when a target that fails is left alone. */
function checksOf(checks: Entity | undefined, label: string, notes: Notes): Record<string, unknown> {
  const active = checks?.child('active');
  const passive = checks?.child('passive');
  if (checks?.has('threshold') && checks.number('threshold') !== 0)
    notes.lost(checks.lineOf('threshold'), `${label}: a threshold of healthy weight`);
  return { ...activeOf(active, label, notes), ...passiveOf(passive, label, notes) };
}

function activeOf(active: Entity | undefined, label: string, notes: Notes): Record<string, unknown> {
  const [healthy, unhealthy] = [active?.child('healthy'), active?.child('unhealthy')];
  const interval = [healthy?.number('interval'), unhealthy?.number('interval')].filter((each) => (each ?? 0) > 0);
  if (active === undefined || interval.length === 0) return {};
  const type = active.text('type') ?? 'http';
  if (type === 'tcp' || type.startsWith('grpc')) {
    notes.lost(active.line, `${label}: active checks by ${type}; here they ask a path, see "healthCheck"`);
    return {};
  }
  for (const key of ['headers', 'https_sni'])
    if (active.has(key)) notes.lost(active.lineOf(key), `${label}: "${key}" of active checks`);
  const timeout = active.number('timeout');
  return {
    healthCheck: {
      path: active.text('http_path') ?? '/',
      interval: seconds(Math.min(...(interval as number[])), 3600),
      ...(timeout !== undefined && { timeout: seconds(timeout, 60) }),
      ...thresholdsOf(healthy, unhealthy),
    },
  };
}

function thresholdsOf(healthy: Entity | undefined, unhealthy: Entity | undefined): Record<string, unknown> {
  const failures = Math.min(
    ...['http_failures', 'tcp_failures', 'timeouts'].map((key) => unhealthy?.number(key) || 100),
  );
  const statuses = (healthy?.texts('http_statuses') ?? []).map(Number);
  const successes = healthy?.number('successes');
  return {
    ...(successes && { healthyAfter: Math.min(successes, 100) }),
    ...(failures < 100 && { unhealthyAfter: failures }),
    ...(statuses.length > 0 && { status: statuses }),
  };
}

function seconds(written: number, most: number): string {
  return `${Math.round(Math.min(Math.max(written, 0.1), most) * 1000)}ms`.replace(/000ms$/, 's');
}

function passiveOf(passive: Entity | undefined, label: string, notes: Notes): Record<string, unknown> {
  const unhealthy = passive?.child('unhealthy');
  const counts = ['http_failures', 'tcp_failures', 'timeouts'].map((key) => unhealthy?.number(key) ?? 0);
  const written = counts.filter((count) => count > 0);
  if (passive === undefined || written.length === 0) return {};
  notes.changed(
    passive.line,
    `${label}: a target that fails is tried again by itself after a while; Kong leaves it out until somebody says so`,
  );
  return { passiveHealth: { failures: Math.min(...written) } };
}
