import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import type { Explanation } from '../../src/explain/explanation.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { NOWHERE, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const SECRET = 'a-secret-of-at-least-32-characters!!';
const ISSUER = 'https://login.example.com';
const KEY = createApiKey();
const OLD_KEY = createApiKey();

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const token = (claims: object = {}, options: jwt.SignOptions = {}) =>
  jwt.sign({ sub: 'u1', aud: 'api', iss: ISSUER, role: 'reader', org: 'acme', scope: 'read', ...claims }, SECRET, {
    ...('exp' in claims ? {} : { expiresIn: '1h' }),
    ...options,
  });
const bearer = (claims: object = {}, options: jwt.SignOptions = {}) => ({
  authorization: `Bearer ${token(claims, options)}`,
});

async function explainOf(
  gateway: TestGateway,
  { method = 'GET', path, headers = {}, body }: Asked,
): Promise<Explanation> {
  const question = { method, url: gateway.url + path, headers, ...(body !== undefined && { body }) };
  const { status, json, text } = await ask(`${gateway.adminUrl}/explain`, {
    method: 'POST',
    body: JSON.stringify(question),
  });
  assert.equal(status, 200, text);
  return json;
}

/** What is refused, by which stage, with which code; the last word is looked for in what is told. */
type Case = readonly [what: string, asked: Asked, stage: string, code: string, word: RegExp];

const POST = { method: 'POST', headers: { 'content-type': 'application/json' } } as const;

const REFUSALS: readonly Case[] = [
  ['no route', { path: '/nowhere' }, 'refuse', 'not_found', /no route|No route/],
  ['a prefix that is misspelt', { path: '/api/ordres/1' }, 'refuse', 'not_found', /./],
  [
    'a method that the route does not take',
    { method: 'DELETE', path: '/read/1' },
    'refuse',
    'method_not_allowed',
    /GET/,
  ],
  ['a path that climbs out', { path: '/read/..%2f..%2fx' }, 'refuse', 'bad_path', /./],
  ['a path that is malformed', { path: '/read/%zz' }, 'refuse', 'bad_path', /./],
  ['no credential', { path: '/jwt/1' }, 'authenticate', 'unauthenticated', /./],
  [
    'an expired token',
    { path: '/jwt/1', headers: bearer({ exp: 1_700_000_000 }) },
    'authenticate',
    'invalid_credential',
    /expired/,
  ],
  [
    'a token of another audience',
    { path: '/jwt/1', headers: bearer({ aud: 'shop' }) },
    'authenticate',
    'invalid_credential',
    /aud/,
  ],
  [
    'a token of another issuer',
    { path: '/jwt/1', headers: bearer({ iss: 'https://evil.example' }) },
    'authenticate',
    'invalid_credential',
    /issuer/,
  ],
  [
    'a token that is not good yet',
    { path: '/jwt/1', headers: bearer({ nbf: 4_000_000_000 }) },
    'authenticate',
    'invalid_credential',
    /not|nbf/,
  ],
  [
    'a token signed by nobody',
    { path: '/jwt/1', headers: { authorization: `${bearer()['authorization'].slice(0, -3)}abc` } },
    'authenticate',
    'invalid_credential',
    /./,
  ],
  [
    'a key that nobody has',
    { path: '/key/1', headers: { 'x-api-key': createApiKey() } },
    'authenticate',
    'invalid_credential',
    /./,
  ],
  [
    'a key that has expired',
    { path: '/key/1', headers: { 'x-api-key': OLD_KEY } },
    'authenticate',
    'invalid_credential',
    /expired/,
  ],
  ['a role that is missing', { path: '/admin/1', headers: bearer() }, 'authorize', 'forbidden', /role/],
  ['a scope that is missing', { path: '/write/1', headers: bearer() }, 'authorize', 'insufficient_scope', /scope/],
  ['a condition that does not hold', { path: '/orgs/other/x', headers: bearer() }, 'authorize', 'forbidden', /./],
  ['an address', { path: '/office/1' }, 'ipAccess', 'address_refused', /./],
  [
    'an upload that is too large',
    { ...POST, path: '/small', body: JSON.stringify('x'.repeat(2000)) },
    'bodyLimit',
    'body_too_large',
    /1000|larger/,
  ],
  ['a query that is not valid', { path: '/valid/1?page=zero' }, 'validate', 'invalid_request', /./],
  [
    'a body that is not valid',
    { ...POST, path: '/valid/1', body: '{"amount":"three"}' },
    'validate',
    'invalid_request',
    /./,
  ],
  [
    'a GraphQL query that is too deep',
    { ...POST, path: '/graphql', body: '{"query":"{a{b{c{d{e}}}}}"}' },
    'graphql',
    'query_refused',
    /depth|deep/,
  ],
  ['a route that is closed', { path: '/closed/1' }, 'maintenance', 'maintenance', /./],
  ['a route that is gone', { path: '/gone/1' }, 'deprecation', 'gone', /./],
  ['a limit that is used up', { path: '/limited/1' }, 'rateLimit', 'rate_limited', /limit/],
  [
    'a limit of the whole gateway by header',
    { path: '/flood/1', headers: { 'x-tenant': 'loud' } },
    'gatewayLimit',
    'rate_limited',
    /limit/,
  ],
  [
    'a quota that is used up',
    { path: '/quota/1', headers: { 'x-api-key': KEY } },
    'rateLimit',
    'quota_exceeded',
    /quota/,
  ],
  ['an open circuit', { path: '/broken/1' }, 'forward', 'circuit_open', /opened|failed/],
  [
    'a key that belongs to another request',
    { ...POST, path: '/once', headers: { ...POST.headers, 'idempotency-key': 'k1' }, body: '{"n":2}' },
    'idempotency',
    'idempotency_mismatch',
    /./,
  ],
  [
    'a key of an idempotent request that is missing',
    { ...POST, path: '/once', body: '{"n":2}' },
    'idempotency',
    'idempotency_key_missing',
    /./,
  ],
  [
    'an answer that is asked of the cache alone',
    { path: '/cached/1', headers: { 'cache-control': 'only-if-cached' } },
    'cache',
    'not_stored',
    /./,
  ],
];

const FILE = (target: string, broken: string) => ({
  consumers: [
    {
      name: 'mobile',
      plan: 'tiny',
      keys: [
        { id: 'k1', sha256: hashApiKey(KEY) },
        { id: 'old', sha256: hashApiKey(OLD_KEY), expiresAt: '2020-01-01T00:00:00Z' },
      ],
    },
  ],
  plans: { tiny: { quota: { limit: 1, period: 'month' } } },
  issuers: [{ issuer: ISSUER, audience: 'api', secret: SECRET }],
  rateLimits: [{ limit: 200, window: '1h', by: 'header:x-tenant' }],
  defaults: { auth: 'none', stripPrefix: false },
  routes: [
    { prefix: '/read', target, methods: ['GET'] },
    { prefix: '/api/orders', target },
    { prefix: '/jwt', target, auth: 'jwt' },
    { prefix: '/key', target, auth: 'api-key' },
    { prefix: '/admin', target, auth: 'jwt', authorize: { roles: { any: ['admin'] } } },
    { prefix: '/write', target, auth: 'jwt', authorize: { scopes: { all: ['write'] } } },
    { prefix: '/orgs/:org', target, auth: 'jwt', authorize: { when: 'claims.org == params.org' } },
    { prefix: '/office', target, ipAllow: ['203.0.113.0/24'] },
    { prefix: '/small', target, bodyLimit: '1kb' },
    {
      prefix: '/valid',
      target,
      validate: {
        query: { properties: { page: { type: 'integer' } } },
        body: { type: 'object', properties: { amount: { type: 'number' } } },
      },
    },
    { prefix: '/graphql', target, graphql: { maxDepth: 3 } },
    { prefix: '/closed', target, maintenance: true },
    { prefix: '/gone', target, deprecation: { since: '2020-01-01', sunset: '2021-01-01', refuse: true } },
    { prefix: '/limited', target, rateLimits: [{ limit: 1, window: '1h', by: 'route' }] },
    { prefix: '/flood', target },
    { prefix: '/quota', target, auth: 'api-key' },
    { prefix: '/broken', target: broken, retry: false, circuitBreaker: { minimumRequests: 2 } },
    { prefix: '/once', target, idempotency: { required: true } },
    { prefix: '/cached', target, cache: { ttl: '1h' } },
  ],
});

/** What must have happened for the states above: a limit used up, an open circuit, a key that is taken. */
async function wearOut(gateway: TestGateway): Promise<void> {
  await ask(`${gateway.url}/limited/0`);
  const loud = { headers: { 'x-tenant': 'loud' } };
  await Promise.all(Array.from({ length: 200 }, () => ask(`${gateway.url}/flood/0`, loud)));
  await ask(`${gateway.url}/quota/0`, { headers: { 'x-api-key': KEY } });
  await ask(`${gateway.url}/once`, { ...POST, headers: { ...POST.headers, 'idempotency-key': 'k1' }, body: '{"n":1}' });
  await until(async () => (await ask(`${gateway.url}/broken/0`)).json.code === 'circuit_open');
}

test('an explanation names the stage and the reason of thirty refusals, each happens as it says, and is kept with it', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, { file: FILE(service.url, NOWHERE) });
  await wearOut(gateway);
  assert.ok(REFUSALS.length >= 30);

  for (const [what, asked, stage, code, word] of REFUSALS) {
    await t.test(what, async () => {
      const told = await explainOf(gateway, asked);
      const { method = 'GET', path, headers, body } = asked;
      const happened = await ask(gateway.url, { method, path, ...(headers && { headers }), ...(body && { body }) });
      assert.deepEqual([told.outcome, told.code, told.status], ['refused', code, happened.status]);
      assert.equal(happened.json.code, code);
      const [kept] = (await ask(`${gateway.adminUrl}/recent?requestId=${happened.json.requestId}`)).json;
      assert.deepEqual([kept?.code, kept?.status], [code, happened.status]);
      assert.equal(kept.steps.find((step: { refuses: boolean }) => step.refuses)?.stage, stage);
      assert.equal(told.steps.find(({ refuses }) => refuses)?.stage, stage);
      assert.match(
        `${told.detail} ${told.detailForLog} ${JSON.stringify(told.errors)} ${JSON.stringify(told.refusalHeaders)}`,
        word,
      );
    });
  }
});

test('an explanation of what passes tells the request that the service gets', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, { file: FILE(service.url, service.url) });
  const headers = { ...bearer({ org: 'acme' }), 'x-user-id': 'root', 'x-note': 'hello', accept: 'text/plain' };
  const told = await explainOf(gateway, { path: '/orgs/acme/a%41?x=1', headers });
  assert.deepEqual([told.outcome, told.route, told.caller?.['subject']], ['passes', '/orgs/:org', 'u1']);
  assert.equal(service.requests.length, 0);
  await ask(`${gateway.url}/x`, { path: '/orgs/acme/a%41?x=1', headers });
  const [seen] = service.requests;
  assert.equal(told.sends?.url, service.url + seen?.path);
  const sent = new Map(told.sends?.headers.map(([name, value]) => [name.toLowerCase(), value]));
  // What is of one request alone differs from one to the next.
  const own = new Set([
    'x-request-id',
    'x-correlation-id',
    'traceparent',
    'connection',
    'host',
    'x-forwarded-host',
    'x-forwarded-port',
  ]);
  for (const [name, value] of Object.entries(seen?.headers ?? {}))
    if (!own.has(name)) assert.equal(sent.get(name), value, name);
  assert.deepEqual(told.sends?.removed.includes('authorization'), true);
  assert.deepEqual(told.sends?.added.includes('x-user-id'), true);
  assert.doesNotMatch(JSON.stringify(told), /eyJ/);
});

test('an explanation tells every claim of a token, and which one is at fault', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, { file: FILE(service.url, service.url) });
  const told = await explainOf(gateway, { path: '/jwt/1', headers: bearer({ exp: 1_700_000_000, aud: 'shop' }) });
  const bad = told.token?.filter(({ isGood }) => !isGood).map(({ claim, says }) => `${claim}: ${says}`);
  assert.equal(bad?.length, 2);
  assert.match(bad?.join() ?? '', /aud: must name api,exp: expired \d+ days ago/);
});

test('an explanation says why each route lost that might have taken the request', async (t) => {
  const { url: target } = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      defaults: { auth: 'none', target },
      routes: [
        { name: 'beta', prefix: '/api/x', headers: { 'x-beta': '1' } },
        { name: 'host', prefix: '/api/x', hosts: ['other.example'] },
        { name: 'number', prefix: '/api/x', pathRegex: '^/api/x/[0-9]+$' },
        { name: 'exact', prefix: '/api', exact: true },
        { name: 'all', prefix: '/' },
      ],
    },
  });
  const told = await explainOf(gateway, { path: '/api/x/y' });
  assert.deepEqual(
    told.considered.map(({ route, lost }) => [route, lost]),
    [
      ['host', 'hosts'],
      ['number', 'pathRegex'],
      ['beta', 'headers'],
      ['exact', 'exact'],
      ['all', null],
    ],
  );
});

test('explaining changes nothing: no limit, quota, cache, breaker, key, balance, log or metric', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      ...FILE(service.url, service.url),
      services: {
        two: { targets: [{ url: service.url }, { url: `${service.url}/b` }], balance: 'round-robin' },
      },
      routes: [...FILE(service.url, service.url).routes, { prefix: '/two', service: 'two' }],
    },
  });
  const state = async () => {
    const { uptimeSeconds: _, memory: __, ...rest } = (await ask(`${gateway.adminUrl}/state`)).json;
    const metrics = (await gateway.metrics())
      .split('\n')
      .filter((line) => /^turnpike_/.test(line) && !/event_loop|uptime/.test(line));
    return { rest, metrics };
  };
  await ask(`${gateway.url}/two/x`);
  await until(() => gateway.accessLines.length === 1);
  const before = await state();
  for (let i = 0; i < 20; i += 1) {
    for (const path of ['/two/x', '/limited/1', '/cached/1', '/read/1'])
      assert.equal((await explainOf(gateway, { path })).outcome, 'passes');
    await explainOf(gateway, { path: '/quota/1', headers: { 'x-api-key': KEY } });
    await explainOf(gateway, {
      ...POST,
      path: '/once',
      headers: { ...POST.headers, 'idempotency-key': 'a' },
      body: '1',
    });
    await explainOf(gateway, { path: '/key/1', headers: { 'x-api-key': 'wrong' } });
  }
  assert.deepEqual(await state(), before);
  assert.equal(service.requests.length, 1);
  assert.equal(gateway.accessLines.length, 1);
  // The one call that a limit allows, and the one turn that is next, are still there.
  assert.equal((await ask(`${gateway.url}/limited/1`)).status, 200);
  await ask(`${gateway.url}/two/x`);
  assert.deepEqual(service.requests.map(({ path }) => path.startsWith('/b/')).filter(Boolean).length, 1);
});

test('an explanation tells what the cache would give out, and asks no service then', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, { file: FILE(service.url, service.url) });
  const before = await explainOf(gateway, { path: '/cached/1' });
  assert.deepEqual([before.cache?.stored, before.target], [false, service.url]);
  await ask(`${gateway.url}/cached/1`);
  const after = await explainOf(gateway, { path: '/cached/1' });
  assert.deepEqual([after.outcome, after.cache?.isGivenOut, after.target], ['passes', true, undefined]);
});

test('a question that is none is refused with what is wrong', async (t) => {
  const { url: target } = await startService(t);
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/a', target }] } });
  const put = (body: string) => ask(`${gateway.adminUrl}/explain`, { method: 'POST', body });
  assert.equal((await put('{')).status, 400);
  const wrong = await put('{"url":"ftp://x","headers":{"a b":"1"},"address":"here","colour":1}');
  assert.equal(wrong.status, 400);
  for (const word of ['url', 'colour', 'address']) assert.match(wrong.json.detail, new RegExp(word));
  assert.equal((await put(JSON.stringify({ url: '/a', body: 'x'.repeat(1_200_000) }))).status, 413);
});
