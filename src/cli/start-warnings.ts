import { setImmediate } from 'node:timers/promises';
import type { RouteConfig } from '../config/routes.ts';
import type { Deps } from '../deps.ts';
import { finish } from '../lib/steps.ts';
import { createMessageLog } from '../log/log.ts';
import { createMetrics } from '../metrics.ts';
import type { RedisLink } from '../redis/link.ts';
import { createDeps } from '../server/assemble.ts';
import type { Settings } from '../settings.ts';
import { type Configuration, compileSnapshot } from '../snapshot.ts';

/** A Redis that is configured, and that nobody asks. */
const SILENT_REDIS: RedisLink = {
  isUp: false,
  isCluster: false,
  prefix: 'turnpike:',
  send: () => Promise.reject(new Error('a check asks nobody')),
  onChange: () => () => {},
  subscribe: () => () => {},
  distrust: () => {},
  close: () => Promise.resolve(),
};

/**
 * What `start` would warn of with these settings and routes: they are compiled as for a start, and let go at once.
 * Routes end at the gateway itself, so that nobody is called: no service, no Consul, no Redis.
 */
export async function collectStartWarnings(
  settings: Settings,
  { config, ...configuration }: Configuration,
): Promise<readonly string[]> {
  const warnings: string[] = [];
  const sink = { append: (line: string) => void warnings.push((JSON.parse(line) as { message: string }).message) };
  const made = createDeps({ ...settings, redisUrl: undefined }, { access: sink, messages: sink }, createMetrics());
  const deps: Deps = {
    ...made,
    settings,
    log: createMessageLog({ logLevel: 'warn', logFormat: 'json' }, sink, made.hidden.hide),
    redis: settings.redisUrl === undefined ? undefined : SILENT_REDIS,
  };
  const snapshot = compileSnapshot(
    { ...configuration, config: { ...config, services: {}, routes: config.routes.map(endHere) } },
    { ...deps, inProcess },
  );
  snapshot.comeIntoForce();
  // Some warnings wait until all routes are seen.
  await setImmediate();
  snapshot.retire({ run: finish, close() {} });
  deps.deadlines.stop();
  return warnings;
}

/** No request is there to need it. */
function inProcess(): never {
  throw new Error('a check sends nothing');
}

const FAR_SIDE_KEYS = ['service', 'target', 'targets', 'discover', 'healthCheck', 'passiveHealth', 'mirror'] as const;

function endHere(route: RouteConfig): RouteConfig {
  const here: Partial<Record<string, unknown>> = { ...route, respond: [] };
  for (const key of FAR_SIDE_KEYS) delete here[key];
  return here as RouteConfig;
}
