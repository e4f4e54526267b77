import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Running, startProcess } from './processes.ts';
import type { Tools } from './tools.ts';

export interface TurnpikeOptions {
  readonly name: string;
  readonly folder: string;
  readonly serviceUrl: string;
  readonly secret: string;
  readonly corsOrigin: string;
  /** How many routes the file holds. Default 1. */
  readonly routes?: number;
  readonly redisUrl?: string;
  /** Flags for node itself, `--cpu-prof` for one. */
  readonly nodeFlags?: readonly string[];
  /** Keys merged into the first route. */
  readonly route?: Readonly<Record<string, unknown>>;
}

export interface RunningTurnpike extends Running {
  readonly routesFile: string;
  readonly adminOrigin: string;
}

const ENTRY = join(import.meta.dirname, '..', '..', 'src', 'start.cjs');

/** Path of the route number `index`; the first is the one that the peers have too. */
export function routePrefix(index: number): string {
  return index === 0 ? '/api/users' : `/api/service-${index}`;
}

/** A routes file as a user would write it: every route with its target, and a limit that never refuses. */
export function routesFile(serviceUrl: string, routes: number, firstRoute: object = {}): string {
  return JSON.stringify({
    defaults: { auth: 'jwt', rateLimits: [{ limit: 1_000_000_000, window: '1h' }] },
    routes: Array.from({ length: routes }, (_, index) => ({
      prefix: routePrefix(index),
      target: serviceUrl,
      ...(index === 0 ? firstRoute : {}),
    })),
  });
}

/** Turnpike, started as a user would start it. */
export async function startTurnpike(options: TurnpikeOptions, tools: Tools): Promise<RunningTurnpike> {
  const { name, serviceUrl, routes = 1 } = options;
  const folder = join(options.folder, name);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'routes.json');
  writeFileSync(file, routesFile(serviceUrl, routes, options.route));
  const port = await freePort();
  const adminPort = await freePort();
  const running = await startProcess(
    {
      name,
      folder,
      cwd: folder,
      core: tools.gatewayCore,
      port,
      command: process.execPath,
      args: [...(options.nodeFlags ?? []), ENTRY],
      env: {
        PORT: String(port),
        HOST: '127.0.0.1',
        ADMIN_PORT: String(adminPort),
        ROUTES_FILE: file,
        JWT_SECRET: options.secret,
        CORS_ORIGINS: options.corsOrigin,
        ...(options.redisUrl !== undefined && { REDIS_URL: options.redisUrl }),
      },
    },
    tools,
  );
  return { ...running, routesFile: file, adminOrigin: `http://127.0.0.1:${adminPort}` };
}
