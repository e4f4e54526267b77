import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fragmentFolder } from '../config/read-files.ts';
import type { CliIo } from './io.ts';
import { createFileKeyStore, type KeyRules, readKeyRules } from './key-file.ts';
import { type KeyStore, KeyStoreError } from './key-store.ts';

export interface KeyPlaceOptions {
  readonly file?: string | undefined;
  readonly redis?: boolean | undefined;
  /** Passwords are kept in the file, wherever keys are. */
  readonly password?: boolean | undefined;
}

export interface KeyPlace {
  readonly store: KeyStore;
  /** The plans that there are; undefined where no file is at hand to tell. */
  readonly plans: ReadonlySet<string> | undefined;
  /** The same of groups. */
  readonly groups: KeyRules['groups'] | undefined;
  /** True where the file is a part of a configuration that may have plans elsewhere. */
  readonly isPart: boolean;
}

/** Where the gateways of this routes file look consumers up: `consumerStore` says so, or `--redis`. */
export async function openKeyPlace(options: KeyPlaceOptions, { env }: CliIo): Promise<KeyPlace> {
  const configured = resolve(env['ROUTES_FILE']?.trim() || 'routes.json');
  const named = options.file === undefined ? configured : resolve(options.file);
  const main = mainOf(named, configured);
  // Whoever writes to Redis alone may have no file at all.
  const rules: KeyRules | undefined = options.redis && !existsSync(main) ? undefined : readKeyRules(main);
  const known = { ...plansFor(main, configured, rules), groups: rules?.groups };
  const isRedis = options.redis === true || (rules?.consumerStore === 'redis' && !options.password);
  if (!isRedis) return { store: createFileKeyStore(main, named), ...known };
  if (options.password) throw new KeyStoreError('passwords are kept in routes.json alone: leave --redis out');
  const url = env['REDIS_URL']?.trim();
  if (!url) {
    const why = options.redis ? '--redis' : `${main} says "consumerStore": "redis", which`;
    throw new KeyStoreError(`${why} needs REDIS_URL; nothing was changed`, 'config');
  }
  // Only who asks for Redis pays for loading its client.
  const { createRedisKeyStore } = await import('./key-redis.ts');
  return { store: await createRedisKeyStore(url), ...known };
}

/** A file of routes.d is a part of the configuration that it lies beside, and no whole one. */
function mainOf(named: string, configured: string): string {
  const folder = dirname(named);
  if (folder === fragmentFolder(configured)) return configured;
  const above = join(dirname(folder), basename(configured));
  return folder === fragmentFolder(above) && existsSync(above) ? above : named;
}

/** Of a file without routes, which is mounted into routes.d one day, the plans may stand in ROUTES_FILE or far away. */
function plansFor(
  main: string,
  configured: string,
  rules: KeyRules | undefined,
): { plans: ReadonlySet<string> | undefined; isPart: boolean } {
  const isPart = rules !== undefined && main !== configured && !rules.hasRoutes;
  if (!isPart) return { plans: rules?.plans, isPart };
  return { plans: new Set([...rules.plans, ...findPlans(configured)]), isPart };
}

/** Whether ROUTES_FILE is in order is no business of another file. */
function findPlans(file: string): ReadonlySet<string> {
  try {
    return existsSync(file) ? readKeyRules(file).plans : new Set();
  } catch (error) {
    if (!(error instanceof KeyStoreError)) throw error;
    return new Set();
  }
}
