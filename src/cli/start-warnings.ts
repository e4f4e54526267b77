import { setImmediate } from 'node:timers/promises';
import type { Remark } from '../audit/remark.ts';
import { nameOfRoute } from '../config/route-name.ts';
import type { RouteConfig } from '../config/routes.ts';
import type { Deps } from '../deps.ts';
import { type FindingId, isFindingId } from '../findings.ts';
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
  address: '',
  lastError: '',
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
): Promise<readonly Remark[]> {
  const warnings: Warning[] = [];
  const sink = { append: (line: string) => void warnings.push(JSON.parse(line) as Warning) };
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
  const names = config.routes.map(nameOfRoute);
  return warnings.filter(({ finding }) => finding !== FOUND_BY_VALUE).flatMap((warning) => remarkOn(warning, names));
}

/** A line of the log, as far as it is looked at. */
interface Warning {
  readonly message: string;
  readonly finding?: string;
  /** Names of the routes that it is about. */
  readonly routes?: readonly string[];
}

/** Services are left out here, and so it would be told of routes alone: the audit sees both. */
const FOUND_BY_VALUE = 'token-key-of-one-process' satisfies FindingId;

/** Where it stands in the file that a warning is about, where it is not about routes. */
const PLACES: Partial<Record<FindingId, readonly string[]>> = {
  'audience-unchecked': ['issuers'],
  'keys-over-http': ['issuers'],
  'consumers-without-redis': ['consumerStore'],
};

/** One for each route, so that each can be silenced by itself. */
function remarkOn({ message, finding = '', routes = [] }: Warning, names: readonly string[]): readonly Remark[] {
  const id = isFindingId(finding) ? finding : 'other-warning';
  const indices = routes.map((name) => names.indexOf(name)).filter((index) => index >= 0);
  if (indices.length === 0) return [{ id, at: PLACES[id] ?? [], message }];
  return indices.map((index) => ({ id, at: ['routes', index], message: SAYINGS[id]?.(names[index] ?? '') ?? message }));
}

/** What a start says of many routes in one sentence, said of one of them. */
const SAYINGS: Partial<Record<FindingId, (name: string) => string>> = {
  'nobody-can-call': (name) =>
    `the route "${name}" answers 401 to everyone, since no credential that it accepts is configured`,
};

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
