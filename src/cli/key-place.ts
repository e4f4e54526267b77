import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
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
}

/** Where the gateways of this routes file look consumers up: `consumerStore` says so, or `--redis`. */
export async function openKeyPlace(options: KeyPlaceOptions, { env }: CliIo): Promise<KeyPlace> {
  const configured = resolve(env['ROUTES_FILE']?.trim() || 'routes.json');
  const named = options.file === undefined ? configured : resolve(options.file);
  // A file of routes.d is a part of the configuration that it lies beside, and no whole one.
  const main = dirname(named) === fragmentFolder(configured) ? configured : named;
  // Whoever writes to Redis alone may have no file at all.
  const rules: KeyRules | undefined = options.redis && !existsSync(main) ? undefined : readKeyRules(main);
  const isRedis = options.redis === true || (rules?.consumerStore === 'redis' && !options.password);
  if (!isRedis) return { store: createFileKeyStore(main, named), plans: rules?.plans };
  if (options.password) throw new KeyStoreError('passwords are kept in routes.json alone: leave --redis out');
  const url = env['REDIS_URL']?.trim();
  if (!url) {
    const why = options.redis ? '--redis' : `${main} says "consumerStore": "redis", which`;
    throw new KeyStoreError(`${why} needs REDIS_URL; nothing was changed`);
  }
  // Only who asks for Redis pays for loading its client.
  const { createRedisKeyStore } = await import('./key-redis.ts');
  return { store: await createRedisKeyStore(url), plans: rules?.plans };
}
