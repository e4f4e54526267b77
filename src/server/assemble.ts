import type { Server } from 'node:http';
import { hostname } from 'node:os';
import { createAdminServer } from '../admin/server.ts';
import type { LoadedRoutes, LoadOptions } from '../config/load-with.ts';
import type { FileConfig } from '../config/routes.ts';
import { contextOf } from '../context.ts';
import type { Connect, Deps } from '../deps.ts';
import { createWhatIf } from '../explain/what-if/what-if.ts';
import { createGateway, type Gateway } from '../gateway.ts';
import { systemClock } from '../lib/clock.ts';
import { Deadlines } from '../lib/deadlines.ts';
import { HiddenValues } from '../lib/hidden-values.ts';
import { OpenSockets } from '../lib/open-sockets.ts';
import { inSlices, type Steps } from '../lib/steps.ts';
import { LogLevel } from '../log/level.ts';
import { createAccessLog, createMessageLog, type LineSink } from '../log/log.ts';
import type { Metrics } from '../metrics.ts';
import { createOverview, type Overview } from '../overview/overview.ts';
import { Pool } from '../pool.ts';
import { createRedis } from '../redis/link.ts';
import type { Settings } from '../settings.ts';
import { createCalls } from '../upstream/call.ts';
import { firstDiscoveries } from '../upstream/discovery/discover.ts';
import { breakOffAll } from './break-off.ts';
import { createDrain, type Drain } from './drain.ts';
import { createHealth } from './health.ts';
import { createFrontServer, listen } from './listen.ts';
import { readShared } from './read-shared.ts';
import { createReloader } from './reload.ts';
import { type RememberingReloader, rememberReloads } from './reload-history.ts';
import { createSweeps, type Sweeps } from './sweeps.ts';
import { createTrial, type Trial } from './trial.ts';

/** The close code of a WebSocket whose server is leaving (RFC 6455, section 7.4.1). */
const GOING_AWAY = 1001;

/** Where the lines of the two logs go. */
export interface Sinks {
  readonly access: LineSink;
  readonly messages: LineSink;
}

/** A gateway and all that belongs to it, with ports or without. */
export interface Assembled {
  readonly deps: Deps;
  readonly gateway: Gateway;
  readonly reloader: RememberingReloader;
  /** Tries another file on the last requests. */
  readonly trial: Trial;
  readonly drain: Drain;
  readonly sweeps: Sweeps;
  /** What goes on in it, for operators. */
  readonly overview: Overview;
  /** The main port, which need never listen. */
  readonly server: Server;
  /** Lets go of every socket and connection at once. */
  close(): Promise<void>;
}

/** A gateway that listens. */
export interface Running extends Assembled {
  readonly port: number;
  readonly adminPort: number;
}

/** What lives as long as the process. */
export function createDeps(settings: Settings, sinks: Sinks, metrics: Metrics, connect?: Connect): Deps {
  const hidden = new HiddenValues();
  const log = createMessageLog(settings, sinks.messages, hidden.hide);
  const accessLog = createAccessLog(settings, sinks.access, hidden);
  const deadlines = new Deadlines();
  return {
    settings,
    hidden,
    log,
    accessLog,
    logLevel: new LogLevel(settings.logLevel, [log, accessLog]),
    clock: systemClock,
    metrics,
    pool: new Pool(),
    deadlines,
    call: createCalls(deadlines, connect),
    connect,
    eventStreams: new Set(),
    sockets: new OpenSockets((open) => metrics.websocketsOpen.set(open)),
    redis: settings.redisUrl === undefined ? undefined : createRedis(settings.redisUrl, log),
  };
}

/** Reads the routes; `trial`: others in their place, which may name nothing else than those in force. */
export type Load = (trial?: Pick<LoadOptions, 'read' | 'only'>) => Steps<LoadedRoutes<FileConfig>>;

/** Puts gateway and ports together and listens. `load` reads the routes, now and at each reload. */
export async function runGateway(deps: Deps, load: Load): Promise<Running> {
  const { settings } = deps;
  const assembled = await assemble(deps, load);
  const { server } = assembled;
  const admin = createAdminServer(assembled);
  const port = await listen(server, settings.port, settings.host);
  const adminPort = await listen(admin, settings.adminPort, settings.adminHost).catch(async (error: unknown) => {
    await closeServer(server);
    throw error;
  });
  return {
    ...assembled,
    port,
    adminPort,
    async close() {
      await Promise.all([assembled.close(), closeServer(admin)]);
    },
  };
}

/**
 * The gateway, listening nowhere yet, with what it can know before its first request: targets, bans, revoked tokens.
 * `hasHealth`: whether it answers `/health` and its like before any route.
 */
export async function assemble(given: Deps, load: Load, hasHealth: () => boolean = () => true): Promise<Assembled> {
  const deps = await withTracing(given);
  const { settings } = deps;
  const beganAtMs = performance.now();
  const loaded = await inSlices(load());
  const health = createHealth(deps, {
    get isDraining() {
      return drain.isDraining;
    },
  });
  const gateway = createGateway(deps, loaded, (context) => hasHealth() && health(context));
  const { app, classes } = gateway.express;
  const server = createFrontServer(
    {
      classes,
      handler(req, res) {
        if (drain.isDraining) res.shouldKeepAlive = false;
        app(req, res);
      },
      refuse: gateway.refuse,
      fail: (req, error) => gateway.fail(contextOf(req), error),
      wantsUpgrade: gateway.wantsUpgrade,
      upgrade: gateway.upgrade,
    },
    settings.keepAliveMs,
  );
  const drain = createDrain({
    server,
    inFlight: () => gateway.inFlight,
    closeSockets: () => endStreams(deps),
    breakOff: () => breakOffAll(gateway),
    log: deps.log,
    shutdownTimeoutMs: settings.shutdownTimeoutMs,
  });
  const sweeps = createSweeps(gateway, deps);
  countTransitions(deps);
  const whatIf = createWhatIf(deps);
  const reloader = rememberReloads(
    createReloader({ gateway, deps, load, whatIf, first: loaded }),
    new Date(deps.clock.now()).toISOString(),
    performance.now() - beganAtMs,
  );
  const trial = createTrial({ gateway, file: settings.routesFile, load, whatIf });
  const instance = (): string => instanceOf(server, settings.port);
  const overview = createOverview({ deps, gateway, reloader, drain, instance });
  await Promise.all([firstDiscoveries(deps.pool), readShared(deps)]);
  return {
    deps,
    gateway,
    reloader,
    trial,
    drain,
    sweeps,
    overview,
    server,
    async close() {
      sweeps.stop();
      overview.close();
      await Promise.all([reloader.close(), trial.close()]);
      endStreams(deps);
      await closeServer(server);
      await deps.tracing?.close();
      gateway.close();
      deps.deadlines.stop();
      await deps.redis?.close();
    },
  };
}

/** Nothing of it is loaded where nothing is traced. */
async function withTracing(deps: Deps): Promise<Deps> {
  const { tracing } = deps.settings;
  if (tracing === undefined) return deps;
  const { createTracing } = await import('../tracing/tracing.ts');
  return { ...deps, tracing: createTracing(tracing, deps) };
}

/** How often the way to Redis was lost and found: one that flaps is up whenever somebody looks. */
function countTransitions({ redis, metrics }: Deps): void {
  if (redis === undefined) return;
  const [up, down] = [metrics.redisTransitions.labels('up'), metrics.redisTransitions.labels('down')];
  redis.onChange((isUp) => (isUp ? up : down).inc());
}

/** What would never end by itself: WebSockets are told, event streams end where an event does. */
function endStreams({ sockets, eventStreams }: Deps): void {
  sockets.shutDown(GOING_AWAY, 'shutting down');
  for (const stream of [...eventStreams]) stream.shutDown();
}

function closeServer(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  return closed;
}

/** Host and port; of a gateway that is embedded elsewhere, the port that it was given. */
function instanceOf(server: Server, port: number): string {
  const address = server.address();
  return `${hostname()}:${typeof address === 'object' && address !== null ? address.port : port}`;
}
