import { join } from 'node:path';
import type { Arena } from './arena.ts';
import { startHaproxy, startNginx } from './native-peers.ts';
import { freePort, type Running, startProcess } from './processes.ts';
import { ANSWER } from './service.ts';
import { routePrefix, startTurnpike, type TurnpikeOptions } from './turnpike.ts';

/** One row of the table. */
export interface Contestant {
  readonly id: string;
  readonly title: string;
  readonly does: 'answers by itself' | 'proxies only' | 'the whole job';
  /** Left out of `--quick`. */
  readonly fullOnly?: boolean;
  readonly paths: readonly string[];
  /** False where something that it needs is missing. */
  isPossible(arena: Arena): boolean;
  start(arena: Arena): Promise<Running>;
}

export const CORS_ORIGIN = 'https://app.example.com';
const MANY = 1000;
/** The bench's service says nothing of caching: the route does. Each caller has its own answers. */
export const CACHED = { cache: { ttl: '1h' } };
const ONE_PATH = [`${routePrefix(0)}/42`];

/** The first one is the floor; ratios are to `fastify-whole-job`. */
export const CONTESTANTS: readonly Contestant[] = [
  peer('floor', 'node:http', 'answers by itself', 'floor.mjs'),
  peer('undici', 'node:http + undici Pool', 'proxies only', 'undici.mjs'),
  peer('fastify-http-proxy', '@fastify/http-proxy', 'proxies only', 'fastify-http-proxy.mjs'),
  peer('http-proxy-middleware', 'express + http-proxy-middleware', 'proxies only', 'http-proxy-middleware.mjs'),
  peer('fastify-whole-job', 'Fastify with its plugins', 'the whole job', 'fastify-whole-job.mjs'),
  {
    ...peer('fastify-jwt-cache', 'Fastify, verified tokens cached', 'the whole job', 'fastify-whole-job.mjs', {
      JWT_CACHE: 'yes',
    }),
    fullOnly: true,
  },
  turnpike('turnpike', 'Turnpike', {}),
  turnpike('turnpike-1000', 'Turnpike, the last of 1,000 routes', { routes: MANY }, [`${routePrefix(MANY - 1)}/42`]),
  {
    ...turnpike(
      'turnpike-1000-spread',
      'Turnpike, all of 1,000 routes in turn',
      { routes: MANY },
      Array.from({ length: MANY }, (_, index) => `${routePrefix(index)}/42`),
    ),
    fullOnly: true,
  },
  {
    ...turnpike('turnpike-redis', 'Turnpike, limits in Redis', {}),
    isPossible: (arena) => arena.redisUrl !== undefined,
    start: (arena) => startTurnpike({ ...turnpikeOptions('turnpike-redis', arena), ...redisOf(arena) }, arena.tools),
  },
  turnpike('turnpike-cache', 'Turnpike, answers from its cache', { route: CACHED }),
  {
    id: 'nginx',
    title: 'nginx',
    does: 'proxies only',
    fullOnly: true,
    paths: ONE_PATH,
    isPossible: (arena) => arena.tools.nginx !== undefined,
    start: startNginx,
  },
  {
    id: 'haproxy',
    title: 'HAProxy: JWT, limit, request id, log',
    does: 'the whole job',
    fullOnly: true,
    paths: ONE_PATH,
    isPossible: (arena) => arena.tools.haproxy !== undefined,
    start: startHaproxy,
  },
];

function peer(
  id: string,
  title: string,
  does: Contestant['does'],
  file: string,
  env: Readonly<Record<string, string>> = {},
): Contestant {
  return {
    id,
    title,
    does,
    paths: ONE_PATH,
    isPossible: () => true,
    start: async ({ folder, tools, serviceUrl, credential }) => {
      const port = await freePort();
      return startProcess(
        {
          name: id,
          folder,
          port,
          core: tools.gatewayCore,
          command: process.execPath,
          args: [join(import.meta.dirname, 'peers', file)],
          env: {
            PORT: String(port),
            SERVICE_URL: serviceUrl,
            ANSWER,
            JWT_SECRET: credential.secret,
            CORS_ORIGIN,
            ...env,
          },
        },
        tools,
      );
    },
  };
}

function turnpike(id: string, title: string, more: Partial<TurnpikeOptions>, paths = ONE_PATH): Contestant {
  return {
    id,
    title,
    does: 'the whole job',
    paths,
    isPossible: () => true,
    start: (arena) => startTurnpike({ ...turnpikeOptions(id, arena), ...more }, arena.tools),
  };
}

export function turnpikeOptions(name: string, arena: Arena): TurnpikeOptions {
  const { folder, serviceUrl, credential } = arena;
  return { name, folder, serviceUrl, secret: credential.secret, corsOrigin: CORS_ORIGIN };
}

function redisOf(arena: Arena): { redisUrl?: string } {
  return arena.redisUrl === undefined ? {} : { redisUrl: arena.redisUrl };
}

/** What every contestant is sent, whether it reads it or not. */
export function requestHeaders(arena: Arena): Record<string, string> {
  return { Authorization: `Bearer ${arena.credential.token}`, Origin: CORS_ORIGIN, Accept: 'application/json' };
}
