import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { hashPassword } from '../../src/auth/password.ts';
import { runCli } from '../../src/cli.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

/**
 * The attack: whoever reads a log, a metric or an answer looks for the values of `${ENV:…}`. They may stand in any
 * string of routes.json, where a name or an address is made of them as well as a password.
 */
const MARK = 'hush0815';
const DEAD = 'http://127.0.0.1:1';
const [KEY, JWT_SECRET] = [createApiKey(), `${MARK}-secret-of-an-issuer-of-32-bytes-and-more`];

const nameOf = (place: string): string => `S_${place.toUpperCase().replace(/\W+/g, '_')}`;

/** Gives out a placeholder for each place, whose value is different from every other. */
function createEnv() {
  const env: Record<string, string> = { HEADER_NAME: `x-${MARK}`, JWT: JWT_SECRET };
  return {
    env,
    secret(place: string): string {
      const name = nameOf(place);
      env[name] = `${MARK}-${place.replace(/\W+/g, '-')}`;
      env[name.replace('S_', 'T_')] = `${env[name]}-of-another-day`;
      return `\${ENV:${name}}`;
    },
  };
}

/** The same file with another secret at every place. */
function withOthers(file: object): object {
  return JSON.parse(JSON.stringify(file).replaceAll('${ENV:S_', '${ENV:T_')) as object;
}

type Secret = (place: string) => string;

function createServices(secret: Secret, service: string): object {
  return {
    up: {
      targets: [{ url: `${service}/hooks/${secret('targets')}` }, `${service}/${secret('target 2')}`],
      healthCheck: { path: `/${secret('health path')}` },
      tls: { serverName: secret('server name') },
    },
    down: {
      targets: [`${DEAD}/hooks/${secret('dead')}`, `${DEAD}/${secret('dead 2')}`],
      circuitBreaker: { minimumRequests: 1 },
    },
    consul: {
      discover: {
        consul: secret('consul'),
        tag: secret('tag'),
        datacenter: secret('datacenter'),
        address: `${DEAD}/${secret('consul address')}`,
        token: secret('consul token'),
      },
    },
    dns: { discover: { dns: `a:${secret('dns')}.invalid:80` } },
  };
}

function createAuthRoutes(secret: Secret, service: string): object[] {
  const target = service;
  const url = `${DEAD}/${secret('forward auth')}`;
  const limit = { limit: 1, window: '1h' };
  return [
    { prefix: '/key', target, auth: 'api-key' },
    { prefix: '/header', target, auth: { 'api-key': { header: secret('key header') } } },
    { prefix: '/query', target, auth: { 'api-key': { query: secret('key query') } } },
    { prefix: '/cookie', target, auth: { jwt: { cookie: secret('jwt cookie') } } },
    { prefix: '/asked', target, auth: { 'forward-auth': { url, copyHeaders: [secret('copied')] } } },
    { prefix: '/opaque', target, auth: 'introspection' },
    { prefix: '/login', target, auth: 'basic' },
    { prefix: '/jwks', target, auth: 'jwt', issuers: [secret('issuer'), secret('jwks issuer')] },
    { prefix: '/roles', target, auth: 'api-key', authorize: { roles: [secret('role')] } },
    { prefix: '/all', target, auth: 'api-key', authorize: { roles: { all: [secret('role of all')] } } },
    { prefix: '/scopes', target, auth: 'api-key', authorize: { scopes: [secret('scope')] } },
    { prefix: '/claims', target, auth: 'api-key', authorize: { claims: { org: { equals: secret('claim') } } } },
    { prefix: '/named', target, auth: 'api-key', authorize: { consumers: [secret('consumer')] } },
    { prefix: '/limited', target, auth: 'none', rateLimits: [{ ...limit, name: secret('limit') }] },
    { prefix: '/tried', target, auth: 'jwt', shadow: ['authenticate'], headers: { 'x-a': secret('tried') } },
  ];
}

function createRoutes(secret: Secret, service: string): object[] {
  const target = service;
  const auth = 'none';
  return [
    ...createAuthRoutes(secret, service),
    { prefix: '/cdn', service: 'up', auth, headers: { 'x-cdn-secret': secret('condition') } },
    { prefix: '/other', service: 'up', auth, name: secret('name') },
    { prefix: `/at/${secret('prefix')}`, service: 'up', auth, methods: ['GET'] },
    { prefix: `/at/${secret('prefix')}`, service: 'up', auth, methods: ['GET', 'HEAD'] },
    { prefix: '/host', service: 'up', auth, hosts: [`${secret('host')}.example`] },
    { prefix: '/pattern', service: 'up', auth, pathRegex: `^/pattern/${secret('pattern')}$` },
    { prefix: '/down', service: 'down', auth },
    { prefix: '/consul', service: 'consul', auth },
    { prefix: '/dns', service: 'dns', auth },
    {
      prefix: '/inline',
      target: `${service}/${secret('inline')}`,
      auth,
      mirror: { target: `${DEAD}/${secret('mirror')}` },
    },
    { prefix: '/gone', target: `${DEAD}/${secret('inline dead')}`, auth, circuitBreaker: { minimumRequests: 1 } },
    { prefix: '/many', targets: [`${DEAD}/${secret('many 1')}`, `${DEAD}/${secret('many 2')}`], auth },
    { prefix: '/nowhere', target: `http://${secret('target host')}.invalid`, auth },
    { prefix: '/rewritten', target, auth, rewritePrefix: `/${secret('rewrite')}` },
    { prefix: '/replaced', target, auth, pathRewrite: [{ match: secret('match'), replace: secret('replace') }] },
    { prefix: '/sent', target, auth, request: { headers: { set: { 'x-backend-key': secret('request header') } } } },
    { prefix: '/cors', target, auth, cors: { origins: [`https://${secret('origin')}.example`] } },
    { prefix: '/socket', target, auth, websocket: { origins: [`https://${secret('socket origin')}.example`] } },
  ];
}

async function createFile(secret: Secret, service: string): Promise<object> {
  return {
    issuers: [
      { issuer: secret('issuer'), secret: '${ENV:JWT}' },
      { issuer: secret('jwks issuer'), jwks: `${DEAD}/${secret('jwks')}`, allowHttp: true },
    ],
    introspection: {
      url: `${DEAD}/${secret('introspection')}`,
      clientId: secret('client id'),
      clientSecret: secret('client secret'),
    },
    consumers: [
      {
        name: secret('consumer'),
        roles: [secret('other role')],
        keys: [{ id: secret('key id'), sha256: hashApiKey(KEY) }],
        password: await hashPassword(`${MARK}-password`),
      },
    ],
    rateLimits: [{ limit: 10_000, window: '1h', by: 'address', name: secret('limit of all') }],
    plans: { free: { rateLimits: [{ limit: 10_000, window: '1h', name: secret('limit of a plan') }] } },
    services: createServices(secret, service),
    routes: createRoutes(secret, service),
  };
}

function assertSilent(written: string, where: string): void {
  const at = written.toLowerCase().indexOf(MARK);
  assert.equal(at, -1, `${where}: …${written.slice(Math.max(0, at - 300), at + 60)}…`);
}

/** Calls every route, and answers what the gateway itself said. */
async function callAll({ url }: TestGateway, env: Readonly<Record<string, string>>): Promise<string> {
  const basic = Buffer.from(`${env['S_CONSUMER']}:${MARK}-password`).toString('base64');
  const calls: readonly (readonly [string, Record<string, string>])[] = [
    ['/cdn', { 'x-cdn-secret': `${env['S_CONDITION']}` }],
    ['/cdn', {}],
    ['/cdn', { 'x-cdn-secret': 'another' }],
    [`/at/${env['S_PREFIX']}`, {}],
    [`/at/${env['S_PREFIX']}/x?y=1`, {}],
    [`/pattern/${env['S_PATTERN']}`, {}],
    ['/host', { host: `${env['S_HOST']}.example` }],
    [`/query?${env['S_KEY_QUERY']}=${KEY}`, {}],
    ['/header', { [`${env['S_KEY_HEADER']}`]: KEY }],
    ['/login', { authorization: `Basic ${basic}` }],
    ['/login', { authorization: `Basic ${basic.slice(4)}` }],
    ['/tried', { 'x-a': `${env['S_TRIED']}` }],
    ...['/opaque', '/jwks', '/cookie'].map((path) => [path, { authorization: 'Bearer e30.e30.e30' }] as const),
    ...['/key', '/roles', '/all', '/scopes', '/claims', '/named'].map((path) => [path, { 'x-api-key': KEY }] as const),
    ...['/roles', '/other', '/asked', '/limited', '/limited', '/down', '/down', '/consul', '/dns'].map(
      (path) => [path, {}] as const,
    ),
    ...['/inline', '/gone', '/gone', '/many', '/nowhere', '/rewritten', '/replaced', '/sent', '/cors', '/socket'].map(
      (path) => [path, {}] as const,
    ),
    ['/health', {}],
  ];
  const answers: string[] = [];
  for (const [path, headers] of calls) {
    const { status, rawHeaders, text } = await ask(url + path, { headers });
    // The path that was asked for is the client's own word.
    answers.push([path.slice(0, 9), status, rawHeaders.join(' '), text.replace(/"instance":"[^"]*"/, '')].join(' '));
  }
  const post = await ask(`${url}/at/${env['S_PREFIX']}`, { method: 'POST' });
  answers.push(post.rawHeaders.join(' '), post.text.replace(/"instance":"[^"]*"/, ''));
  return answers.join('\n');
}

async function readAdmin({ adminUrl }: TestGateway): Promise<string> {
  const pages: string[] = [];
  for (const path of ['/', '/metrics', '/state', '/routes', '/consumers', '/bans', '/breakers/x', '/health'])
    pages.push((await ask(adminUrl + path)).text);
  for (const path of ['/reload', '/revoked-tokens/x'])
    pages.push((await ask(adminUrl + path, { method: 'POST' })).text);
  return pages.join('\n');
}

async function check(file: string, env: Readonly<Record<string, string>>): Promise<string> {
  let written = '';
  const write = (text: string): void => {
    written += text;
  };
  await runCli(['check', file], { env: { ...env, ROUTES_FILE: file }, out: write, err: write });
  return written;
}

/** A gateway with a secret at every place, and a function that looks everywhere. */
async function start(t: TestContext, logFormat: 'json' | 'pretty') {
  const service = await startService(t, (_req, res) => res.end('{}'));
  const { env, secret } = createEnv();
  const file = await createFile(secret, service.url);
  const gateway = await startGateway(t, { file, env, settings: { logLevel: 'debug', logFormat } });
  return { gateway, env, file };
}

for (const logFormat of ['json', 'pretty'] as const) {
  test(`a secret of the routes file is displayed nowhere, wherever it stands (${logFormat})`, async (t) => {
    const { gateway, env, file } = await start(t, logFormat);
    assertSilent(await callAll(gateway, env), 'an answer');
    assertSilent(await readAdmin(gateway), 'the admin port');
    assert.match(await gateway.metrics(), /route="\/cdn x-cdn-secret=\$\{ENV:S_CONDITION\}"/);
    const checked = await check(gateway.routesFile, env);
    assert.match(checked, /ok: \d+ routes/);
    assertSilent(checked, 'check');
    const { routes: _, ...rest } = file as { routes: unknown };
    const nowhere = `\${ENV:${nameOf('prefix')}}`;
    const faulty = { ...rest, routes: [{ prefix: nowhere, service: nowhere, auth: nowhere }] };
    for (const next of [withOthers(file), file, faulty, { routes: [] }, file]) {
      const { result, changes, faults } = await gateway.reload(next);
      assert.equal(result, next === faulty ? 'refused' : 'applied');
      assert.ok(changes.length + faults.length > 1);
      assertSilent(JSON.stringify([changes, faults]), 'a reload');
    }
    assertSilent(await readAdmin(gateway), 'the admin port after reloads');
    await until(() => gateway.accessLines.length > 40);
    assertSilent(gateway.accessLines.join('\n'), 'the access log');
    assertSilent(gateway.messages.join('\n'), 'the messages');
  });
}

test('an address that moves into a secret is hidden from then on', async (t) => {
  const service = await startService(t, (_req, res) => res.end('{}'));
  const env: Record<string, string> = { HOOK: `${MARK}-hook` };
  const at = (hook: string) => ({ routes: [{ prefix: '/h', target: `${service.url}/${hook}`, auth: 'none' }] });
  const gateway = await startGateway(t, { file: at(`${MARK}-hook`), env });
  await gateway.reload(at('${ENV:HOOK}'));
  await ask(`${gateway.url}/h`);
  const line = await gateway.line({ path: '/h' });
  assert.equal(line['target'], `${service.url}/\${ENV:HOOK}`);
  assert.equal(line['service'], `${service.url}/\${ENV:HOOK}`);
  assertSilent((await ask(`${gateway.adminUrl}/state`)).text, '/state');
});
