import type { TakeOver } from './draft.ts';
import type { Entity } from './entity.ts';
import type { PluginUse } from './kong-file.ts';
import type { Notes } from './notes.ts';

const WINDOWS = { second: '1s', minute: '1m', hour: '1h', day: '1d', month: '30d', year: '365d' } as const;

/** Windows of the calendar, aligned with the clock as Kong's are. */
export function windowsOf(config: Entity, label: string, notes: Notes): Record<string, unknown>[] {
  const windows = Object.entries(WINDOWS).flatMap(([name, window]) => {
    const limit = config.number(name);
    if (limit === undefined) return [];
    if (name === 'month' || name === 'year')
      notes.changed(
        config.lineOf(name),
        `${label}: a ${name} is ${window} long; a quota of a plan counts calendar months`,
      );
    return [{ limit, window, algorithm: 'fixed' }];
  });
  const limits = config.texts('limit');
  const sizes = config.texts('window_size');
  const isFixed = config.text('window_type') === 'fixed';
  const advanced = (limits ?? []).map((limit, at) => ({
    limit: Number(limit),
    window: `${sizes?.[at] ?? 60}s`,
    ...(isFixed && { algorithm: 'fixed' }),
  }));
  return [...windows, ...advanced];
}

export const rateLimiting: TakeOver = ({ config, draft, notes, label, use }) => {
  const windows = windowsOf(config, label, notes);
  if (windows.length === 0) notes.lost(use.line, `${label}: it has no window that is known here`);
  const by = countedBy(config, label, notes);
  const policy = config.text('policy') ?? config.text('strategy');
  if (policy === 'redis' || policy === 'cluster')
    notes.told(use.line, `${label}: counters are shared by all gateways with REDIS_URL`);
  const errorCode = config.number('error_code');
  if (errorCode !== undefined && errorCode !== 429)
    notes.lost(config.lineOf('error_code'), `${label}: a refusal is 429, and not ${errorCode}`);
  if (config.has('error_message'))
    notes.lost(config.lineOf('error_message'), `${label}: its message; see "errors" of the file`);
  if (config.flag('hide_client_headers') === true)
    notes.lost(config.lineOf('hide_client_headers'), `${label}: the fields about limits are always sent`);
  if (use.scope === 'service' && draft.sharesService)
    notes.changed(use.line, `${label}: each route of the service counts by itself`);
  const denies = config.flag('fault_tolerant') === false;
  config.ignore(
    'fault_tolerant',
    'policy',
    'strategy',
    'sync_rate',
    'namespace',
    'window_type',
    'dictionary_name',
    'redis',
  );
  config.ignore(...config.keys.filter((key) => key.startsWith('redis_')));
  notes.changed(
    0,
    'clients read RateLimit and RateLimit-Policy, not X-RateLimit-Limit-Minute and RateLimit-Reset as Kong has them',
  );
  draft.keys['rateLimits'] = windows.map((window) => ({
    ...window,
    ...(by !== 'consumer' && { by }),
    ...(use.scope === 'global' && { scope: 'gateway' }),
  }));
  if (denies) draft.keys['onStoreError'] = 'deny';
};

function countedBy(config: Entity, label: string, notes: Notes): string {
  const by = config.text('limit_by') ?? config.text('identifier') ?? 'consumer';
  config.ignore('limit_by', 'identifier');
  const header = config.text('header_name');
  if (config.has('path')) notes.changed(config.lineOf('path'), `${label}: all of the route is counted, not one path`);
  if (by === 'ip') return 'address';
  if (by === 'header' && header !== undefined && /^[\w-]+$/.test(header)) return `header:${header}`;
  if (by === 'service' || by === 'path') {
    notes.changed(config.lineOf('limit_by'), `${label}: calls of the route are counted together, whoever makes them`);
    return 'route';
  }
  if (by === 'credential') notes.changed(config.lineOf('limit_by'), `${label}: counted by consumer, not by credential`);
  else if (by !== 'consumer') notes.changed(config.lineOf('limit_by'), `${label}: counted by consumer, not by ${by}`);
  return 'consumer';
}

/** Limits of one consumer are a plan of its own here, which counts over all routes, and beside those of the routes. */
export function planOf(use: PluginUse, consumer: string, notes: Notes): Record<string, unknown> | undefined {
  const label = `${use.name} of consumer "${consumer}"`;
  const windows = windowsOf(use.config, label, notes);
  if (windows.length === 0) return undefined;
  notes.changed(use.line, `${label} is a plan: it counts over all routes, and the limits of a route hold beside it`);
  use.config.ignore(...use.config.keys);
  return { rateLimits: windows };
}
