import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isLive } from '../auth/key-changes.ts';
import type { StoredConsumer, StoredKey } from '../auth/stored-consumer.ts';
import { UsageError } from './cli-faults.ts';
import type { KeyOptions, KeyOutcome } from './key-actions.ts';
import { readEnd } from './key-ends.ts';
import { readMetadata, readScopes, withFacts } from './key-facts.ts';
import { renderEnds, renderKeyTable, renderNewKey } from './key-output.ts';
import { KeyStoreError } from './key-store.ts';

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** What the admin API answers, as much of it as is shown. */
type Shown = Omit<StoredKey, 'sha256' | 'scopes'> & {
  readonly key: string;
  readonly scopes: readonly string[] | null;
  readonly lastUsedAt?: string | null;
  readonly replaces?: readonly StoredKey[];
};

/** Keys by the admin API of a gateway (`--admin URL`, with ADMIN_TOKEN), for whoever has no way to its Redis. */
export async function runByAdmin(
  action: string,
  base: string,
  token: string | undefined,
  options: KeyOptions,
  nowMs: number,
): Promise<KeyOutcome> {
  if (options.password) throw new KeyStoreError('passwords are kept in routes.json alone: leave --admin out');
  const api = createApi(base, token);
  if (action === 'list') return list(api, base, options.consumer, nowMs);
  const { consumer } = options;
  if (consumer === undefined) throw new UsageError('--consumer NAME is needed');
  if (action === 'create') return create(api, base, consumer, options, nowMs);
  if (action === 'rotate') return rotate(api, base, consumer, options, nowMs);
  return revoke(api, base, consumer, options);
}

type Api = ReturnType<typeof createApi>;

async function create(api: Api, base: string, name: string, options: KeyOptions, nowMs: number): Promise<KeyOutcome> {
  const facts = withFacts(name, undefined, options);
  const made = await api('POST', '/consumers', facts, [201, 409]);
  const { name: _, ...changes } = facts;
  if (made.status === 409 && Object.keys(changes).length > 0) await api('PATCH', pathOf(name), changes);
  const expiresAt = readEnd(options.expires, nowMs);
  const wish = {
    id: options.id,
    expiresAt,
    scopes: readScopes('scopes', options.scopes),
    metadata: readMetadata('key-metadata', options['key-metadata']),
  };
  return tell(base, name, (await api('POST', `${pathOf(name)}/keys`, wish)).body as Shown);
}

async function rotate(api: Api, base: string, name: string, options: KeyOptions, nowMs: number): Promise<KeyOutcome> {
  const id = options.id ?? (await onlyKey(api, name));
  const expiresAt = options.expires === 'never' ? undefined : readEnd(options.expires, nowMs);
  const { overlap } = options;
  const { body } = await api('POST', `${pathOf(name)}/keys/${encodeURIComponent(id)}/rotate`, { overlap, expiresAt });
  const { replaces = [], ...shown } = body as Shown;
  const told = tell(base, name, shown);
  return { ...told, text: told.text + renderEnds(replaces, replaces[0]?.expiresAt ?? '') };
}

async function revoke(api: Api, base: string, name: string, options: KeyOptions): Promise<KeyOutcome> {
  const ids = options.all ? (await keysOf(api, name)).map(({ id }) => id) : [options.id ?? (await onlyKey(api, name))];
  for (const id of ids) await api('DELETE', `${pathOf(name)}/keys/${encodeURIComponent(id)}`);
  return { text: `revoked ${ids.join(', ')} of consumer "${name}" at ${base}\n` };
}

async function list(api: Api, base: string, only: string | undefined, nowMs: number): Promise<KeyOutcome> {
  const consumers: StoredConsumer[] = [];
  let cursor: string | null = only === undefined ? '0' : null;
  if (only !== undefined) consumers.push((await api('GET', pathOf(only))).body as StoredConsumer);
  while (cursor !== null) {
    const { body }: { body: unknown } = await api('GET', `/consumers?cursor=${cursor}`);
    const page = body as { consumers: StoredConsumer[]; next?: string | null };
    consumers.push(...page.consumers);
    cursor = page.next ?? null;
  }
  const rows: StoredConsumer[] = [];
  for (const one of consumers) rows.push({ ...one, keys: await keysOf(api, one.name) });
  return { text: renderKeyTable(rows, { place: base, keepsTimes: true }, (key) => isLive(key, nowMs)) };
}

async function keysOf(api: Api, name: string): Promise<readonly StoredKey[]> {
  const { body } = await api('GET', `${pathOf(name)}/keys`);
  return (body as { keys: readonly Shown[] }).keys.map(toStored);
}

/** The only key of a consumer, where none is named. */
async function onlyKey(api: Api, name: string): Promise<string> {
  const keys = await keysOf(api, name);
  const [only] = keys;
  if (only !== undefined && keys.length === 1) return only.id;
  const ids = keys.map(({ id }) => id).join(', ') || 'none';
  throw new KeyStoreError(`consumer "${name}" has ${keys.length} keys (${ids}): give --id ID`);
}

function toStored({ scopes, expiresAt, lastUsedAt, ...key }: Shown): StoredKey {
  return {
    ...key,
    sha256: '',
    scopes: scopes ?? undefined,
    expiresAt: expiresAt ?? undefined,
    usedAtMs: lastUsedAt ? Date.parse(lastUsedAt) : undefined,
  };
}

function tell(base: string, name: string, shown: Shown): KeyOutcome {
  return { text: renderNewKey(`the store of ${base}`, name, shown.key, toStored(shown)) };
}

const pathOf = (name: string): string => `/consumers/${encodeURIComponent(name)}`;

interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

function createApi(base: string, token: string | undefined) {
  const root = URL.parse(base);
  if (root === null || !/^https?:$/.test(root.protocol))
    throw new UsageError('--admin takes the address of an admin port, http://localhost:9901 for one');

  return async function api(method: string, path: string, body?: object, expected = [200, 201]): Promise<ApiAnswer> {
    const answer = await send(new URL(path, root), method, token, body);
    if (expected.includes(answer.status)) return answer;
    const { detail = '', errors = [] } = answer.body as { detail?: string; errors?: { detail: string }[] };
    const faults = errors.map((one) => one.detail).join('; ');
    throw new KeyStoreError(
      `${base} answered ${answer.status}: ${faults === '' ? detail : faults}`,
      exitOf(answer.status),
    );
  };
}

/** A token that is not taken is a setting that is wrong. */
function exitOf(status: number): 'config' | 'failed' | 'unavailable' {
  if (status === 401 || status === 403) return 'config';
  return status >= 500 ? 'unavailable' : 'failed';
}

function send(url: URL, method: string, token: string | undefined, body: object | undefined): Promise<ApiAnswer> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  const headers = {
    accept: 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) =>
      reject(new KeyStoreError(`${url.origin} can't be asked: ${cause.message}`, 'unavailable', { cause }));
    const req = request(url, { method, headers, signal: AbortSignal.timeout(TIMEOUT_MS) }, (res) => {
      let text = '';
      res.setEncoding('utf8');
      res.on('error', fail);
      res.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MAX_ANSWER_BYTES) res.destroy(new Error('the answer is too large'));
      });
      res.on('end', () => {
        try {
          resolve({ status: res.statusCode ?? 0, body: JSON.parse(text) });
        } catch {
          fail(new Error('the answer is none of an admin port'));
        }
      });
    });
    req.on('error', fail);
    req.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
