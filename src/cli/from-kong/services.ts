import { targetUrl } from '../../upstream/target.ts';
import type { Entity } from './entity.ts';
import type { KongFile, KongService } from './kong-file.ts';
import type { Notes } from './notes.ts';
import { KongFault } from './read-kong.ts';
import { planUpstream } from './upstreams.ts';

/** A service as `services` of routes.json has it, and what its routes say of it. */
export interface ServicePlan {
  readonly name: string;
  readonly keys: Readonly<Record<string, unknown>>;
  /** Keys of each of its routes: deadlines, retries. */
  readonly ofRoutes: Readonly<Record<string, unknown>>;
}

const HTTP = { http: 80, https: 443, grpc: 80, grpcs: 443, ws: 80, wss: 443 } as const;

/** Undefined where it is switched off, or speaks no HTTP. */
export function planService(service: KongService, file: KongFile, notes: Notes, name: string): ServicePlan | undefined {
  const { entity } = service;
  const label = `service ${service.name}`;
  if (entity.flag('enabled') === false) {
    notes.told(entity.lineOf('enabled'), `${label} is switched off there: it is left out, with its routes`);
    return undefined;
  }
  const address = readAddress(entity);
  if (!Object.hasOwn(HTTP, address.protocol)) {
    notes.lost(entity.line, `${label} left out, with its routes: ${address.protocol} is no HTTP`);
    return undefined;
  }
  if (address.protocol.startsWith('grpc'))
    notes.lost(entity.line, `${label}: gRPC is passed on as HTTP, without trailers`);
  const scheme = HTTP[address.protocol as keyof typeof HTTP] === 443 ? 'https' : 'http';
  const upstream = file.upstreams.get(address.host);
  const base = address.path.replace(/\/+$/, '');
  const planned =
    upstream === undefined
      ? { targets: [`${scheme}://${hostPort(address.host, address.port, scheme)}${base}`] }
      : planUpstream(upstream, file.targets.get(address.host) ?? [], { scheme, base }, notes);
  checkTargets(planned.targets, entity, label);
  const keys = { ...planned, ...tlsOf(entity, scheme, label, notes) };
  return { name, keys, ofRoutes: { ...timeoutsOf(entity, label, notes), ...retryOf(entity, label, notes) } };
}

interface Address {
  readonly protocol: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly path: string;
}

function readAddress(entity: Entity): Address {
  const url = entity.text('url');
  if (url !== undefined) {
    const { protocol, hostname, port, pathname } = URL.parse(url) ?? {};
    if (protocol === undefined || hostname === undefined || hostname === '')
      throw new KongFault(entity.lineOf('url'), `"${url}" is no URL`);
    return { protocol: protocol.slice(0, -1), host: hostname, port: Number(port) || undefined, path: pathname ?? '' };
  }
  const host = entity.text('host');
  if (host === undefined) throw new KongFault(entity.line, 'a service needs "url" or "host"');
  const [protocol = 'http', path = ''] = [entity.text('protocol'), entity.text('path')];
  return { protocol, host, port: entity.number('port'), path };
}

function hostPort(host: string, port: number | undefined, scheme: string): string {
  return port === undefined || port === (scheme === 'https' ? 443 : 80) ? host : `${host}:${port}`;
}

function checkTargets(targets: readonly (string | { readonly url: string })[], entity: Entity, label: string): void {
  for (const target of targets) {
    const url = typeof target === 'string' ? target : target.url;
    const parsed = targetUrl.safeParse(url);
    if (!parsed.success)
      throw new KongFault(
        entity.line,
        `${label}: "${url}" is no address here: ${parsed.error.issues[0]?.message ?? ''}`,
      );
  }
}

function tlsOf(entity: Entity, scheme: string, label: string, notes: Notes): Record<string, unknown> {
  for (const key of ['client_certificate', 'ca_certificates', 'tls_verify_depth'])
    if (entity.has(key))
      notes.lost(entity.lineOf(key), `${label}: "${key}"; write "tls" of the service with \${FILE:…} instead`);
  const verify = entity.flag('tls_verify');
  if (scheme !== 'https') return {};
  if (verify === undefined)
    notes.changed(entity.line, `${label}: its certificate is verified here, as Kong does with tls_verify alone`);
  return verify === false ? { tls: { verify: false } } : {};
}

/** In milliseconds; what is not written is said once for all in the defaults of the file. */
function timeoutsOf(entity: Entity, label: string, notes: Notes): Record<string, unknown> {
  const connect = durationOf(entity.number('connect_timeout'));
  const read = durationOf(entity.number('read_timeout'));
  const write = entity.number('write_timeout');
  if (write !== undefined && write !== entity.number('read_timeout'))
    notes.changed(
      entity.lineOf('write_timeout'),
      `${label}: "write_timeout" is no deadline of its own: "timeouts.idle" is for both ways`,
    );
  if (connect === undefined && read === undefined) return {};
  return {
    timeouts: {
      ...(connect !== undefined && { connect }),
      ...(read !== undefined && { headers: read, try: read, idle: read }),
    },
  };
}

const DAY_MS = 86_400_000;

export function durationOf(ms: number | undefined): string | undefined {
  if (ms === undefined) return undefined;
  const bounded = Math.min(Math.max(1, Math.round(ms)), DAY_MS);
  return bounded % 1000 === 0 ? `${bounded / 1000}s` : `${bounded}ms`;
}

const MOST_ATTEMPTS = 5;

function retryOf(entity: Entity, label: string, notes: Notes): Record<string, unknown> {
  const retries = entity.number('retries');
  if (retries === undefined) return {};
  if (retries === 0) return { retry: false };
  const attempts = Math.min(retries + 1, MOST_ATTEMPTS);
  if (attempts < retries + 1)
    notes.changed(entity.lineOf('retries'), `${label}: ${attempts} attempts at most, in place of ${retries + 1}`);
  // Kong repeats what has reached nobody, and what timed out.
  return { retry: { attempts, on: ['reset', 'timeout'] } };
}
