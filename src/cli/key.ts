import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createApiKey, hashApiKey } from '../auth/api-key-format.ts';
import { hashPassword } from '../auth/password.ts';
import { ConfigError, renderConfigError } from '../config/config-error.ts';
import { loadDotEnv } from '../config/env.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { parseDurationMs } from '../schema-values.ts';
import { type CliIo, EXIT } from './io.ts';
import { createFileKeyStore } from './key-file.ts';
import { type KeyStore, KeyStoreError, type StoredConsumer, type StoredKey } from './key-store.ts';

const USAGE = `Usage:
  turnpike key create --consumer NAME [--id ID] [--expires 90d] [--roles a,b] [--plan PLAN]
  turnpike key create --consumer NAME --password       a password for "basic" instead of a key
  turnpike key list   [--consumer NAME]
  turnpike key rotate --consumer NAME [--id ID] [--overlap 24h] [--expires 90d]
  turnpike key revoke --consumer NAME [--id ID | --all]

  --file FILE   the routes file (default: ROUTES_FILE, or routes.json)
  --redis       consumers in Redis (REDIS_URL), for gateways with consumerStore "redis"

A key is shown once, when it is made; only its hash is stored. A running
gateway notices the change by itself.
`;

const OPTIONS = {
  consumer: { type: 'string' },
  id: { type: 'string' },
  file: { type: 'string' },
  redis: { type: 'boolean' },
  expires: { type: 'string' },
  overlap: { type: 'string' },
  roles: { type: 'string' },
  plan: { type: 'string' },
  all: { type: 'boolean' },
  password: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Options = ReturnType<typeof parseOptions>['values'];

/** One command: what it prints on success. */
type Action = (store: KeyStore, options: Options, nowMs: number) => Promise<string>;

const ACTIONS: Readonly<Record<string, Action>> = { create, list, rotate, revoke };
const DEFAULT_OVERLAP = '24h';

/** `turnpike key …`: makes, lists, rotates and revokes API keys. Resolves to the exit code. */
export async function runKey(argv: readonly string[], io: CliIo, clock: Clock = systemClock): Promise<number> {
  let parsed: ReturnType<typeof parseOptions>;
  try {
    parsed = parseOptions(argv);
  } catch (error) {
    io.err(`turnpike key: ${(error as Error).message}\n\n${USAGE}`);
    return EXIT.usage;
  }
  const { values, positionals } = parsed;
  const [name = '', ...rest] = positionals;
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (values.help) {
    io.out(USAGE);
    return EXIT.ok;
  }
  if (action === undefined || rest.length > 0) {
    io.err(USAGE);
    return EXIT.usage;
  }
  return runAction(action, values, io, clock.now());
}

async function runAction(action: Action, options: Options, io: CliIo, nowMs: number): Promise<number> {
  let store: KeyStore | undefined;
  try {
    loadDotEnv(process.cwd());
    store = await openStore(options, io);
    io.out(await action(store, options, nowMs));
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof KeyStoreError) && !(error instanceof ConfigError)) throw error;
    const isConfig = error instanceof ConfigError;
    io.err(isConfig ? renderConfigError(error) : `turnpike key: ${error.message}\n`);
    return isConfig ? EXIT.config : EXIT.failed;
  } finally {
    await store?.close();
  }
}

async function openStore({ file, redis }: Options, { env }: CliIo): Promise<KeyStore> {
  if (!redis) return createFileKeyStore(resolve(file ?? env['ROUTES_FILE'] ?? 'routes.json'));
  const url = env['REDIS_URL'];
  if (url === undefined) throw new KeyStoreError('--redis needs REDIS_URL');
  // Only who asks for Redis pays for loading its client.
  return (await import('./key-redis.ts')).createRedisKeyStore(url);
}

async function create(store: KeyStore, options: Options, nowMs: number): Promise<string> {
  const name = needConsumer(options);
  const before = (await store.read()).find((one) => one.name === name);
  const roles = options.roles === undefined ? before?.roles : splitList(options.roles);
  const plan = options.plan ?? before?.plan;
  const keys = before?.keys ?? [];
  const consumer = { ...before, name, ...(plan && { plan }), ...(roles && { roles }) };
  if (options.password) {
    const password = randomBytes(18).toString('base64url');
    await store.write({ ...consumer, password: await hashPassword(password) });
    return `${password}\n\nPassword of consumer "${name}"; its scrypt hash is in ${store.place}.\n${ONCE} Send it with Authorization: Basic.\n`;
  }
  const { secret, key } = makeKey(keys, options, nowMs);
  await store.write({ ...consumer, keys: [...keys, key] });
  return renderNew(store, name, secret, key);
}

const ONCE = 'It is shown this once: keep it in a safe place.';

function splitList(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  return names.filter((name) => name !== '');
}

async function list(store: KeyStore, { consumer }: Options, nowMs: number): Promise<string> {
  const consumers = (await store.read()).filter(({ name }) => consumer === undefined || name === consumer);
  const rows = consumers.flatMap(({ name, plan, keys = [] }) =>
    keys.map(({ id, expiresAt, usedAtMs }) => [
      name,
      id,
      plan ?? '-',
      expiresAt ?? 'never',
      isLive(expiresAt, nowMs) ? 'valid' : 'expired',
      usedAtMs === undefined ? '-' : new Date(usedAtMs).toISOString(),
    ]),
  );
  if (rows.length === 0) return `no keys in ${store.place}\n`;
  return renderTable([['CONSUMER', 'KEY', 'PLAN', 'EXPIRES', 'STATE', 'LAST USED'], ...rows]);
}

/** A new key, while the old ones (or the one named) go on for the overlap. */
async function rotate(store: KeyStore, options: Options, nowMs: number): Promise<string> {
  const consumer = await findConsumer(store, needConsumer(options));
  const keys = consumer.keys ?? [];
  if (options.id !== undefined) findKey(consumer, options.id);
  const endMs = nowMs + readDuration('overlap', options.overlap ?? DEFAULT_OVERLAP);
  const ending = keys.map((key): StoredKey => {
    const isMeant = options.id === undefined || key.id === options.id;
    return isMeant && isLive(key.expiresAt, endMs) ? { ...key, expiresAt: new Date(endMs).toISOString() } : key;
  });
  const { secret, key } = makeKey(keys, { expires: options.expires }, nowMs);
  await store.write({ ...consumer, keys: [...ending, key] });
  return `${renderNew(store, consumer.name, secret, key)}The keys before it end at ${new Date(endMs).toISOString()}.\n`;
}

async function revoke(store: KeyStore, options: Options): Promise<string> {
  const consumer = await findConsumer(store, needConsumer(options));
  const keys = consumer.keys ?? [];
  const [only] = keys;
  if (options.id === undefined && !options.all && keys.length > 1) {
    throw new KeyStoreError(
      `consumer "${consumer.name}" has ${keys.length} keys (${keys.map(({ id }) => id).join(', ')}): give --id ID or --all`,
    );
  }
  if (only === undefined) throw new KeyStoreError(`consumer "${consumer.name}" has no key`);
  const gone = options.all ? keys : [findKey(consumer, options.id ?? only.id)];
  await store.write({ ...consumer, keys: keys.filter((key) => !gone.includes(key)) });
  return `revoked ${gone.map(({ id }) => id).join(', ')} of consumer "${consumer.name}" in ${store.place}\n`;
}

function makeKey(
  existing: readonly StoredKey[],
  options: { id?: string | undefined; expires?: string | undefined },
  nowMs: number,
): { secret: string; key: StoredKey } {
  const ids = new Set(existing.map(({ id }) => id));
  const id = options.id ?? nextId(ids);
  if (ids.has(id)) throw new KeyStoreError(`there is a key "${id}" already`);
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(id))
    throw new KeyStoreError('an id has letters, digits, ".", "_" or "-", at most 64');
  const secret = createApiKey();
  const expiresAt =
    options.expires === undefined
      ? undefined
      : new Date(nowMs + readDuration('expires', options.expires)).toISOString();
  return { secret, key: { id, sha256: hashApiKey(secret), ...(expiresAt && { expiresAt }) } };
}

function nextId(taken: ReadonlySet<string>): string {
  let number = taken.size + 1;
  while (taken.has(`k${number}`)) number += 1;
  return `k${number}`;
}

function renderNew(store: KeyStore, consumer: string, secret: string, key: StoredKey): string {
  const until = key.expiresAt === undefined ? 'without an end' : `until ${key.expiresAt}`;
  return `${secret}\n\nKey ${key.id} of consumer "${consumer}", ${until}; its hash is in ${store.place}.\n${ONCE} Send it as X-API-Key.\n`;
}

function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

async function findConsumer(store: KeyStore, name: string): Promise<StoredConsumer> {
  const consumer = (await store.read()).find((one) => one.name === name);
  if (consumer === undefined) throw new KeyStoreError(`there is no consumer "${name}" in ${store.place}`);
  return consumer;
}

function findKey(consumer: StoredConsumer, id: string): StoredKey {
  const key = consumer.keys?.find((one) => one.id === id);
  if (key === undefined) throw new KeyStoreError(`consumer "${consumer.name}" has no key "${id}"`);
  return key;
}

function needConsumer({ consumer }: Options): string {
  if (consumer === undefined) throw new KeyStoreError('--consumer NAME is needed');
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/.test(consumer)) {
    throw new KeyStoreError('a consumer is named by letters, digits, ".", "_", "@" or "-", at most 128');
  }
  return consumer;
}

function isLive(expiresAt: string | undefined, nowMs: number): boolean {
  return expiresAt === undefined || Date.parse(expiresAt) > nowMs;
}

function readDuration(option: string, text: string): number {
  const ms = parseDurationMs(text);
  if (ms === undefined) throw new KeyStoreError(`--${option} takes a duration such as 24h or 90d`);
  return ms;
}

function parseOptions(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
}
