import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { SECRET } from '../support/auth.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

/** The attack: an issuer of little trust gives its users the names, token ids, roles and plans of another one's. */

const OTHER_SECRET = SECRET.toUpperCase();
const A = { issuer: 'https://a.example/', secret: SECRET };
const B = { issuer: 'https://b.example/', secret: OTHER_SECRET };

function sign({ issuer, secret }: typeof A, claims: object): { authorization: string } {
  return { authorization: `Bearer ${jwt.sign({ iss: issuer, ...claims }, secret, { expiresIn: 600 })}` };
}

async function setUp(t: TestContext, file: object, route: object = {}, env: Record<string, string> = {}) {
  const service = await startService(t);
  const routes = [{ prefix: '/a', target: service.url, auth: 'jwt', ...route }];
  const gateway = await startGateway(t, { file: { issuers: [A, B], routes, ...file }, env });
  const call = (headers: Record<string, string>) => ask(`${gateway.url}/a`, { headers });
  const statuses = async (count: number, headers: Record<string, string>) => {
    const seen: number[] = [];
    for (let i = 0; i < count; i += 1) seen.push((await call(headers)).status);
    return seen;
  };
  return { gateway, service, call, statuses };
}

test("one issuer's users use up no limit of another's users with the same names", async (t) => {
  for (const by of ['consumer', 'user', 'claim:org']) {
    const { statuses } = await setUp(t, {}, { rateLimits: [{ limit: 2, window: '1h', by }] });
    assert.deepEqual(await statuses(3, sign(B, { sub: 'u1', org: 'acme' })), [200, 200, 429], by);
    assert.deepEqual(await statuses(3, sign(A, { sub: 'u1', org: 'acme' })), [200, 200, 429], by);
  }
});

test("one issuer's users get nobody of another issuer banned", async (t) => {
  const file = { bans: { refusedCalls: { after: 2 } } };
  const { call, statuses } = await setUp(t, file, { rateLimits: [{ limit: 1, window: '1h' }] });
  await statuses(6, sign(B, { sub: 'u1' }));
  assert.equal((await call(sign(B, { sub: 'u1' }))).json.code, 'banned');
  assert.equal((await call(sign(A, { sub: 'u1' }))).status, 200);
});

test('a token is revoked by its id and its issuer', async (t) => {
  const { gateway, call } = await setUp(t, {});
  const revoke = (query: string) => fetch(`${gateway.adminUrl}/revoked-tokens/t1${query}`, { method: 'POST' });
  const [ofA, ofB] = [sign(A, { sub: 'u1', jti: 't1' }), sign(B, { sub: 'u2', jti: 't1' })];
  const unclear = await revoke('?for=2h');
  assert.equal(unclear.status, 422, 'whose token is not said');
  assert.match(JSON.stringify(await unclear.json()), /issuer=.*https:\/\/a\.example\/.*https:\/\/b\.example\//);
  assert.equal((await revoke('?issuer=https://c.example/')).status, 422, 'nobody is called that');
  assert.equal((await revoke(`?issuer=${encodeURIComponent(B.issuer)}`)).status, 200);
  assert.equal((await call(ofA)).status, 200);
  assert.equal((await call(ofB)).status, 401);
});

test('where there is one issuer its tokens are revoked without its name', async (t) => {
  const { gateway, call } = await setUp(t, { issuers: [A] });
  const token = sign(A, { sub: 'u1', jti: 't1' });
  assert.equal((await call(token)).json.headers['x-user-issuer'], undefined);
  assert.equal((await fetch(`${gateway.adminUrl}/revoked-tokens/t1`, { method: 'POST' })).status, 200);
  assert.equal((await call(token)).status, 401);
});

test('the service is told the issuer where there is more than one, and by nobody else', async (t) => {
  const { call } = await setUp(t, {}, {}, { JWT_SECRET: `${SECRET} of the environment` });
  const issuerOf = async (headers: Record<string, string>) => (await call(headers)).json.headers['x-user-issuer'];
  assert.equal(await issuerOf({ ...sign(A, { sub: 'u1' }), 'X-User-Issuer': 'forged' }), A.issuer);
  assert.equal(await issuerOf(sign(B, { sub: 'u1' })), B.issuer);
});

test('a route may name its issuers', async (t) => {
  const { call } = await setUp(t, {}, { issuers: [A.issuer] });
  assert.equal((await call(sign(A, { sub: 'u1' }))).status, 200);
  const refused = await call(sign(B, { sub: 'u1' }));
  assert.deepEqual([refused.status, refused.json.code], [401, 'invalid_credential']);
  assert.match(refused.json.detail, /issuer that is not accepted/);
});

test('a token that another route has remembered is not accepted where its issuer is not named', async (t) => {
  const service = await startService(t);
  const route = (prefix: string, more: object) => ({ prefix, target: service.url, auth: 'jwt', ...more });
  const routes = [route('/any', {}), route('/only-a', { issuers: [A.issuer] })];
  const gateway = await startGateway(t, { file: { issuers: [A, B], routes } });
  const call = async (path: string) => (await ask(gateway.url + path, { headers: sign(B, { sub: 'u1' }) })).status;
  assert.deepEqual([await call('/only-a'), await call('/any'), await call('/only-a')], [401, 200, 401]);
});

test('an issuer that a route names must exist; that of the environment does', async (t) => {
  await assert.rejects(setUp(t, {}, { issuers: ['https://c.example/'] }), /there is no issuer "https:\/\/c.example\/"/);
  const env = { JWT_SECRET: `${SECRET} of the environment`, JWT_ISSUER: 'https://c.example/' };
  await setUp(t, {}, { issuers: ['https://c.example/'] }, env);
});

test('an issuer gives no role and no plan beyond those that it may', async (t) => {
  const capped = { ...B, allow: { roles: ['reader'], plans: ['free'] } };
  const plans = {
    free: { rateLimits: [{ limit: 1, window: '1h' }] },
    gold: { rateLimits: [{ limit: 3, window: '1h' }] },
  };
  const file = { issuers: [A, capped], plans, defaultPlan: 'free' };
  const { call, statuses } = await setUp(t, file, { authorize: { roles: ['reader'] } });
  const claims = { roles: ['admin', 'reader'], plan: 'gold' };
  const { json } = await call(sign(capped, { sub: 'u1', ...claims }));
  assert.equal(json.headers['x-user-role'], 'reader');
  assert.deepEqual(await statuses(2, sign(capped, { sub: 'u2', ...claims })), [200, 429], 'the default plan');
  assert.deepEqual(await statuses(4, sign(A, { sub: 'u2', ...claims })), [200, 200, 200, 429]);
  const admin = await setUp(t, file, { authorize: { roles: ['admin'] } });
  assert.equal((await admin.call(sign(capped, { sub: 'u1', ...claims }))).status, 403);
  assert.equal((await admin.call(sign(A, { sub: 'u1', ...claims }))).status, 200);
  const unknown = { issuers: [A, { ...B, allow: { plans: ['silver'] } }], plans };
  await assert.rejects(setUp(t, unknown), /there is no plan "silver"/);
});

test('a token without a subject counts by its client, kept apart by issuer', async (t) => {
  for (const claim of ['azp', 'client_id']) {
    const { call, statuses } = await setUp(t, {}, { rateLimits: [{ limit: 1, window: '1h' }] });
    const { json } = await call(sign(A, { [claim]: 'batch' }));
    assert.equal(json.headers['x-user-id'], 'batch', claim);
    assert.deepEqual(await statuses(1, sign(A, { [claim]: 'batch' })), [429]);
    assert.deepEqual(await statuses(2, sign(A, { [claim]: 'other' })), [200, 429]);
    assert.deepEqual(await statuses(2, sign(B, { [claim]: 'batch' })), [200, 429]);
  }
});

test('a client of one issuer can be mapped to a consumer', async (t) => {
  const bank = { name: 'bank', plan: 'gold', roles: ['partner'], clients: [{ issuer: A.issuer, id: 'bank-app' }] };
  const file = { consumers: [bank], plans: { gold: { rateLimits: [{ limit: 2, window: '1h' }] } } };
  const { call, statuses } = await setUp(t, file, {
    authorize: { consumers: ['bank'], roles: { all: ['partner', 'x'] } },
  });
  const { json } = await call(sign(A, { sub: 'u1', azp: 'bank-app', role: 'x' }));
  const { headers } = json;
  assert.deepEqual(
    [headers['x-consumer-name'], headers['x-user-id'], headers['x-user-role']],
    ['bank', 'u1', 'x,partner'],
  );
  assert.deepEqual(await statuses(2, sign(A, { sub: 'u2', azp: 'bank-app', role: 'x' })), [200, 429], 'all its users');
  assert.equal((await call(sign(B, { sub: 'u1', azp: 'bank-app', role: 'x' }))).status, 403, 'the same name elsewhere');
  const twin = { name: 'twin', clients: bank.clients };
  await assert.rejects(setUp(t, { ...file, consumers: [bank, twin] }), /belongs to consumer "bank" already/);
  const lost = { name: 'lost', clients: [{ issuer: 'https://c.example/', id: 'x' }] };
  await assert.rejects(setUp(t, { consumers: [lost] }), /there is no issuer "https:\/\/c.example\/"/);
  const unclear = { name: 'unclear', clients: [{ id: 'x' }] };
  await assert.rejects(setUp(t, { consumers: [unclear] }), /which issuer/);
});

test('an opaque token counts for its client too, and its issuer is the server that knows it', async (t) => {
  const auth = await startService(t, (_req, res, { body }) => {
    const token = new URLSearchParams(body.toString()).get('token') ?? '';
    res.end(
      JSON.stringify({
        active: true,
        client_id: 'batch',
        iss: A.issuer,
        role: 'admin',
        sub: token === 'user' ? 'u1' : undefined,
      }),
    );
  });
  const introspection = {
    url: `${auth.url}/introspect`,
    clientId: 'gateway',
    clientSecret: 's',
    allow: { roles: ['reader'] },
  };
  const batch = { name: 'batch-jobs', clients: [{ issuer: introspection.url, id: 'batch' }] };
  const route = { auth: ['jwt', 'introspection'], rateLimits: [{ limit: 1, window: '1h', by: 'user' }] };
  const { call, statuses } = await setUp(t, { introspection, consumers: [batch] }, route);
  const { json } = await call({ authorization: 'Bearer user' });
  const { headers } = json;
  assert.deepEqual(
    [headers['x-user-id'], headers['x-consumer-name'], headers['x-user-issuer'], headers['x-user-role']],
    ['u1', 'batch-jobs', introspection.url, undefined],
  );
  assert.equal((await call({ authorization: 'Bearer machine' })).json.headers['x-user-id'], 'batch');
  assert.deepEqual(await statuses(2, sign(A, { sub: 'u1' })), [200, 429], 'a user of A with that name counts apart');
});

test('an introspection server may speak for one of the issuers', async (t) => {
  const auth = await startService(t, (_req, res) => res.end(JSON.stringify({ active: true, sub: 'u1' })));
  const introspection = { url: `${auth.url}/introspect`, clientId: 'gateway', clientSecret: 's', issuer: A.issuer };
  const route = { auth: ['jwt', 'introspection'], issuers: [A.issuer], rateLimits: [{ limit: 1, window: '1h' }] };
  const { call, statuses } = await setUp(t, { introspection }, route);
  assert.equal((await call({ authorization: 'Bearer opaque' })).status, 200);
  assert.deepEqual(await statuses(1, sign(A, { sub: 'u1' })), [429], 'one user, whatever the token');
  const other = await setUp(t, { introspection: { ...introspection, issuer: undefined } }, route);
  assert.equal((await other.call({ authorization: 'Bearer opaque' })).status, 401);
});

test('users of two issuers with the same names go to targets of their own', async (t) => {
  const services = await Promise.all([1, 2, 3].map(() => startService(t)));
  const targets = services.map(({ url }) => url);
  const routes = [{ prefix: '/a', targets, balance: { hash: 'consumer' }, auth: 'jwt' }];
  const gateway = await startGateway(t, { file: { issuers: [A, B], routes } });
  const targetOf = async (issuer: typeof A, sub: string) => {
    const before = services.map(({ requests }) => requests.length);
    assert.equal((await ask(`${gateway.url}/a`, { headers: sign(issuer, { sub }) })).status, 200);
    return services.findIndex(({ requests }, index) => requests.length > (before[index] as number));
  };
  const users = Array.from({ length: 30 }, (_, index) => `u${index}`);
  let apart = 0;
  for (const user of users) apart += Number((await targetOf(A, user)) !== (await targetOf(B, user)));
  // Two thirds are to be expected; by one key for both it would be none.
  assert.ok(apart > 5, `${apart} of ${users.length} went apart`);
});
