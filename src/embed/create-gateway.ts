import type { Server } from 'node:http';
import { ConfigError } from '../config/config-error.ts';
import { warnOfRoutes } from '../config/route-warnings.ts';
import { warnOfSettings } from '../config/setting-warnings.ts';
import { type Watching, watchRoutes } from '../config/watch.ts';
import type { Deps } from '../deps.ts';
import { settledWithin } from '../lib/settled-within.ts';
import { renderMetrics } from '../metrics/exposition.ts';
import { createMetrics } from '../metrics.ts';
import { stagesClosed } from '../own/closings.ts';
import { type Assembled, assemble, createDeps } from '../server/assemble.ts';
import { listen } from '../server/listen.ts';
import type { Reloader } from '../server/reload.ts';
import { createOpenAdmin } from './admin.ts';
import { checkOptions, createGivenRoutes, type GivenRoutes } from './load-given.ts';
import { createLogs, type Logs } from './logs.ts';
import { createMount } from './mount.ts';
import type { Gateway, GatewayOptions } from './public.ts';
import { readSettings } from './read-settings.ts';
import { attachUpgrades } from './upgrades.ts';

/** How long connections to services and to Redis may take to close. */
const CLOSE_MS = 1_000;

/**
 * Makes a gateway for an application: to be mounted (`app.use('/api', gateway)`), or to listen by itself. It takes no
 * signals, ends no process, and shares nothing with other gateways. Rejects with a GatewayConfigError that lists every
 * fault of the settings, or of the routes.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  checkOptions(options);
  const { settings, env } = readSettings(options.settings ?? {}, options.env ?? {});
  const given = createGivenRoutes(options, env);
  const logs = createLogs(options.logger);
  // What a logger is told is read from JSON.
  const logFormat = typeof options.logger === 'object' ? 'json' : settings.logFormat;
  const deps = createDeps({ ...settings, routesFile: given.file, logFormat }, logs, createMetrics());
  // Until it is asked for, only what needs somebody is told.
  if (options.logger === undefined && env['LOG_LEVEL'] === undefined) deps.log.level = 'warn';
  const life: Life = { state: 'open', hasPort: false };
  const assembled = await assembleOrLetGo(deps, given, life);
  const { gateway, reloader } = assembled;
  for (const warning of warningsOf(assembled)) deps.log.warn(warning);
  const watching =
    given.isFile && options.watch !== false ? watchRoutes(given.file, () => void reloader.reload('watch')) : undefined;
  const { fallthrough = false } = options;
  const mount = createMount({ gateway, fallthrough, state: () => life.state });
  const undo: (() => void)[] = [];
  return Object.assign(mount, {
    upgrade: (server, { path = '/' } = {}) => {
      undo.push(attachUpgrades(server as Server, { gateway, mount: path.replace(/\/+$/, '') }));
    },
    listen: createListen(assembled, logs, life),
    reload: createReload(given, reloader),
    admin: createOpenAdmin(assembled),
    metrics: async () => String(await renderMetrics(deps.metrics.registry, 'text')),
    close: createClose(assembled, { logs, life, watching, undo }),
  } satisfies Methods);
}

type Methods = { readonly [K in keyof Gateway]: Gateway[K] };

/** Where a gateway is in its life. */
interface Life {
  state: 'open' | 'closing' | 'closed';
  /** It has listened by itself: then it answers `/health`, which in an application is the application's. */
  hasPort: boolean;
}

async function assembleOrLetGo(deps: Deps, { load }: GivenRoutes, life: Life): Promise<Assembled> {
  try {
    return await assemble(deps, load, () => life.hasPort);
  } catch (error) {
    deps.deadlines.stop();
    void deps.redis?.close();
    throw error;
  }
}

function warningsOf({ gateway, deps }: Assembled): readonly string[] {
  const { config } = gateway.snapshot;
  // What port it has, if any, is not known yet.
  return [...warnOfRoutes(config.routes), ...warnOfSettings(config, { ...deps.settings, port: 0, adminPort: 0 })];
}

function createListen({ deps, server, gateway }: Assembled, logs: Logs, life: Life): Gateway['listen'] {
  const { settings, log } = deps;
  return async function listenAlone({ port = settings.port, host = settings.host } = {}) {
    if (life.hasPort || life.state !== 'open') throw new Error('the gateway listens already, or has been closed');
    life.hasPort = true;
    const own = await listen(server, port, host).catch((error: unknown) => {
      life.hasPort = false;
      throw error;
    });
    logs.open();
    deps.logLevel.apply();
    log.info(`turnpike listens on port ${own} of ${host}`, { routes: gateway.snapshot.routes.length });
    return { port: own };
  };
}

/** One at a time: each is told what came of its own routes. */
function createReload(given: GivenRoutes, reloader: Reloader): Gateway['reload'] {
  let queue: Promise<unknown> = Promise.resolve();

  async function reloadNow(text: string | undefined, isForced: boolean): ReturnType<Gateway['reload']> {
    const putBack = text === undefined ? undefined : given.replace(text);
    const { result, changes, faults } = await reloader.reload('application', isForced);
    if (result !== 'refused') return { result, changes };
    putBack?.();
    throw new ConfigError(faults);
  }

  return async function reload(routes, { force = false } = {}) {
    const text = routes === undefined ? undefined : given.render(routes);
    const outcome = queue.then(() => reloadNow(text, force));
    queue = outcome.catch(() => undefined);
    return outcome;
  };
}

interface Closing {
  readonly logs: Logs;
  readonly life: Life;
  readonly watching: Watching | undefined;
  readonly undo: readonly (() => void)[];
}

function createClose(assembled: Assembled, { logs, life, watching, undo }: Closing): Gateway['close'] {
  let over: Promise<boolean> | undefined;

  async function close(): Promise<boolean> {
    life.state = 'closing';
    watching?.close();
    for (const detach of undo) detach();
    const isDone = await assembled.drain.begin(0);
    await assembled.deps.tracing?.close();
    life.state = 'closed';
    await settledWithin(assembled.close(), CLOSE_MS);
    await stagesClosed(assembled.deps.deadlines);
    await logs.flush();
    return isDone;
  }

  return () => {
    over ??= close();
    return over;
  };
}
