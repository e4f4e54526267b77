import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { SECRET } from '../support/auth.ts';
import { startCached } from '../support/cache.ts';
import type { SeenRequest } from '../support/service.ts';

/** The attack: to be given the answer that another caller got. */

const KEYS = { app: createApiKey(), other: createApiKey() };
const CONSUMERS = Object.entries(KEYS).map(([name, key]) => ({ name, keys: [{ id: name, sha256: hashApiKey(key) }] }));
const ISSUERS = [
  { issuer: 'https://a.example/', secret: SECRET },
  { issuer: 'https://b.example/', secret: SECRET.toUpperCase() },
];

function token(sub: string, claims: object = {}, issuer = 0): { authorization: string } {
  const { issuer: iss, secret } = ISSUERS[issuer] as (typeof ISSUERS)[0];
  return { authorization: `Bearer ${jwt.sign({ iss, sub, ...claims }, secret, { expiresIn: 600 })}` };
}

/** Says whose it is, by all that it was told; and says it anew each time. */
function tellCaller({ headers }: SeenRequest): string {
  const { 'x-user-id': user, 'x-consumer-name': consumer, cookie, authorization } = headers;
  return JSON.stringify({ user, consumer, cookie, authorization });
}

async function setUp(t: TestContext, options: Parameters<typeof startCached>[1] = {}, cacheControl = 'max-age=600') {
  const { route, ...rest } = options;
  const gateway = await startCached(t, {
    route: { auth: ['jwt', 'api-key'], ...route },
    top: { consumers: CONSUMERS, issuers: ISSUERS },
    ...rest,
  });
  let count = 0;
  const seen = gateway.script('/me', (request) => {
    count += 1;
    return { headers: { 'cache-control': cacheControl }, body: `${count} ${tellCaller(request)}` };
  });
  const call = async (headers: Record<string, string> = {}) => (await gateway.get('/me', headers)).text;
  return { gateway, call, seen };
}

/** Each caller is asked for twice: the first time all differ, the second time each gets its own again. */
async function assertApart(
  call: (headers: Record<string, string>) => Promise<string>,
  callers: readonly Record<string, string>[],
  isKept = true,
) {
  const first: string[] = [];
  for (const caller of callers) first.push(await call(caller));
  assert.equal(new Set(first).size, callers.length);
  const second: string[] = [];
  for (const caller of callers) second.push(await call(caller));
  if (isKept) assert.deepEqual(second, first);
  else assert.equal(new Set([...first, ...second]).size, callers.length * 2);
}

test('users, consumers, and users of the same name of two issuers, are kept apart', async (t) => {
  const { call } = await setUp(t);
  await assertApart(call, [
    token('u1'),
    token('u2'),
    token('u1', {}, 1),
    { 'x-api-key': KEYS.app },
    { 'x-api-key': KEYS.other },
    { ...token('u1'), 'x-api-key': KEYS.app },
    { ...token('u1'), 'x-api-key': KEYS.other },
  ]);
});

test('another token of the same user is the same user', async (t) => {
  const { call } = await setUp(t);
  assert.equal(await call(token('u1', { jti: '1' })), await call(token('u1', { jti: '2' })));
});

test('a token that the service is shown is part of who asks: it may look at any claim', async (t) => {
  const { call } = await setUp(t, { route: { auth: 'jwt', forwardCredentials: true } });
  await assertApart(call, [token('u1', { admin: true }), token('u1', { admin: false })]);
});

test('roles that the service is told are part of who asks', async (t) => {
  const { call } = await setUp(t);
  assert.notEqual(await call(token('u1', { roles: ['admin'] })), await call(token('u1', { roles: ['guest'] })));
});

test('who calls without a credential is not given what a proven caller got, nor the other way round', async (t) => {
  const { call } = await setUp(t, { route: { auth: { any: ['jwt'], optional: true } } });
  await assertApart(call, [{}, token('u1'), token('u2')]);
  const other = await setUp(t, { route: { auth: { any: ['jwt'], optional: true } } });
  await assertApart(other.call, [token('u1'), {}]);
});

test('a hit asks for the credential first', async (t) => {
  const { call, gateway } = await setUp(t, {}, 'public, max-age=600');
  await call(token('u1'));
  assert.equal((await gateway.get('/me')).status, 401);
  assert.equal((await gateway.get('/me', { 'x-api-key': createApiKey() })).status, 401);
  assert.equal((await gateway.get('/me', { authorization: 'Bearer x' })).status, 401);
});

test('a hit is authorised, and counts in the limits', async (t) => {
  const { gateway, call } = await setUp(t, {
    cache: { shared: true },
    route: { auth: 'jwt', authorize: { roles: { any: ['admin'] } }, rateLimits: [{ limit: 3, window: '1h' }] },
  });
  await call(token('u1', { roles: ['admin'] }));
  assert.equal((await gateway.get('/me', token('u2', { roles: ['guest'] }))).status, 403);
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) statuses.push((await gateway.get('/me', token('u1', { roles: ['admin'] }))).status);
  assert.deepEqual(statuses, [200, 200, 429, 429]);
});

test('what the service calls public is for all', async (t) => {
  const { call, seen } = await setUp(t, {}, 'public, max-age=600');
  const answers = [await call(token('u1')), await call(token('u2')), await call({ 'x-api-key': KEYS.app })];
  assert.deepEqual([new Set(answers).size, seen().length], [1, 1]);
});

test('what the service once called public, and does no more, is for nobody else from then on', async (t) => {
  const { gateway, call } = await setUp(t, {}, 'public, max-age=5');
  await call(token('u1'));
  gateway.pass(10);
  gateway.script('/me', (request) => ({ headers: { 'cache-control': 'max-age=600' }, body: tellCaller(request) }));
  assert.match(await call(token('u1')), /u1/);
  assert.match(await call(token('u2')), /u2/);
  assert.match(await call(token('u1')), /u1/);
});

test("s-maxage and must-revalidate alone make an answer no one else's", async (t) => {
  for (const cacheControl of ['s-maxage=600', 'max-age=600, must-revalidate']) {
    const { call } = await setUp(t, {}, cacheControl);
    await assertApart(call, [token('u1'), token('u2')]);
  }
});

test('`shared` is for proven callers alone, and not for those whose Authorization nobody has verified', async (t) => {
  const { call } = await setUp(t, {
    cache: { shared: true },
    route: { auth: { any: ['jwt', 'api-key'], optional: true } },
  });
  assert.equal(await call(token('u1')), await call(token('u2')));
  assert.notEqual(await call(), await call(token('u1')));
  const basic = await setUp(t, { cache: { shared: true }, route: { auth: 'api-key', forwardCredentials: true } });
  await assertApart(basic.call, [
    { 'x-api-key': KEYS.app, authorization: 'Basic YTph' },
    { 'x-api-key': KEYS.app, authorization: 'Basic YjpI' },
  ]);
});

test('what is shared can be told apart by a value', async (t) => {
  const { call } = await setUp(t, {
    cache: { shared: true, key: { values: ['${claims.org}'] } },
    route: { auth: 'jwt' },
  });
  assert.equal(await call(token('u1', { org: 'a' })), await call(token('u2', { org: 'a' })));
  assert.notEqual(await call(token('u1', { org: 'a' })), await call(token('u3', { org: 'b' })));
});

test('what the edits of a route tell the service of one caller is not for the next one, though all share', async (t) => {
  const gateway = await startCached(t, {
    cache: { shared: true },
    route: {
      auth: 'jwt',
      request: [
        { headers: { set: { 'x-org': '${claims.org}' } } },
        { when: 'claims.org == "a"', headers: { remove: ['x-plain'] }, query: { set: { admin: '1' } } },
      ],
    },
    top: { issuers: ISSUERS },
  });
  const tell = ({ path, headers }: SeenRequest) => ({
    headers: { 'cache-control': 'max-age=600' },
    body: `${path} ${headers['x-org']} ${headers['x-plain']}`,
  });
  gateway.script('/me', tell);
  const call = async (sub: string, org: string, headers = {}) =>
    (await gateway.get('/me', { ...token(sub, { org }), ...headers })).text;
  for (let i = 0; i < 2; i++) {
    assert.equal(await call('u1', 'a', { 'x-plain': '1', 'x-org': 'b' }), '/me?admin=1 a undefined');
    assert.equal(await call('u2', 'b', { 'x-plain': '1', 'x-org': 'b' }), '/me b 1');
    assert.equal(await call('u3', 'b', { 'x-org': 'a' }), '/me b undefined');
  }
});

test('a part of what is stored goes through the edits of the answer, as all of it does', async (t) => {
  const gateway = await startCached(t, { route: { response: { json: { omit: ['secret'] } } } });
  gateway.script('/a', [
    { headers: { 'cache-control': 'max-age=600', 'content-type': 'application/json' }, body: '{"secret":"x","b":1}' },
  ]);
  for (const headers of [{}, { range: 'bytes=0-12' }, { range: 'bytes=0-12', 'if-range': '"x"' }]) {
    const { status, text } = await gateway.get('/a', headers);
    assert.deepEqual([status, text], [200, '{"b":1}']);
  }
});

test('an Authorization or a Cookie that nobody has looked at is not answered from the store, and not stored', async (t) => {
  const { call } = await setUp(t, { route: { auth: 'none' } });
  await assertApart(
    call,
    [{ authorization: 'Basic YTph' }, { authorization: 'Basic YjpI' }, { cookie: 's=1' }, { cookie: 's=2' }],
    false,
  );
  const plain = await call();
  assert.equal(await call(), plain);
  for (const headers of [{ cookie: 's=1' }, { authorization: 'Basic YTph' }])
    assert.notEqual(await call(headers), plain);
});

test('but where the answer is public, or the key names it', async (t) => {
  const open = await setUp(t, { route: { auth: 'none' } }, 'public, max-age=600');
  assert.equal(await open.call({ cookie: 's=1' }), await open.call({ cookie: 's=2' }));
  const keyed = await setUp(t, { route: { auth: 'none' }, cache: { key: { headers: ['Cookie', 'authorization'] } } });
  await assertApart(keyed.call, [{}, { cookie: 's=1' }, { cookie: 's=2' }, { authorization: 'Basic YTph' }]);
});

test('a cookie beside a proven credential is one that nobody has looked at', async (t) => {
  const { call } = await setUp(t);
  await assertApart(
    call,
    [
      { ...token('u1'), cookie: 's=1' },
      { ...token('u1'), cookie: 's=2' },
    ],
    false,
  );
});

test('neither Set-Cookie nor private nor no-store is given to anybody else', async (t) => {
  const gateway = await startCached(t, { cache: { ttl: '1h', staleIfError: '1h' } });
  const answers: Record<string, Record<string, string>> = {
    '/cookie': { 'cache-control': 'public, max-age=600', 'set-cookie': 's=secret' },
    '/private': { 'cache-control': 'private, max-age=600' },
    '/quoted': { 'cache-control': 'private="set-cookie", max-age=600' },
    '/no-store': { 'cache-control': 'no-store' },
    '/odd': { 'cache-control': 'max-age=600; private' },
    '/open': { 'cache-control': 'max-age=600, x="private' },
    '/vary': { 'cache-control': 'max-age=600', vary: '*' },
  };
  for (const [path, headers] of Object.entries(answers)) {
    const seen = gateway.script(path, [{ headers }]);
    for (let i = 0; i < 3; i++) assert.equal((await gateway.get(path)).text, `answer ${i + 1}`, path);
    assert.equal(seen().length, 3, path);
  }
});

test('a Set-Cookie of a 304 goes to the one who asked', async (t) => {
  const gateway = await startCached(t);
  gateway.script('/a', [
    { headers: { 'cache-control': 'max-age=1', etag: '"a"' } },
    { status: 304, headers: { 'cache-control': 'max-age=600', etag: '"a"', 'set-cookie': 's=secret' } },
    { headers: { 'cache-control': 'max-age=600' } },
  ]);
  await gateway.get('/a');
  gateway.pass(5);
  assert.deepEqual((await gateway.get('/a')).headers['set-cookie'], ['s=secret']);
  for (let i = 0; i < 2; i++) assert.equal((await gateway.get('/a')).headers['set-cookie'], undefined);
});

test('users who ask at once are each answered for themselves', async (t) => {
  const { call } = await setUp(t);
  const users = Array.from({ length: 40 }, (_, index) => `u${index % 8}`);
  const answers = await Promise.all(users.map((user) => call(token(user))));
  for (const [index, user] of users.entries()) assert.match(answers[index] as string, new RegExp(`"user":"${user}"`));
});
