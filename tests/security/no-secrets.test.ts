import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { hashPassword } from '../../src/auth/password.ts';
import { runCli } from '../../src/cli.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { listenOn, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

/** Each secret of the run holds this word, so that a part of one is found as well. */
const MARK = 'hush0815';
const JWT_SECRET = `${MARK}-jwt-secret-that-is-longer-than-32-bytes`;
const ISSUER_SECRET = `${MARK}-issuer-secret-that-is-longer-than-32-bytes`;
const PASSWORD = `${MARK}-password`;
const [KEY, QUERY_KEY, EXPIRED_KEY, WRONG_KEY] = [createApiKey(), createApiKey(), createApiKey(), createApiKey()];
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const basic = (login: string) => ({ authorization: `Basic ${Buffer.from(login).toString('base64')}` });
const sign = (secret: string, claims: object = {}) => jwt.sign({ sub: 'u1', ...claims }, secret, { expiresIn: 600 });
const TOKENS = {
  good: sign(JWT_SECRET),
  ofIssuer: sign(ISSUER_SECRET, { iss: 'internal' }),
  wrong: sign(`${MARK}-another-secret-that-is-longer-than-32-bytes`),
  expired: jwt.sign({ sub: 'u1', exp: 1 }, JWT_SECRET),
};

/** What must be written nowhere: whole, or the telling part of it. */
function secretsOf(): readonly string[] {
  const keys = [KEY, QUERY_KEY, EXPIRED_KEY, WRONG_KEY];
  const signatures = Object.values(TOKENS).map((token) => token.split('.')[2] as string);
  const logins = [basic(`ops:${PASSWORD}`), basic(`ops:${MARK}-wrong`)].map(({ authorization }) =>
    authorization.slice(6),
  );
  return [MARK, encodeURIComponent(MARK), ...keys, ...keys.map(hashApiKey), ...signatures, ...logins];
}

function assertSilent(written: string, where: string): void {
  for (const secret of secretsOf()) {
    const at = written.indexOf(secret);
    assert.equal(at, -1, `${where}: …${written.slice(Math.max(0, at - 200), at + 60)}…`);
  }
}

/** A Consul and an auth server that say nothing but no, and repeat what they were sent. */
async function startNaySayer(t: TestContext): Promise<string> {
  const server = createServer((req, res) => {
    res.writeHead(403, { 'x-consul-index': '1' });
    // What an auth service answers the client itself is its own word, as the answer of a service is.
    const isPassedOn = req.headers['x-original-uri'] !== undefined;
    res.end(JSON.stringify({ error: 'denied', ...(isPassedOn ? undefined : req.headers) }));
  });
  const port = await listenOn(server, 0);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${port}`;
}

async function createFile(serviceUrl: string, authUrl: string): Promise<object> {
  const keys = [
    { id: 'k1', sha256: hashApiKey(KEY) },
    { id: 'k2', sha256: hashApiKey(QUERY_KEY) },
    { id: 'k3', sha256: hashApiKey(EXPIRED_KEY), expiresAt: '2020-01-01T00:00:00Z' },
  ];
  const target = serviceUrl;
  return {
    issuers: [{ issuer: 'internal', secret: '${ENV:ISSUER_SECRET}' }],
    introspection: { url: `${authUrl}/introspect?tenant=1`, clientId: 'gateway', clientSecret: '${ENV:CLIENT_SECRET}' },
    consumers: [
      { name: 'app', keys },
      { name: 'ops', password: await hashPassword(PASSWORD) },
    ],
    bans: { failedCredentials: { after: 1000 }, refusedCalls: { after: 1000 } },
    rateLimits: [{ limit: 1000, window: '1h', by: 'header:X-Api-Key' }],
    services: { orders: { discover: { consul: 'orders' } } },
    routes: [
      { prefix: '/a', target },
      { prefix: '/q', target, auth: { 'api-key': { query: 'k' } } },
      { prefix: '/basic', target, auth: 'basic' },
      { prefix: '/mtls', target, auth: 'mtls' },
      { prefix: '/opaque', target, auth: 'introspection' },
      { prefix: '/decided', target, auth: { 'forward-auth': { url: `${authUrl}/check` } } },
      { prefix: '/tried', target, auth: 'jwt', shadow: ['authenticate'] },
      { prefix: '/admin', target, authorize: { roles: ['admin'] } },
      { prefix: '/limited', target, rateLimits: [{ limit: 1, window: '1h' }] },
      { prefix: '/gone', target: 'http://127.0.0.1:1', auth: 'none' },
      { prefix: '/orders', service: 'orders', auth: 'none' },
    ],
  };
}

const CERTIFICATE = `:${Buffer.from(`${MARK} is no certificate`).toString('base64')}:`;

/** Every kind of credential, right and wrong, where it belongs and where it does not. */
const CALLS: readonly (readonly [string, Record<string, string>])[] = [
  ['/a', { 'x-api-key': KEY }],
  ['/a', { 'x-api-key': WRONG_KEY }],
  ['/a', { 'x-api-key': EXPIRED_KEY }],
  ['/a', { 'x-api-key': `${MARK}-not-even-a-key` }],
  ['/a', { 'x-api-key': KEY, cookie: `session=${MARK}` }],
  [`/a?api_key=${WRONG_KEY}&access_token=${TOKENS.wrong}`, { 'x-api-key': KEY }],
  ['/a', bearer(TOKENS.good)],
  ['/a', bearer(TOKENS.ofIssuer)],
  ['/a', bearer(TOKENS.wrong)],
  ['/a', bearer(TOKENS.expired)],
  ['/a', bearer(`${MARK}.opaque`)],
  ['/a', { authorization: `Digest ${MARK}` }],
  ['/a', { authorization: MARK }],
  [`/q?k=${QUERY_KEY}`, {}],
  [`/q?k=${MARK}-wrong&x=1`, {}],
  [`/q?k=%zz${MARK}`, {}],
  ['/basic', basic(`ops:${PASSWORD}`)],
  ['/basic', basic(`ops:${MARK}-wrong`)],
  ['/mtls', { 'client-cert': CERTIFICATE }],
  ['/opaque', bearer(`${MARK}-opaque`)],
  ['/decided', { ...bearer(`${MARK}-for-the-auth-service`), cookie: `sid=${MARK}` }],
  ['/tried', bearer(TOKENS.wrong)],
  ['/admin', { 'x-api-key': KEY }],
  ['/limited', bearer(TOKENS.good)],
  ['/limited', bearer(TOKENS.good)],
  [`/gone?token=${MARK}&password=${MARK}`, { cookie: `sid=${MARK}`, ...bearer(TOKENS.good) }],
  [`/orders?sig=${MARK}`, bearer(TOKENS.good)],
  [`/missing?client_secret=${MARK}`, { 'x-api-key': KEY }],
  ['/-/me', { 'x-api-key': KEY }],
  ['/-/me', bearer(TOKENS.good)],
  ['/health', { 'x-api-key': KEY }],
];

async function callAll(gateway: TestGateway): Promise<string> {
  const answers: string[] = [];
  for (const [path, headers] of CALLS) {
    const { status, rawHeaders, text } = await ask(gateway.url + path, { headers });
    answers.push([path.split('?')[0], status, rawHeaders.join(' '), text].join(' '));
  }
  return answers.join('\n');
}

async function readAdmin({ adminUrl }: TestGateway, token: string): Promise<string> {
  const pages: string[] = [];
  for (const path of [
    '/',
    '/metrics',
    '/state',
    '/routes',
    '/consumers',
    '/bans',
    '/breakers/x',
    '/health',
    '/missing',
  ]) {
    for (const headers of [bearer(token), bearer(`${MARK}-wrong`), {}])
      pages.push((await ask(adminUrl + path, { headers })).text);
  }
  pages.push((await ask(`${adminUrl}/reload`, { method: 'POST', headers: bearer(token) })).text);
  return pages.join('\n');
}

for (const logFormat of ['json', 'pretty'] as const) {
  test(`no secret of a run full of them is written anywhere (${logFormat})`, needsRedis, async (t) => {
    const redis = await startRedisServer('--requirepass', `${MARK}-redis`);
    t.after(() => redis.stop());
    const [service, naySayer] = [await startService(t, (_req, res) => res.end('{}')), await startNaySayer(t)];
    const env = {
      JWT_SECRET,
      ISSUER_SECRET,
      CLIENT_SECRET: `${MARK}-client`,
      ADMIN_TOKEN: `${MARK}-of-the-admin-port`,
      CONSUL_HTTP_ADDR: naySayer,
      CONSUL_HTTP_TOKEN: `${MARK}-consul`,
      REDIS_URL: `redis://:${MARK}-redis@127.0.0.1:${redis.port}`,
      TRUST_PROXY: '1',
    };
    const file = await createFile(service.url, naySayer);
    const gateway = await startGateway(t, { file, env, settings: { logLevel: 'debug', logFormat } });
    const locked = { ...env, REDIS_URL: `redis://:${MARK}-wrong@127.0.0.1:${redis.port}` };
    const outside = await startGateway(t, { file, env: locked, settings: { logLevel: 'debug', logFormat } });
    for (const one of [gateway, outside]) {
      assertSilent(await callAll(one), 'an answer');
      assertSilent(await readAdmin(one, env.ADMIN_TOKEN), 'the admin port');
    }
    await redis.kill();
    assertSilent(await callAll(gateway), 'an answer without Redis');
    await gateway.reload({ ...file, issuers: [{ issuer: 'internal', secret: `${MARK}-short` }] });
    await until(() => gateway.accessLines.length >= 2 * (CALLS.length - 1));
    for (const one of [gateway, outside]) {
      assert.ok(one.accessLines.length > 20 && one.messages.length > 1, 'there is something to look through');
      // A line for the eye is cut to the width of a terminal, and the sooner the longer a call took.
      assert.match(
        one.accessLines.join('\n'),
        logFormat === 'json' ? /token=\*\*\*&password=\*\*\*/ : /token=\*\*\*&p/,
      );
      assertSilent(one.accessLines.join('\n'), 'the access log');
      assertSilent(one.messages.join('\n'), 'the messages');
    }
    assert.ok(service.requests.length > 5);
  });
}

async function runCommand(env: Record<string, string>, ...argv: string[]): Promise<string> {
  let written = '';
  const write = (text: string): void => {
    written += text;
  };
  await runCli(argv, { env, out: write, err: write });
  return written;
}

test('neither faults of the configuration nor other commands tell a secret', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-secrets-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'routes.json');
  const rows: readonly object[] = [
    { issuers: [{ issuer: 'a', secret: `${MARK}-short` }] },
    { issuers: [{ issuer: 'a', secret: { value: MARK } }] },
    { issuers: [{ issuer: 'a', publicKey: `-----BEGIN PRIVATE KEY-----${MARK}` }] },
    { issuers: [{ issuer: 'a', secrett: `${MARK}-in-an-unknown-key` }] },
    { issuers: [{ issuer: 'a', jwks: `https://user:${MARK}@login.example.com/keys` }] },
    { consumers: [{ name: 'app', keys: [{ id: 'k1', sha256: KEY }] }] },
    { consumers: [{ name: 'app', password: PASSWORD }] },
    { introspection: { url: 'http://127.0.0.1:1', clientId: 'a', clientSecret: [MARK] } },
    { introspection: { url: `https://user:${MARK}@login.example.com`, clientId: 'a', clientSecret: '${ENV:MISSING}' } },
    { routes: [{ prefix: '/a', target: `http://user:${MARK}@127.0.0.1:1` }] },
    {
      routes: [
        { prefix: '/a', target: '${ENV:PASSWORD}' },
        { prefix: '${ENV:PASSWORD}', nowhere: '${ENV:PASSWORD}' },
      ],
    },
    { plans: { '${ENV:PASSWORD}': { rateLimits: '${ENV:PASSWORD}' } }, defaultPlan: '${ENV:PASSWORD}' },
  ];
  const env = { ROUTES_FILE: path, PASSWORD };
  for (const row of rows) {
    writeFileSync(path, JSON.stringify(row));
    const written = await runCommand(env, 'check');
    assert.match(written, /fault/, JSON.stringify(row));
    assertSilent(written, JSON.stringify(row));
  }
  writeFileSync(path, JSON.stringify({ consumers: [{ name: 'app', keys: [{ id: 'k1', sha256: hashApiKey(KEY) }] }] }));
  const settings: readonly Record<string, string>[] = [
    { JWT_SECRET: `${MARK}-short` },
    { REDIS_URL: `redis://:${MARK}@host:port` },
    { REDIS_URL: `redis://:%zz${MARK}@host:1` },
    { REDIS_URL: `http://:${MARK}@host` },
    { JWT_JWKS_URL: `http://user:${MARK}@login.example.com/keys` },
    { CONSUL_HTTP_ADDR: `http://user:${MARK}@host:port` },
    { ADMIN_TOKEN: MARK, ADMIN_HOST: '0.0.0.0', PORT: 'many' },
  ];
  for (const bad of settings) assertSilent(await runCommand({ ...env, ...bad }, 'check'), Object.keys(bad).join());
  const redis = { REDIS_URL: `redis://:${MARK}@127.0.0.1:1` };
  assertSilent(await runCommand({ ...env, ...redis }, 'key', 'list', '--redis'), 'key list --redis');
  assertSilent(await runCommand(env, 'key', 'list'), 'key list');
  assertSilent(await runCommand(env, 'key', 'revoke', '--consumer', 'app', '--id', 'k9'), 'key revoke');
});
