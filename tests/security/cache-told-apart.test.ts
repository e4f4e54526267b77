import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { encode, SECRET } from '../support/auth.ts';
import { type CachedGateway, startCached } from '../support/cache.ts';
import { startService } from '../support/service.ts';

/** The attack: to be given an answer that the service has made of what the key does not know of. */

const ISSUER = 'https://a.example/';
const ISSUERS = [{ issuer: ISSUER, secret: SECRET }];
const HOUR = { 'cache-control': 'max-age=3600' };

const bearer = (claims: object) => ({
  authorization: `Bearer ${jwt.sign({ iss: ISSUER, sub: 'u1', ...claims }, SECRET, { expiresIn: 600 })}`,
});

/** Everything that the service was told comes back in its answer. */
function tellAll(gateway: CachedGateway, path: string, headers: object = HOUR): void {
  let count = 0;
  gateway.script(path, (seen) => {
    count += 1;
    return { headers: { ...headers }, body: `${count} ${seen.path} ${JSON.stringify(seen.headers)}` };
  });
}

test('what the edits of a route write into the query tells answers apart', async (t) => {
  const cases = [
    { cache: { shared: true }, route: { auth: 'jwt', request: { query: { set: { org: '${claims.org}' } } } } },
    { cache: true, route: { auth: 'jwt', request: { query: { set: { org: '${claims.org}' } } } } },
    {
      cache: true,
      route: { request: [{ when: 'request.headers["x-t"] == "b"', query: { remove: ['admin'] } }] },
      path: '/r?admin=1',
    },
  ];
  for (const { path = '/r', ...options } of cases) {
    const gateway = await startCached(t, { ...options, top: { issuers: ISSUERS } });
    tellAll(gateway, '/r');
    const first = await gateway.get(path, { ...bearer({ org: 'a' }), 'x-t': 'a' });
    const second = await gateway.get(path, { ...bearer({ org: 'b' }), 'x-t': 'b' });
    assert.notEqual(second.text, first.text, JSON.stringify(options));
  }
});

test('a parameter that the key does not name reaches no service, whatever the route edits', async (t) => {
  const gateway = await startCached(t, {
    cache: { key: { query: ['page'] } },
    route: { request: { query: { rename: { p: 'page' }, set: { v: '1' } } } },
  });
  tellAll(gateway, '/r');
  assert.match((await gateway.get('/r?callback=evil&p=2')).text, / \/r\?page=2&v=1 /);
  assert.match((await gateway.get('/r?p=3')).text, / \/r\?page=3&v=1 /);
  const bypassed = await gateway.get('/r?callback=evil&p=2', { 'cache-control': 'no-store' });
  assert.match(bypassed.text, / \/r\?page=2&v=1 /);
});

test('whatever may say who calls, and nobody has looked at, is for its caller alone', async (t) => {
  for (const name of ['x-api-key', 'x-session-token', 'x-access-token', 'authorization']) {
    const gateway = await startCached(t);
    tellAll(gateway, '/r');
    await gateway.get('/r', { [name]: 'alice' });
    assert.doesNotMatch((await gateway.get('/r', { [name]: 'bob' })).text, /alice/, name);
    assert.doesNotMatch((await gateway.get('/r')).text, /alice/, name);
  }
});

test('what a route writes itself, or names in its key, is none of that', async (t) => {
  const gateway = await startCached(t, {
    cache: { key: { headers: ['x-session-token'] } },
    route: { request: { headers: { set: { 'x-api-key': 'of the service' } } } },
  });
  tellAll(gateway, '/r');
  await gateway.get('/r', { 'x-session-token': 'alice' });
  assert.equal((await gateway.get('/r', { 'x-session-token': 'alice' })).headers['x-cache'], 'HIT');
  assert.doesNotMatch((await gateway.get('/r', { 'x-session-token': 'bob' })).text, /alice/);
});

test('an Authorization that forward-auth does not look at colours no shared answer', async (t) => {
  const decider = await startService(t, (req, res) =>
    res.writeHead(200, { 'x-user-id': `d${req.headers['x-device']}` }).end(),
  );
  const auth = { 'forward-auth': { url: decider.url, requestHeaders: ['x-device'], copyHeaders: ['x-user-id'] } };
  const gateway = await startCached(t, { cache: { shared: true }, route: { auth } });
  tellAll(gateway, '/r');
  await gateway.get('/r', { 'x-device': '1', authorization: 'Bearer alice' });
  const other = await gateway.get('/r', { 'x-device': '2', authorization: 'Bearer bob' });
  assert.doesNotMatch(other.text, /alice/);
  const plain = await gateway.get('/r', { 'x-device': '2' });
  assert.equal((await gateway.get('/r', { 'x-device': '3' })).text, plain.text);
});

test('whatever field an auth server tells tells answers apart', async (t) => {
  for (const name of ['baggage', 'sec-user', 'accept-language']) {
    const decider = await startService(t, (req, res) =>
      res.writeHead(200, { [name]: req.headers.authorization ?? '' }).end(),
    );
    const auth = { 'forward-auth': { url: decider.url, copyHeaders: [name] } };
    const gateway = await startCached(t, { route: { auth } });
    tellAll(gateway, '/r');
    await gateway.get('/r', { authorization: 'alice' });
    assert.doesNotMatch((await gateway.get('/r', { authorization: 'bob' })).text, /alice/, name);
  }
});

test('users whose numbers a double would round are two users, for the cache, the service and the rules', async (t) => {
  // No library writes such a number: it is put into the text of the claims.
  const numbered = (name: string, digits: string) => {
    const claims = JSON.stringify({ iss: ISSUER, exp: Math.floor(Date.now() / 1000) + 600, [name]: 0 }).replace(
      `"${name}":0`,
      `"${name}":${digits}`,
    );
    const head = encode({ alg: 'HS256', typ: 'JWT' });
    const input = `${head}.${encode(claims)}`;
    return { authorization: `Bearer ${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}` };
  };
  const gateway = await startCached(t, {
    route: { auth: 'jwt' },
    top: { issuers: ISSUERS },
    routes: [
      {
        prefix: '/ruled',
        service: 'api',
        auth: 'jwt',
        authorize: { claims: { org: { equals: '1234567890123456789' } } },
      },
      { prefix: '/when', service: 'api', auth: 'jwt', authorize: { when: 'claims.org == "1234567890123456789"' } },
    ],
  });
  tellAll(gateway, '/r');
  const first = await gateway.get('/r', numbered('sub', '1234567890123456788'));
  const second = await gateway.get('/r', numbered('sub', '1234567890123456789'));
  assert.match(first.text, /"x-user-id":"1234567890123456788"/);
  assert.match(second.text, /"x-user-id":"1234567890123456789"/);
  for (const path of ['/ruled', '/when']) {
    assert.equal((await gateway.get(path, numbered('org', '1234567890123456700'))).status, 403, path);
    assert.equal((await gateway.get(path, numbered('org', '1234567890123456789'))).status, 200, path);
  }
});

test('a rule with a number that is too long to be one refuses the file', async (t) => {
  const gateway = await startCached(t, { top: { issuers: ISSUERS } });
  const text = JSON.stringify({
    issuers: ISSUERS,
    routes: [{ prefix: '/', target: 'http://localhost:1', auth: 'jwt', authorize: { claims: { org: { equals: 0 } } } }],
  }).replace('"equals":0', '"equals":1234567890123456789');
  const refused = await gateway.reload(JSON.parse(text));
  assert.equal(refused.result, 'refused');
  assert.match(refused.faults[0]?.message ?? '', /write it in quotes/);
});

test('what was one user’s stays so, whatever a 304 or the answer to a HEAD says later without the body', async (t) => {
  for (const method of ['GET', 'HEAD']) {
    const gateway = await startCached(t, { route: { auth: 'jwt' }, top: { issuers: ISSUERS } });
    gateway.script('/r', ({ headers, method: asked }) => {
      const open = { 'cache-control': 'public, max-age=600', etag: '"e"' };
      if (asked === 'HEAD') return { headers: open };
      if (headers['if-none-match'] !== undefined) return { status: 304, headers: open };
      return { headers: { 'cache-control': 'max-age=2', etag: '"e"' }, body: `of ${headers['x-user-id']}` };
    });
    await gateway.get('/r', bearer({ sub: 'alice' }));
    gateway.pass(3);
    await gateway.get('/r', bearer({ sub: 'alice' }), { method });
    assert.equal((await gateway.get('/r', bearer({ sub: 'bob' }))).text, 'of bob', method);
  }
});

test('answers of a service, or to users, that are others since a reload are not given any more', async (t) => {
  const gateway = await startCached(t, { route: { auth: 'jwt' }, top: { issuers: ISSUERS } });
  tellAll(gateway, '/r');
  const other = await startService(t, (_req, res) => res.writeHead(200, HOUR).end('the other service'));
  await gateway.get('/r', bearer({ sub: 'bob' }));
  const file = (url: string, subject: string) => ({
    issuers: [{ issuer: ISSUER, secret: SECRET, claims: { subject } }],
    services: { api: { targets: [url] } },
    routes: [
      {
        prefix: '/',
        service: 'api',
        auth: 'jwt',
        retry: false,
        cache: true,
        circuitBreaker: { minimumRequests: 1000 },
      },
    ],
  });
  await gateway.reload(file(other.url, 'sub'));
  assert.equal((await gateway.get('/r', bearer({ sub: 'bob' }))).text, 'the other service');
  await gateway.reload(file(gateway.service.url, 'uid'));
  assert.match((await gateway.get('/r', bearer({ sub: 'eve', uid: 'bob' }))).text, /"x-user-id":"bob"/);
});
