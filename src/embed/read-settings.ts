import { ConfigError, type Fault } from '../config/config-error.ts';
import { parseSettings } from '../config/env.ts';
import { findNearest } from '../nearest-word.ts';
import type { Settings } from '../settings.ts';
import type { GatewaySettings } from './public.ts';

/** Each is the variable of its name: `redisUrl` is REDIS_URL. */
const NAMES: Readonly<Record<keyof GatewaySettings, true>> = {
  host: true,
  port: true,
  adminToken: true,
  logLevel: true,
  logFormat: true,
  trustProxy: true,
  corsOrigins: true,
  jwtSecret: true,
  jwtPublicKeyFile: true,
  jwtJwksUrl: true,
  jwtIssuer: true,
  jwtAudience: true,
  jwtAlgorithms: true,
  redisUrl: true,
  maxInFlightPerAddress: true,
  keepAliveTimeout: true,
  shutdownTimeout: true,
  healthDetails: true,
  consulHttpAddr: true,
  consulHttpToken: true,
};

/** There is no admin port here, and nothing to wait for before the end: `gateway.admin` and the application see to that. */
const NOT_HERE = { ADMIN_PORT: '0', ADMIN_HOST: '127.0.0.1', DRAIN_DELAY: '0s' };

/** What was set, parsed, and the variables that it comes to, for `${ENV:…}`. */
export interface ReadSettings {
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads settings as variables are read, of which they are another spelling. Throws a ConfigError with all faults. */
export function readSettings(
  given: GatewaySettings,
  outside: Readonly<Record<string, string | undefined>>,
): ReadSettings {
  const faults: Fault[] = [];
  const report = (path: string, message: string, hint?: string): void => {
    faults.push({ file: 'settings', line: 0, column: 0, path, message, ...(hint !== undefined && { hint }) });
  };
  const set = new Map<string, string>();
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    if (value === undefined) continue;
    const text = textOf(value);
    if (!Object.hasOwn(NAMES, name)) reportUnknown(name, report);
    else if (text === undefined) report(name, 'expected a text, a number, true or false, or a list of texts');
    else {
      set.set(variableOf(name), name);
      variables[variableOf(name)] = text;
    }
  }
  const env = { ...outside, ...variables };
  try {
    const settings = parseSettings({ ...env, ...NOT_HERE });
    if (faults.length === 0) return { settings, env };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    faults.push(...error.faults.map((fault) => bySetting(fault, set)));
  }
  throw new ConfigError(faults);
}

function reportUnknown(name: string, report: (path: string, message: string, hint?: string) => void): void {
  const nearest = findNearest(name, Object.keys(NAMES));
  report(name, 'there is no such setting', nearest === undefined ? undefined : `Did you mean "${nearest}"?`);
}

function variableOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value.join(',') : undefined;
}

/** A fault of what was set here is told by the name that it was set by. */
function bySetting(fault: Fault, set: ReadonlyMap<string, string>): Fault {
  const name = set.get(fault.path);
  return name === undefined ? fault : { ...fault, file: 'settings', path: name };
}
