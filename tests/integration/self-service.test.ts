import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { loadRoutes } from '../../src/config/load.ts';
import { SECRET } from '../support/auth.ts';
import { configFolder, faultsOf } from '../support/config-files.ts';
import { startGateway } from '../support/gateway.ts';
import { type AskOptions, ask } from '../support/http.ts';
import { PATIENT } from '../support/redis-link.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

type Caller = Readonly<Record<string, string>>;

async function setUp(t: TestContext, keys: unknown = true) {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const service = await startService(t);
  const file = {
    consumerStore: 'redis',
    selfService: { keys },
    consumers: [{ name: 'acme', clients: [{ id: 'portal' }] }],
    routes: [{ prefix: '/a', target: service.url }],
  };
  const gateway = await startGateway(t, { file, env: { JWT_SECRET: SECRET }, redis: { url: redis.url, ...PATIENT } });
  await until(() => gateway.deps.redis?.isUp);
  const send = (base: string, method: string, path: string, body?: unknown, headers: AskOptions['headers'] = {}) =>
    ask(`${base}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const admin = (method: string, path: string, body?: unknown) => send(gateway.adminUrl, method, path, body);
  const own = (caller: Caller, method: string, path = '', body?: unknown) =>
    send(gateway.url, method, `/-/me/keys${path}`, body, caller);
  const keyOf = async (body: object): Promise<Caller> => ({
    'x-api-key': (await admin('POST', '/consumers/acme/keys', body)).json.key,
  });
  assert.equal((await admin('POST', '/consumers', { name: 'acme', scopes: ['read', 'write'] })).status, 201);
  const use = (caller: Caller) => ask(`${gateway.url}/a`, { headers: caller });
  return { redis, gateway, admin, own, keyOf, use };
}

test('a consumer makes, lists, rotates and revokes its own keys', needsRedis, async (t) => {
  const { gateway, own, keyOf, use } = await setUp(t);
  const first = await keyOf({ id: 'first' });
  const made = await own(first, 'POST', '', { id: 'second', scopes: ['read'] });
  assert.deepEqual([made.status, made.json.scopes], [201, ['read']], made.text);
  assert.equal(made.headers['cache-control'], 'no-store');
  const second = { 'x-api-key': made.json.key };
  assert.equal((await use(second)).status, 200);
  const listed = await own(second, 'GET');
  assert.deepEqual(
    listed.json.keys.map(({ id, isCurrent }: Record<string, unknown>) => [id, isCurrent]),
    [
      ['first', false],
      ['second', true],
    ],
  );
  assert.ok(!/tpk_|[0-9a-f]{64}/.test(listed.text));
  const rotated = await own(second, 'POST', '/second/rotate', { overlap: '0s' });
  assert.deepEqual([rotated.status, rotated.json.scopes], [201, ['read']], rotated.text);
  await until(async () => (await use(second)).status === 401);
  assert.equal((await own(first, 'DELETE', `/${rotated.json.id}`)).status, 200);
  await until(async () => (await use({ 'x-api-key': rotated.json.key })).status === 401);
  const lines = gateway.messages.map((line) => JSON.parse(line)).filter(({ audit }) => audit?.by === 'consumer');
  assert.deepEqual(
    lines.map(({ audit }) => [audit.action, audit.actor, audit.consumer]),
    [
      ['key.create', 'first', 'acme'],
      ['key.rotate', 'second', 'acme'],
      ['key.revoke', 'first', 'acme'],
    ],
  );
  assert.ok(![...gateway.messages, ...gateway.accessLines].some((line) => line.includes(rotated.json.key)));
});

test('nobody gets more by a key of its own making than it has', needsRedis, async (t) => {
  const { own, keyOf, admin } = await setUp(t);
  const end = new Date(Date.now() + 3_600_000).toISOString();
  const reader = await keyOf({ id: 'reader', scopes: ['read'], expiresAt: end, metadata: { env: 'sandbox' } });
  await keyOf({ id: 'all' });
  await keyOf({ id: 'live', scopes: ['read'], metadata: { env: 'live' } });
  const more = await own(reader, 'POST', '', { scopes: ['read', 'write'] });
  assert.deepEqual([more.status, more.json.code], [403, 'insufficient_scope']);
  assert.equal((await own(reader, 'POST', '', { scopes: ['admin'] })).json.code, 'invalid_request');
  assert.equal((await own(reader, 'POST', '', { expiresIn: '2h' })).json.code, 'invalid_request');
  assert.equal((await own(reader, 'POST', '', { metadata: { env: 'live' } })).json.code, 'invalid_request');
  const same = await own(reader, 'POST', '', {});
  assert.deepEqual([same.json.scopes, same.json.expiresAt, same.json.metadata], [['read'], end, { env: 'sandbox' }]);
  assert.equal((await own(reader, 'POST', '/all/rotate', {})).json.code, 'insufficient_scope');
  assert.equal((await own(reader, 'DELETE', '/all')).json.code, 'insufficient_scope');
  assert.equal((await own(reader, 'POST', '/live/rotate', {})).json.code, 'forbidden');
  await admin('POST', '/consumers', { name: 'other' });
  await admin('POST', '/consumers/other/keys', { id: 'theirs' });
  assert.equal((await own(reader, 'DELETE', '/theirs')).json.code, 'consumer_not_found');
});

test('there is a bound to their number, and whoever calls with the last one keeps it', needsRedis, async (t) => {
  const { own, keyOf } = await setUp(t, { maxKeys: 2, maxLife: '30d' });
  const first = await keyOf({ id: 'first' });
  const last = await own(first, 'DELETE', '/first');
  assert.deepEqual([last.status, last.json.code], [409, 'conflict']);
  const made = await own(first, 'POST', '', {});
  assert.ok(Date.parse(made.json.expiresAt) <= Date.now() + 30 * 86_400_000);
  assert.equal((await own(first, 'POST', '', {})).json.code, 'conflict');
  assert.equal((await own(first, 'POST', '/first/rotate', { overlap: '0s' })).status, 201);
});

test(
  'a token of the consumer will do; what a browser sends by itself, or a foreign page can send, will not',
  needsRedis,
  async (t) => {
    const { own, keyOf } = await setUp(t);
    const key = await keyOf({});
    const sign = (claims: object) => `Bearer ${jwt.sign({ sub: 'mia', ...claims }, SECRET, { expiresIn: 60 })}`;
    const made = await own({ authorization: sign({ azp: 'portal', scope: 'read' }) }, 'POST', '', {});
    assert.deepEqual([made.status, made.json.scopes], [201, ['read']], made.text);
    const nobody = await own({ authorization: sign({}) }, 'GET');
    assert.deepEqual([nobody.status, nobody.json.code], [403, 'forbidden']);
    assert.equal((await own({ authorization: 'Basic YWNtZTphY21l' }, 'GET')).status, 401);
    assert.equal((await own({}, 'GET')).status, 401);
    const form = await own({ ...key, 'content-type': 'text/plain' }, 'POST', '', {});
    assert.deepEqual([form.status, form.json.code], [415, 'unsupported_media_type']);
    assert.equal((await own(key, 'DELETE')).headers['allow'], 'GET, HEAD, POST');
  },
);

test('with a key and a token it is the key that says what may be made', needsRedis, async (t) => {
  const { admin, own, keyOf } = await setUp(t);
  const token = { authorization: `Bearer ${jwt.sign({ azp: 'portal', scope: 'read' }, SECRET, { expiresIn: 60 })}` };
  const small = await keyOf({ id: 'small', scopes: [] });
  const lent = await own({ ...small, ...token }, 'POST', '', { scopes: ['read'] });
  assert.deepEqual([lent.status, lent.json.code], [403, 'insufficient_scope'], lent.text);
  assert.equal((await own(token, 'POST', '', { scopes: ['read'] })).status, 201);
  await admin('POST', '/consumers', { name: 'other', scopes: ['read', 'write'] });
  const theirs = { 'x-api-key': (await admin('POST', '/consumers/other/keys', {})).json.key };
  const mixed = await own({ ...theirs, ...token }, 'POST', '', { scopes: ['write'] });
  assert.deepEqual([mixed.status, mixed.json.code], [401, 'invalid_credential'], mixed.text);
});

test('changes are bounded in a minute, and 503 while Redis is away', needsRedis, async (t) => {
  const { own, keyOf, redis } = await setUp(t);
  const key = await keyOf({ id: 'main' });
  const statuses = new Set<number>();
  for (let i = 0; i < 25; i++) statuses.add((await own(key, 'DELETE', '/none')).status);
  assert.deepEqual([...statuses].sort(), [404, 429]);
  await redis.kill();
  const away = await own(key, 'GET');
  assert.deepEqual([away.status, away.json.code], [503, 'consumers_unavailable']);
});

test('a key that is refused again and again keeps no other from revoking it', needsRedis, async (t) => {
  const { own, keyOf } = await setUp(t);
  const owner = await keyOf({ id: 'owner' });
  const stolen = await keyOf({ id: 'stolen', scopes: [] });
  const statuses: number[] = [];
  for (let i = 0; i < 21; i++) statuses.push((await own(stolen, 'POST', '/owner/rotate', {})).status);
  assert.deepEqual([new Set(statuses.slice(0, 20)), statuses[20]], [new Set([403]), 429]);
  const revoked = await own(owner, 'DELETE', '/stolen');
  assert.equal(revoked.status, 200, revoked.text);
});

test('what would become of a change is explained, and nothing is changed', needsRedis, async (t) => {
  const { gateway, own, keyOf } = await setUp(t);
  const key = await keyOf({ id: 'main' });
  const explain = async (method: string, path: string) => {
    const body = JSON.stringify({ method, url: `${gateway.url}/-/me/keys${path}`, headers: key });
    const { json } = await ask(`${gateway.adminUrl}/explain`, { method: 'POST', body });
    return [
      json.outcome,
      json.status,
      json.trace.find(({ stage }: { stage: string }) => stage === 'selfService')?.decision,
    ];
  };
  assert.deepEqual(await explain('GET', ''), ['passes', undefined, 'lists the keys (consumer "acme")']);
  const makes = 'makes a key, if nothing speaks against it (consumer "acme")';
  assert.deepEqual(await explain('POST', ''), ['passes', undefined, makes]);
  assert.deepEqual((await explain('DELETE', '')).slice(0, 2), ['refused', 405]);
  assert.equal((await own(key, 'GET')).json.keys.length, 1);
});

test('where the file does not say so there are no such pages, and keys of the file can not be changed', async (t) => {
  const gateway = await startGateway(t, { file: { routes: [] } });
  assert.equal((await ask(`${gateway.url}/-/me/keys`)).status, 404);
  const folder = configFolder(t, { 'routes.json': { selfService: { keys: true }, routes: [] } });
  const [fault] = faultsOf(() => loadRoutes(join(folder, 'routes.json'), { env: {} }));
  assert.match(`${fault?.message} ${fault?.hint}`, /keys of the file.*consumerStore.*redis/);
});
