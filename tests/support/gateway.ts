import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parseSettings } from '../../src/config/env.ts';
import { loadInSteps } from '../../src/config/load-with.ts';
import type { FileConfig, StageList } from '../../src/config/routes.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { createMetrics } from '../../src/metrics.ts';
import { createRedis, type RedisLinkOptions } from '../../src/redis/link.ts';
import { createDeps, type Running, runGateway } from '../../src/server/assemble.ts';
import type { ReloadResult } from '../../src/server/reload.ts';
import type { Settings } from '../../src/settings.ts';
import { STAGES } from '../../src/stages.ts';
import { until } from './until.ts';

/** An access-log line, parsed. */
export type AccessLine = Readonly<Record<string, unknown>> & { readonly status: number; readonly path: string };

export interface TestGateway extends Running {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  readonly adminUrl: string;
  readonly routesFile: string;
  /** Access-log lines so far, as written; a line comes once its request has ended. */
  readonly accessLines: readonly string[];
  /** The gateway's own messages so far, as JSON lines. */
  readonly messages: readonly string[];
  /** Waits for the line of a request, by a field of it: `{ requestId }`, `{ path: '/x' }`. */
  line(fields: Readonly<Record<string, unknown>>): Promise<AccessLine>;
  metrics(): Promise<string>;
  /** Writes other routes and reloads. */
  reload(file: object): Promise<ReloadResult>;
}

export interface TestGatewayOptions {
  /** The content of routes.json. */
  readonly file: object;
  /** The environment, as in .env; nothing of the real one is seen. */
  readonly env?: Readonly<Record<string, string>>;
  /** Settings beyond what the environment can say. */
  readonly settings?: Partial<Settings>;
  /** Another pipeline than the product's: with stages of the test's own, say. */
  readonly stages?: StageList;
  /** A clock that the test moves. */
  readonly clock?: Clock;
  /** A link to Redis other than the one that REDIS_URL makes. */
  readonly redis?: RedisLinkOptions & { readonly url: string };
}

/** A whole gateway in this process, on ports of its own, gone after the test. */
export async function startGateway(t: Pick<TestContext, 'after'>, options: TestGatewayOptions): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-gateway-'));
  const routesFile = join(folder, 'routes.json');
  const write = (file: object): void => writeFileSync(routesFile, JSON.stringify(file, null, 2));
  write(options.file);
  const env = { HOST: '127.0.0.1', PORT: '0', ADMIN_PORT: '0', LOG_FORMAT: 'json', ...options.env };
  const settings: Settings = { ...parseSettings({ ...env, ROUTES_FILE: routesFile }), ...options.settings };
  const accessLines: string[] = [];
  const messages: string[] = [];
  const sinks = {
    access: { append: (line: string) => void accessLines.push(line) },
    messages: { append: (line: string) => void messages.push(line) },
  };
  const made = createDeps(settings, sinks, createMetrics());
  const { redis, clock = made.clock } = options;
  const timed = { ...made, clock };
  const deps = redis === undefined ? timed : { ...timed, redis: createRedis(redis.url, made.log, redis) };
  const running = await runGateway(deps, function* (trial) {
    const loaded = yield* loadInSteps(options.stages ?? STAGES, routesFile, { env, ...trial });
    return { ...loaded, config: loaded.config as FileConfig };
  });
  t.after(async () => {
    await running.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    ...running,
    url: `http://127.0.0.1:${running.port}`,
    adminUrl: `http://127.0.0.1:${running.adminPort}`,
    routesFile,
    accessLines,
    messages,
    line: (fields) =>
      until(() => accessLines.map((line) => JSON.parse(line) as AccessLine).find((line) => matches(line, fields))),
    metrics: () => deps.metrics.registry.metrics(),
    reload(file) {
      write(file);
      return running.reloader.reload('test');
    },
  };
}

function matches(line: AccessLine, fields: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(fields).every(([name, value]) => line[name] === value);
}
