import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isatty } from 'node:tty';
import { isLoopback } from '../lib/loopback.ts';
import { parseRedisUrl } from '../redis/parse-url.ts';
import type { Settings } from '../settings.ts';
import { ConfigError } from './config-error.ts';
import { type DotEnv, NO_DOT_ENV, scanDotEnv } from './dot-env.ts';
import { readJwt } from './env-jwt.ts';
import {
  createEnvReader,
  type EnvReader,
  readChoice,
  readCount,
  readDurationMs,
  readHttpUrl,
  readOrigins,
  readPort,
  readTrustProxy,
} from './env-values.ts';

const MIN_ADMIN_TOKEN_CHARS = 16;

/** The environment of this process, for `${ENV:NAME}` in routes.json; nothing else reads `process.env`. */
export function environment(): NodeJS.ProcessEnv {
  return process.env;
}

/** Reads `.env` in this folder, if there is one; a variable that is really set wins. */
export function loadDotEnv(folder: string): void {
  const file = join(folder, '.env');
  if (!existsSync(file)) return;
  try {
    process.loadEnvFile(file);
  } catch (cause) {
    const message = `can't be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}`;
    throw new ConfigError([{ file: '.env', line: 0, column: 0, path: '', message }]);
  }
}

/** Where the variables of `.env` in this folder stand; nothing where there is none, or none that can be read. */
export function readDotEnv(folder: string, env: NodeJS.ProcessEnv = process.env): DotEnv {
  try {
    return scanDotEnv(readFileSync(join(folder, '.env'), 'utf8'), env);
  } catch {
    // Not there, or told by `loadDotEnv` already.
    return NO_DOT_ENV;
  }
}

/** The settings of this process, from `.env` and the environment. Throws ConfigError. */
export function readSettings(): Settings {
  loadDotEnv(process.cwd());
  return parseSettings(process.env, readDotEnv(process.cwd()));
}

/** Typed settings from variables; a ConfigError names every variable that is wrong, never a secret's value. */
export function parseSettings(env: NodeJS.ProcessEnv, dotEnv: DotEnv = NO_DOT_ENV): Settings {
  const reader = createEnvReader(env, dotEnv);
  const settings: Settings = {
    port: readPort(reader, 'PORT', 3000),
    host: reader.text('HOST') ?? '0.0.0.0',
    adminPort: readPort(reader, 'ADMIN_PORT', 9901),
    adminHost: reader.text('ADMIN_HOST') ?? '127.0.0.1',
    adminToken: reader.text('ADMIN_TOKEN'),
    routesFile: resolve(reader.text('ROUTES_FILE') ?? 'routes.json'),
    logLevel: readChoice(reader, 'LOG_LEVEL', ['error', 'warn', 'info', 'debug'], 'info'),
    // isatty asks the descriptor: touching process.stdout would make it non-blocking (Node's behaviour for pipes).
    logFormat: readChoice(reader, 'LOG_FORMAT', ['json', 'pretty'], isatty(1) ? 'pretty' : 'json'),
    trustProxy: readTrustProxy(reader),
    corsOrigins: readOrigins(reader),
    jwt: readJwt(reader),
    redisUrl: readRedisUrl(reader),
    maxInFlightPerAddress: readCount(reader, 'MAX_IN_FLIGHT_PER_ADDRESS', 500),
    keepAliveMs: readDurationMs(reader, 'KEEP_ALIVE_TIMEOUT', '65s', '1h'),
    drainDelayMs: readDurationMs(reader, 'DRAIN_DELAY', '5s', '10m'),
    shutdownTimeoutMs: readDurationMs(reader, 'SHUTDOWN_TIMEOUT', '25s', '1h'),
    healthDetails: readChoice(reader, 'HEALTH_DETAILS', ['on', 'off'], 'on') === 'on',
    consulHttpAddr: readHttpUrl(reader, 'CONSUL_HTTP_ADDR', 'http://localhost:8500'),
    consulHttpToken: reader.text('CONSUL_HTTP_TOKEN'),
  };
  checkTogether(reader, settings);
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return settings;
}

/** What no variable says alone. */
function checkTogether(reader: EnvReader, settings: Settings): void {
  const { adminToken, adminHost, port, adminPort, drainDelayMs, shutdownTimeoutMs } = settings;
  const makeToken = 'Make one with: openssl rand -hex 24';
  if (adminToken !== undefined && adminToken.length < MIN_ADMIN_TOKEN_CHARS) {
    reader.fault('ADMIN_TOKEN', `has fewer than ${MIN_ADMIN_TOKEN_CHARS} characters`, makeToken);
  }
  if (adminToken === undefined && !isLoopback(adminHost)) {
    reader.fault('ADMIN_TOKEN', `is needed when ADMIN_HOST (${adminHost}) is not a loopback address`, makeToken);
  }
  if (port !== 0 && port === adminPort) {
    reader.fault('ADMIN_PORT', `is the same as PORT (${port})`, 'Give the two ports different numbers.');
  }
  if (drainDelayMs >= shutdownTimeoutMs) {
    const hint = 'Requests in flight need the time between the two to finish.';
    reader.fault('DRAIN_DELAY', 'is not shorter than SHUTDOWN_TIMEOUT', hint);
  }
}

/** Whatever redis/parse-url.ts understands; the value is never repeated, since it may hold a password. */
function readRedisUrl(reader: EnvReader): string | undefined {
  const url = reader.text('REDIS_URL');
  if (url === undefined) return undefined;
  try {
    parseRedisUrl(url);
    return url;
  } catch (error) {
    reader.fault('REDIS_URL', 'is not an address of a Redis', (error as Error).message);
    return undefined;
  }
}
