import { loadRoutesInSteps } from '../config/load.ts';
import type { LoadedRoutes } from '../config/load-with.ts';
import type { FileConfig } from '../config/routes.ts';
import { watchRoutes } from '../config/watch.ts';
import { settledWithin } from '../lib/settled-within.ts';
import { inSlices } from '../lib/steps.ts';
import { createMetrics } from '../metrics.ts';
import { stagesClosed } from '../own/closings.ts';
import { createDeps, type Load, type Running, runGateway } from '../server/assemble.ts';
import type { Settings } from '../settings.ts';
import { findExample } from './api-examples.ts';
import { createDevCredentials } from './credentials.ts';
import { followDiscovered } from './discovered.ts';
import { createLines } from './lines.ts';
import { type LiveTargets, watchTargets } from './live-targets.ts';
import { createStandIns, type StandIns } from './stand-ins.ts';
import { findCurlLines, renderRoutes, type WelcomeTerms } from './welcome.ts';

export interface DevOptions {
  readonly settings: Settings;
  /** Where `${ENV:NAME}` of the file is looked up. */
  readonly env: NodeJS.ProcessEnv;
  readonly hasStubs: boolean;
  /** What each stub waits before it answers, and how often it fails. */
  readonly delayMs: number;
  readonly failRatio: number;
  readonly isColoured: boolean;
  readonly out: (text: string) => unknown;
  /** How `turnpike` is typed here. */
  readonly command: string;
}

/** A gateway that runs for one person at one terminal. */
export interface DevGateway {
  readonly url: string;
  readonly adminUrl: string;
  close(): Promise<void>;
}

const CLOSE_MS = 1_000;

/** Starts the gateway, with stubs for what nobody runs. Throws the ConfigError of a file that is at fault. */
export async function startDev(options: DevOptions): Promise<DevGateway> {
  const { settings, out } = options;
  const lineTerms = {
    isStubbed: (_origin: string): boolean => false,
    explain: (_method: string, path: string) => path,
  };
  const lines = createLines({
    isColoured: options.isColoured,
    isStubbed: (origin) => lineTerms.isStubbed(origin),
    explain: (method, path) => lineTerms.explain(method, path),
  });
  const sinks = {
    access: { append: (line: string) => void out(lines.request(line)) },
    messages: { append: (line: string) => void out(lines.message(line)) },
  };
  const sources = createSources(options, () => void running?.reloader.reload('discovery'));
  let running: Running | undefined;
  const deps = createDeps(
    { ...settings, logFormat: 'json' },
    sinks,
    createMetrics(),
    options.hasStubs ? sources.standIns.connect : undefined,
  );
  try {
    await sources.ask();
    running = await runGateway(deps, sources.load);
  } catch (error) {
    await sources.close();
    deps.deadlines.stop();
    await deps.redis?.close();
    throw error;
  }
  const { port, adminPort, reloader } = running;
  const [url, adminUrl] = [port, adminPort].map((each) => `http://${shownHost(settings.host)}:${each}`) as [
    string,
    string,
  ];
  if (options.hasStubs) lineTerms.isStubbed = sources.standIns.isStubbed;
  lineTerms.explain = explainHint(url, adminPort, options.command);
  await sources.standIns.ready();
  out(await renderWelcome(running, sources, { url, adminUrl, ...options }));
  sources.tellFromNowOn();
  const watching = watchRoutes(settings.routesFile, () => void reloader.reload('watch'));
  return { url, adminUrl, close: () => closeAll(running as Running, sources, watching.close) };
}

async function closeAll(running: Running, sources: Sources, unwatch: () => void): Promise<void> {
  unwatch();
  await running.drain.begin(0);
  await settledWithin(running.close(), CLOSE_MS);
  await stagesClosed(running.deps.deadlines);
  await sources.close();
}

interface Sources {
  readonly load: Load;
  readonly standIns: StandIns;
  readonly credentials: ReturnType<typeof createDevCredentials>;
  /** Asks Consul and DNS for what the file looks for, and waits a moment for it. */
  ask(): Promise<void>;
  /** What changes from now on is told on the terminal. */
  tellFromNowOn(): void;
  close(): Promise<void>;
}

/** Where the configuration comes from, and who answers in place of services that nobody runs. */
function createSources(options: DevOptions, reload: () => void): Sources {
  const { settings, env, out } = options;
  const credentials = createDevCredentials(settings.jwt);
  let isTelling = false;
  let routes: FileConfig['routes'] = [];
  const tell = (text: string): void => {
    if (isTelling) out(`         ${text}\n`);
  };
  const live: LiveTargets = watchTargets((origin, isLive) => {
    for (const service of standIns.servicesAt(origin)) tell(describeTurn(service, origin, isLive));
  });
  const standIns = createStandIns(live, (service) => ({
    name: service,
    hasTricks: false,
    delayMs: options.delayMs,
    failRatio: options.failRatio,
    example: (method, path) => findExample(routes, service, method, path),
  }));
  const discovered = followDiscovered(settings, (service, isFound) => {
    tell(
      isFound ? `${service} is found now: its stub gives way` : `${service} is found nowhere: a stub answers for it`,
    );
    if (isTelling) reload();
  });
  const read: Load = (trial) => loadRoutesInSteps(settings.routesFile, { env, ...trial });

  return {
    credentials,
    standIns,
    async ask() {
      const { config } = await inSlices(read());
      if (options.hasStubs) await discovered.ask(config);
    },
    *load(trial) {
      const loaded = yield* read(trial);
      const config = credentials.addTo(options.hasStubs ? discovered.fill(loaded.config) : loaded.config);
      if (trial === undefined) routes = config.routes;
      return { ...loaded, config, hash: `${loaded.hash} ${discovered.missing}` } satisfies LoadedRoutes<FileConfig>;
    },
    tellFromNowOn() {
      isTelling = true;
    },
    async close() {
      isTelling = false;
      discovered.close();
      live.close();
      await standIns.close();
    },
  };
}

function describeTurn(service: string, origin: string, isLive: boolean): string {
  return isLive
    ? `${service} answers at ${origin} now: its stub gives way`
    : `${service} is gone from ${origin}: a stub answers for it`;
}

type Shown = DevOptions & Pick<DevGateway, 'url' | 'adminUrl'>;

async function renderWelcome({ gateway, deps }: Running, sources: Sources, shown: Shown): Promise<string> {
  const { settings, url, adminUrl, hasStubs } = shown;
  const { config } = gateway.snapshot;
  const key = sources.credentials.keyFor(config);
  const token = sources.credentials.tokenFor(config, deps.clock.now());
  const sideOf = (route: FileConfig['routes'][number]): string =>
    describeSide(route, config, hasStubs ? sources.standIns.isStubbed : () => false);
  const terms: WelcomeTerms = { url, config, gateway, deps, key, token, sideOf };
  const curls = await findCurlLines(terms);
  const isProtected = curls.some((line) => line.includes(' -H '));
  return `turnpike dev on ${url}
  routes     ${settings.routesFile} (a save is in force at once)
  dashboard  ${adminUrl}/${settings.adminToken === undefined ? '' : ' (asks for ADMIN_TOKEN)'}

${renderRoutes({ config, sideOf })}
${curls.length === 0 ? '' : `Try:\n${curls.map((line) => `  ${line}\n`).join('')}${isProtected ? FOR_DEV_ONLY : ''}\n`}Ctrl-C ends it. Requests:
`;
}

const FOR_DEV_ONLY = `The key and the token are for dev only: they were made for this run, stand in no
file, and open nothing once it has ended.
`;

/** Where a route leads, in words. */
function describeSide(
  route: FileConfig['routes'][number],
  { services }: FileConfig,
  isStubbed: (origin: string) => boolean,
): string {
  const kind = (['aggregate', 'redirect', 'respond', 'files'] as const).find((key) => route[key] !== undefined);
  if (kind !== undefined) return kind;
  const service = route.service === undefined ? undefined : services[route.service];
  const targets = (route.service === undefined ? route.targets : service?.targets)?.map(({ url }) => url) ?? [];
  const urls = route.target === undefined ? targets : [route.target];
  const name = route.service ?? urls[0] ?? 'gateway';
  const stubbed = urls.filter((each) => isStubbed(new URL(each).origin)).length;
  if (stubbed === 0) return name;
  return stubbed === urls.length ? `${name} (stub)` : `${name} (${stubbed} of ${urls.length} stubs)`;
}

/** The command that explains a request to this gateway. */
function explainHint(url: string, adminPort: number, command: string): (method: string, path: string) => string {
  const admin = adminPort === 9901 ? '' : ` --admin http://127.0.0.1:${adminPort}`;
  return (method, path) =>
    `${command} explain ${method === 'GET' ? '' : `${method} `}'${url}${path.replace(/'/g, '%27')}'${admin}`;
}

function shownHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
