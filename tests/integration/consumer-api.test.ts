import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { runKey } from '../../src/cli/key.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type AskOptions, ask } from '../support/http.ts';
import { createRandom } from '../support/random.ts';
import { PATIENT } from '../support/redis-link.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const TOKEN = 'a-token-of-decent-length';
const GROUPS = {
  partners: { plan: 'small', roles: ['partner'], scopes: ['read', 'write'], metadata: { region: 'eu' } },
};
const PLANS = { small: { rateLimits: [{ limit: 3, window: '1h', algorithm: 'fixed' }] } };

async function setUp(t: TestContext, ...redisSettings: string[]) {
  const redis = await startRedisServer(...redisSettings);
  t.after(() => redis.stop());
  const service = await startService(t);
  const target = service.url;
  const routes = [
    { prefix: '/a', target },
    { prefix: '/write', target, authorize: { scopes: ['write'] } },
    { prefix: '/eu', target, authorize: { when: "consumer.metadata.region == 'eu'" } },
  ];
  const file = { consumerStore: 'redis', groups: GROUPS, plans: PLANS, routes };
  const env = { ADMIN_TOKEN: TOKEN };
  const start = () => startGateway(t, { file, env, redis: { url: redis.url, ...PATIENT } });
  const gateways = [await start(), await start()] as const;
  for (const { deps } of gateways) await until(() => deps.redis?.isUp);
  return { redis, gateways, service, file };
}

/** Calls the admin API of a gateway as a portal does. */
function admin(
  { adminUrl }: TestGateway,
  method: string,
  path: string,
  body?: unknown,
  more: AskOptions['headers'] = {},
) {
  const headers = { authorization: `Bearer ${TOKEN}`, ...(body === undefined ? {} : JSON_TYPE), ...more };
  const text = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
  return ask(`${adminUrl}${path}`, { method, headers, ...text });
}

const JSON_TYPE = { 'content-type': 'application/json' };

function call({ url }: TestGateway, path: string, key: string) {
  return ask(`${url}${path}`, { headers: { 'x-api-key': key } });
}

test(
  'a key made through one gateway works at the other, and one that is revoked stops at both',
  needsRedis,
  async (t) => {
    const { gateways, service } = await setUp(t);
    const [one, two] = gateways;
    const made = await admin(one, 'POST', '/consumers', {
      name: 'acme',
      groups: ['partners'],
      metadata: { tier: 'b' },
    });
    assert.equal(made.status, 201, made.text);
    assert.equal(made.headers['location'], '/consumers/acme');
    const created = await admin(two, 'POST', '/consumers/acme/keys', { id: 'main', expiresIn: '90d' });
    assert.equal(created.status, 201, created.text);
    const { key } = created.json;
    assert.match(key, /^tpk_/);
    for (const gateway of gateways) assert.equal((await call(gateway, '/a', key)).status, 200);
    assert.equal(service.requests[0]?.headers['x-user-role'], 'partner');
    assert.equal((await call(one, '/eu', key)).status, 200, 'metadata of the group');
    const listed = await admin(one, 'GET', '/consumers/acme/keys');
    assert.deepEqual(
      listed.json.keys.map(({ id, scopes }: { id: string; scopes: unknown }) => [id, scopes]),
      [['main', null]],
    );
    assert.ok(!listed.text.includes(key) && !/[0-9a-f]{64}/.test(listed.text), 'neither the key nor its hash');
    await until(async () => (await admin(one, 'GET', '/consumers/acme/keys')).json.keys[0].lastUsedAt !== null);
    assert.equal((await admin(two, 'DELETE', '/consumers/acme/keys/main')).status, 200);
    for (const gateway of gateways) await until(async () => (await call(gateway, '/a', key)).status === 401);
    assert.equal((await admin(two, 'DELETE', '/consumers/acme/keys/main')).json.code, 'consumer_not_found');
    assert.equal((await admin(two, 'DELETE', '/consumers/acme')).status, 200);
    assert.equal((await admin(one, 'GET', '/consumers/acme')).json.code, 'consumer_not_found');
  },
);

test(
  'a key may hold fewer scopes than its consumer, never more, and loses those that its consumer loses',
  needsRedis,
  async (t) => {
    const { gateways } = await setUp(t);
    const [one, two] = gateways;
    await admin(one, 'POST', '/consumers', { name: 'acme', scopes: ['read', 'write'], plan: 'small' });
    const make = async (scopes?: readonly string[]) => admin(one, 'POST', '/consumers/acme/keys', { scopes });
    const [all, reader, neither] = [await make(), await make(['read']), await make(['admin'])];
    assert.equal((await call(two, '/write', all.json.key)).status, 200);
    const refused = await call(two, '/write', reader.json.key);
    assert.deepEqual([refused.status, refused.json.code], [403, 'insufficient_scope']);
    assert.deepEqual(
      [neither.status, neither.json.code, neither.json.errors[0].pointer],
      [400, 'invalid_request', '/scopes/0'],
    );
    await admin(two, 'PATCH', '/consumers/acme', { scopes: ['read'] });
    for (const gateway of gateways)
      await until(async () => (await call(gateway, '/write', all.json.key)).status === 403);
  },
);

test(
  'the plan of a group is that of its members, over all gateways, until they have one of their own',
  needsRedis,
  async (t) => {
    const { gateways } = await setUp(t);
    const [one, two] = gateways;
    await admin(one, 'POST', '/consumers', { name: 'acme', groups: ['partners'] });
    const { key } = (await admin(one, 'POST', '/consumers/acme/keys', {})).json;
    const statuses: number[] = [];
    for (const gateway of [one, two, one, two]) statuses.push((await call(gateway, '/a', key)).status);
    assert.deepEqual(statuses, [200, 200, 200, 429]);
    await admin(one, 'PATCH', '/consumers/acme', { groups: null });
    await until(async () => (await call(two, '/a', key)).status === 200);
  },
);

test(
  'nobody changes anything without the token, and every change leaves a line without the key',
  needsRedis,
  async (t) => {
    const { gateways } = await setUp(t);
    const [one] = gateways;
    for (const authorization of ['', 'Bearer wrong', `Basic ${TOKEN}`]) {
      const refused = await admin(one, 'POST', '/consumers', { name: 'acme' }, { authorization });
      assert.deepEqual([refused.status, refused.json.code], [401, 'unauthenticated']);
      assert.equal(refused.headers['content-type'], 'application/problem+json');
    }
    const page = await admin(one, 'POST', '/consumers', { name: 'acme' }, { origin: 'https://evil.example' });
    assert.equal(page.status, 403);
    assert.equal((await admin(one, 'GET', '/consumers')).json.consumers.length, 0);
    await admin(one, 'POST', '/consumers', { name: 'acme' }, { 'x-actor': 'mia@acme.example' });
    const first = (await admin(one, 'POST', '/consumers/acme/keys', {})).json;
    const second = (await admin(one, 'POST', '/consumers/acme/keys/k1/rotate', { overlap: '1h' })).json;
    await admin(one, 'PATCH', '/consumers/acme', { plan: 'small' });
    await admin(one, 'DELETE', '/consumers/acme/keys/k2');
    await admin(one, 'DELETE', '/consumers/acme');
    const lines = one.messages.map((line) => JSON.parse(line)).filter(({ audit }) => audit !== undefined);
    assert.deepEqual(
      lines.map(({ audit: { action, consumer, keyId, changed, by } }) => [by, action, consumer, keyId, changed]),
      [
        ['admin', 'consumer.create', 'acme', undefined, undefined],
        ['admin', 'key.create', 'acme', 'k1', undefined],
        ['admin', 'key.rotate', 'acme', 'k2', ['k1']],
        ['admin', 'consumer.update', 'acme', undefined, ['plan']],
        ['admin', 'key.revoke', 'acme', 'k2', undefined],
        ['admin', 'consumer.delete', 'acme', undefined, ['k1']],
      ],
    );
    assert.deepEqual([lines[0].audit.actor, lines[0].audit.address], ['mia@acme.example', '127.0.0.1']);
    assert.ok(lines.every(({ time }) => !Number.isNaN(Date.parse(time))));
    for (const secret of [first.key, second.key, TOKEN])
      assert.ok(![...one.messages, ...one.accessLines].some((line) => line.includes(secret)));
    assert.ok(!one.messages.some((line) => /[0-9a-f]{64}/.test(line)), 'nor a hash');
  },
);

test('two portals that edit at once: the one that has not seen the other is told so', needsRedis, async (t) => {
  const { gateways } = await setUp(t);
  const [one, two] = gateways;
  const etag = String((await admin(one, 'POST', '/consumers', { name: 'acme' })).headers['etag']);
  assert.equal(String((await admin(two, 'GET', '/consumers/acme')).headers['etag']), etag);
  const first = await admin(one, 'PATCH', '/consumers/acme', { roles: ['a'] }, { 'if-match': etag });
  const late = await admin(two, 'PATCH', '/consumers/acme', { roles: ['b'] }, { 'if-match': etag });
  assert.deepEqual([first.status, late.status, late.json.code], [200, 412, 'precondition_failed']);
  const again = await admin(
    two,
    'PATCH',
    '/consumers/acme',
    { roles: ['b'] },
    { 'if-match': String(first.headers['etag']) },
  );
  assert.deepEqual([again.status, again.json.roles], [200, ['b']]);
  assert.equal((await admin(two, 'DELETE', '/consumers/acme', undefined, { 'if-match': etag })).status, 412);
  assert.equal((await admin(one, 'POST', '/consumers', { name: 'acme' })).json.code, 'conflict');
  await admin(one, 'POST', '/consumers/acme/keys', { id: 'main' });
  assert.equal((await admin(two, 'POST', '/consumers/acme/keys', { id: 'main' })).json.code, 'conflict');
});

test('rotations at once through both gateways lose nothing of each other', needsRedis, async (t) => {
  const { gateways } = await setUp(t);
  await admin(gateways[0], 'POST', '/consumers', { name: 'acme' });
  const old = (await admin(gateways[0], 'POST', '/consumers/acme/keys', { id: 'old' })).json;
  const rotated = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      admin(gateways[(i % 2) as 0 | 1], 'POST', '/consumers/acme/keys/old/rotate', {}),
    ),
  );
  assert.deepEqual([...new Set(rotated.map(({ status }) => status))], [201]);
  const { keys } = (await admin(gateways[1], 'GET', '/consumers/acme/keys')).json;
  assert.equal(new Set(keys.map(({ id }: { id: string }) => id)).size, 21);
  assert.ok(Date.parse(keys.find(({ id }: { id: string }) => id === 'old').expiresAt) > Date.now());
  for (const { json } of rotated.slice(0, 4)) assert.notEqual((await call(gateways[0], '/a', json.key)).status, 401);
  assert.notEqual((await call(gateways[1], '/a', old.key)).status, 401, 'it goes on for the overlap');
});

test('all consumers are listed in pages, and none is missing', needsRedis, async (t) => {
  const { gateways } = await setUp(t);
  const names = Array.from({ length: 150 }, (_, i) => `consumer-${i}`);
  const plenty = names.map((name) =>
    admin(gateways[0], 'POST', '/consumers', { name, metadata: { a: 'x'.repeat(80) } }),
  );
  for (const { status } of await Promise.all(plenty)) assert.equal(status, 201);
  const seen = new Set<string>();
  let pages = 0;
  let cursor: string | null = '0';
  while (cursor !== null) {
    const { json } = await admin(gateways[1], 'GET', `/consumers?limit=20&cursor=${cursor}`);
    for (const { name } of json.consumers) seen.add(name);
    pages += 1;
    cursor = json.next;
  }
  assert.equal(seen.size, names.length);
  assert.ok(pages >= 4 && pages <= 20, `${pages} pages`);
});

test('usage is told by consumer, key and route', needsRedis, async (t) => {
  const { gateways } = await setUp(t);
  const [one] = gateways;
  await admin(one, 'POST', '/consumers', { name: 'acme', plan: 'small' });
  await admin(one, 'POST', '/consumers', { name: 'acme2' });
  const keyOf = async (name: string, id: string) =>
    (await admin(one, 'POST', `/consumers/${name}/keys`, { id })).json.key;
  const [a, b, other] = [await keyOf('acme', 'a'), await keyOf('acme', 'b'), await keyOf('acme2', 'a')];
  for (const key of [a, a, b, b, other]) await call(one, '/a', key);
  const read = () => admin(one, 'GET', '/consumers/acme/usage');
  await until(async () => (await read()).json.total.calls === 3, { timeoutMs: 15_000 });
  const { rows, total } = (await read()).json;
  assert.deepEqual(
    rows.map(({ key, route, calls, refused }: Record<string, unknown>) => [key, route, calls, refused]),
    [
      ['a', '/a', 2, 0],
      ['b', '/a', 1, 1],
    ],
  );
  assert.deepEqual(total, { calls: 3, cost: 3, refused: 1 });
  assert.equal(
    (await admin(one, 'GET', '/consumers/acme/usage?from=2026-01-01&to=2025-01-01')).json.code,
    'invalid_request',
  );
});

test('while Redis is away every change is 503 and none is half made; afterwards all goes on', needsRedis, async (t) => {
  const { gateways, redis } = await setUp(t);
  const [one, two] = gateways;
  await admin(one, 'POST', '/consumers', { name: 'acme' });
  const made = (await admin(one, 'POST', '/consumers/acme/keys', {})).json;
  // A burst, and Redis goes in the middle of it.
  const burst = Array.from({ length: 40 }, (_, i) =>
    admin(gateways[(i % 2) as 0 | 1], 'POST', '/consumers', { name: `c${i}` }),
  );
  await redis.kill();
  const codes = (await Promise.all(burst)).map(({ status, json }) => `${status} ${json.code ?? ''}`.trim());
  assert.ok(
    codes.every((code) => code === '201' || code === '503 consumers_unavailable'),
    codes.join(),
  );
  assert.equal((await admin(one, 'DELETE', '/consumers/acme/keys/k1')).status, 503);
  assert.equal((await admin(two, 'GET', '/consumers')).status, 503);
  await redis.start();
  await until(async () => (await admin(two, 'GET', '/consumers')).status === 200, { timeoutMs: 15_000 });
  assert.equal((await admin(one, 'POST', '/consumers', { name: 'acme' })).status, 201, 'it had kept nothing');
  assert.equal((await call(two, '/a', made.key)).status, 401);
});

test('consumers of the file are told and not changed', async (t) => {
  const file = { consumers: [{ name: 'app' }], routes: [] };
  const gateway = await startGateway(t, { file, env: { ADMIN_TOKEN: TOKEN } });
  assert.equal((await admin(gateway, 'GET', '/consumers')).json.consumers[0].name, 'app');
  for (const [method, path] of [
    ['POST', '/consumers'],
    ['DELETE', '/consumers/app'],
    ['POST', '/consumers/app/keys'],
  ] as const) {
    const refused = await admin(gateway, method, path, method === 'POST' ? {} : undefined);
    assert.deepEqual([refused.status, refused.json.code], [409, 'consumers_in_file']);
  }
});

test('the API describes itself', async (t) => {
  const gateway = await startGateway(t, { file: { routes: [] }, env: { ADMIN_TOKEN: TOKEN } });
  const { paths, components } = (await admin(gateway, 'GET', '/openapi.json')).json as {
    paths: Record<string, Record<string, unknown>>;
    components: { schemas: Record<string, object> };
  };
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).flatMap((word) => (word === 'parameters' ? [] : [`${word.toUpperCase()} ${path}`])),
  );
  for (const [, name = ''] of JSON.stringify(paths).matchAll(/schemas\/(\w+)/g))
    assert.ok(components.schemas[name], name);
  assert.deepEqual(all.sort(), [
    'DELETE /consumers/{name}',
    'DELETE /consumers/{name}/keys/{id}',
    'GET /consumers',
    'GET /consumers/{name}',
    'GET /consumers/{name}/keys',
    'GET /consumers/{name}/usage',
    'PATCH /consumers/{name}',
    'POST /consumers',
    'POST /consumers/{name}/keys',
    'POST /consumers/{name}/keys/{id}/rotate',
  ]);
});

test('whatever is sent is refused or taken, and never breaks anything', needsRedis, async (t) => {
  const { gateways } = await setUp(t);
  const [gateway] = gateways;
  await admin(gateway, 'POST', '/consumers', { name: 'acme' });
  const random = createRandom(13);
  const values = [
    null,
    true,
    0,
    -1,
    1e300,
    '',
    'x'.repeat(600),
    '\u0000',
    '${claims.sub}',
    '__proto__',
    [],
    {},
    ['a'],
    { a: 'b' },
  ];
  const members = [
    'name',
    'plan',
    'groups',
    'roles',
    'scopes',
    'metadata',
    'id',
    'expiresAt',
    'expiresIn',
    'overlap',
    '__proto__',
  ];
  const names = ['acme', '..', '%2e%2e', '%00', '__proto__', 'constructor', 'a%2Fb', 'x'.repeat(200), '%zz', ''];
  const rests = [
    '',
    '/keys',
    '/keys/k1',
    '/keys/k1/rotate',
    '/usage',
    '/keys/%2F',
    '/nothing',
    '/keys/__proto__/rotate',
  ];
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const bodies = () => {
    const pairs = Array.from(
      { length: 1 + Math.floor(random() * 3) },
      () => `${JSON.stringify(pick(members))}:${JSON.stringify(pick(values))}`,
    );
    return pick([
      `{${pairs.join(',')}}`,
      `{${pairs.join(',')}`,
      '['.repeat(5000),
      '"text"',
      'null',
      '{"id":"a","id":"b"}',
    ]);
  };
  for (let i = 0; i < 300; i++) {
    const method = pick(['GET', 'POST', 'PATCH', 'DELETE', 'PUT']);
    const path = pick([
      '/consumers',
      `/consumers/${pick(names)}${pick(rests)}`,
      `/consumers?limit=${pick(['0', 'x', '9999', '5'])}&cursor=${pick(['0', '-1', 'a'])}`,
    ]);
    const sent = method === 'POST' || method === 'PATCH' ? bodies() : undefined;
    const { status, text } = await admin(gateway, method, path, sent, { 'if-match': pick(['*', '"x"', 'W/"x"', ',']) });
    assert.ok(status < 500, `${method} ${path} ${sent}: ${status} ${text}`);
    assert.ok(!text.includes('at '.concat('file:')) && text.endsWith('\n'));
  }
  assert.ok((await admin(gateway, 'GET', '/consumers')).json.consumers.length <= 2);
  assert.equal((await admin(gateway, 'POST', '/consumers', `{"name":"${'x'.repeat(70_000)}"}`)).status, 413);
  assert.equal((await admin(gateway, 'POST', '/consumers', 'name=a', { 'content-type': 'text/plain' })).status, 415);
});

test('turnpike key does the same by the admin port of a gateway', needsRedis, async (t) => {
  const { gateways } = await setUp(t);
  const [one, two] = gateways;
  const run = async (...argv: string[]) => {
    const said: string[] = [];
    const say = (text: string) => void said.push(text);
    const io = { env: { ADMIN_TOKEN: TOKEN }, out: say, err: say };
    const code = await runKey([...argv, '--admin', one.adminUrl], io);
    return { code, text: said.join(''), key: /^tpk_\w+/m.exec(said.join(''))?.[0] ?? '' };
  };
  const facts = ['--consumer', 'acme', '--groups', 'partners', '--metadata', 'tier=a'];
  const made = await run('create', ...facts, '--scopes', 'read', '--id', 'main', '--expires', '90d');
  assert.equal(made.code, 0, made.text);
  assert.equal((await call(two, '/write', made.key)).json.code, 'insufficient_scope');
  assert.equal((await call(two, '/a', made.key)).status, 200);
  const rotated = await run('rotate', '--consumer', 'acme', '--overlap', '1h');
  assert.match(rotated.text, /^tpk_[\s\S]*Key main ends at/);
  assert.match((await run('list')).text, /acme +main[\s\S]*acme +k2/);
  assert.match((await run('create', '--consumer', 'acme', '--scopes', 'reed')).text, /did you mean "read"/);
  assert.equal((await run('revoke', '--consumer', 'acme', '--all')).code, 0);
  await until(async () => (await call(two, '/a', rotated.key)).status === 401);
  assert.equal((await run('create', '--consumer', 'acme', '--plan', 'smal')).code, 1);
});

test('a group that is edited is another one for keys in Redis too, without a restart', needsRedis, async (t) => {
  const { gateways, file } = await setUp(t);
  const [one] = gateways;
  await admin(one, 'POST', '/consumers', { name: 'acme', groups: ['partners'] });
  const { key } = (await admin(one, 'POST', '/consumers/acme/keys', {})).json;
  assert.equal((await call(one, '/write', key)).status, 200);
  await one.reload({ ...file, groups: { partners: { scopes: ['read'] } } });
  await until(async () => (await call(one, '/write', key)).status === 403);
  await one.reload({ ...file, groups: {} });
  assert.equal((await call(one, '/write', key)).status, 403);
  assert.equal((await call(one, '/a', key)).status, 200, 'the key is good, and has nothing of a group');
});

test('a change that Redis takes too long over is 503, and asked again it is made once', needsRedis, async (t) => {
  const { gateways, redis } = await setUp(t);
  const [one, two] = gateways;
  await admin(one, 'POST', '/consumers', { name: 'acme' });
  redis.freeze();
  const late = admin(one, 'POST', '/consumers/acme/keys', { id: 'main' });
  assert.equal((await late).status, 503);
  redis.thaw();
  await until(async () => (await admin(two, 'GET', '/consumers')).status === 200, { timeoutMs: 15_000 });
  await until(async () => (await admin(one, 'GET', '/consumers')).status === 200, { timeoutMs: 15_000 });
  const again = await admin(one, 'POST', '/consumers/acme/keys', { id: 'main' });
  assert.ok([201, 409].includes(again.status), again.text);
  const { keys } = (await admin(two, 'GET', '/consumers/acme/keys')).json;
  assert.equal(keys.length, 1);
});

test('a Redis that is killed in the middle of changes has each of them whole or not at all', needsRedis, async (t) => {
  const { gateways, redis } = await setUp(t, '--appendonly', 'yes', '--appendfsync', 'always');
  const [one, two] = gateways;
  await admin(one, 'POST', '/consumers', { name: 'acme' });
  let answered = 0;
  const burst = Array.from({ length: 60 }, async (_, i) => {
    const made = await admin(gateways[(i % 2) as 0 | 1], 'POST', '/consumers/acme/keys', { id: `burst-${i}` });
    answered += 1;
    return made;
  });
  await until(() => answered >= 5);
  await redis.kill();
  const made = await Promise.all(burst);
  const good = made.filter(({ status }) => status === 201);
  assert.ok(made.every(({ status }) => status === 201 || status === 503));
  assert.ok(good.length >= 5, 'some were made before');
  await redis.start();
  await until(async () => (await admin(two, 'GET', '/consumers')).status === 200, { timeoutMs: 15_000 });
  const { keys } = (await admin(two, 'GET', '/consumers/acme/keys')).json;
  const ids = new Set(keys.map(({ id }: { id: string }) => id));
  assert.ok(
    good.every(({ json }) => ids.has(json.id)),
    'what was answered is there',
  );
  assert.equal(
    await redis.command('HLEN', 'turnpike:{consumers}:keys'),
    `:${ids.size}\r\n`,
    'a record for each key, no more',
  );
  for (const { json } of good.slice(0, 3)) assert.equal((await call(two, '/a', json.key)).status, 200);
  t.diagnostic(`${good.length} of ${made.length} were answered, ${ids.size} are there`);
});
