import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Finding } from '../../../src/audit/locate.ts';
import { runCli } from '../../../src/cli.ts';
import { FINDINGS } from '../../../src/findings.ts';
import { SECRET } from '../../support/auth.ts';
import { configFolder } from '../../support/config-files.ts';

interface Case {
  /** A file that has it; an environment that has it where `env` is given. */
  readonly has: object;
  readonly hasNot: object;
  readonly env?: NodeJS.ProcessEnv;
  readonly envWithout?: NodeJS.ProcessEnv;
  /** Where it is told. */
  readonly path: string;
}

const target = 'http://localhost:4001';
const LIMITS = [{ limit: 10, window: '1s' }];
const OPEN = { prefix: '/a', target, auth: 'none', rateLimits: LIMITS };
const CLOSED = { prefix: '/a', target };
const HERE = { prefix: '/a', auth: 'none', respond: { status: 200 } };
const CORS = { credentials: true };
const ISSUER = { issuer: 'https://login.example', jwks: 'https://login.example/keys', audience: 'api' };
const routes = (...rows: object[]): object => ({ routes: rows });
const oneRoute = (more: object, row: object = OPEN): object => routes({ ...row, ...more });
const service = (row: object): object => ({ services: { s: row }, routes: [] });
const TOKENS = { targets: [target], serviceAuth: { token: { audience: 'orders' } } };
const windows = (...list: [number, string][]): object[] => list.map(([limit, window]) => ({ limit, window }));
const plan = (more: object): object => ({ plans: { p: more }, routes: [] });
const SIGNER = { ...ISSUER, jwks: undefined };
const env = { JWT_SECRET: SECRET };
const NONE = routes();

const CASES: Record<string, Case> = {
  'open-cors-credentials': {
    has: oneRoute({ cors: CORS }),
    hasNot: oneRoute({ cors: { ...CORS, origins: 'https://app.example' } }),
    env: { CORS_ORIGINS: '*' },
    path: '/routes/0/cors/credentials',
  },
  'cors-credentials-over-http': {
    has: oneRoute({ cors: { ...CORS, origins: 'http://app.example' } }),
    hasNot: oneRoute({ cors: { ...CORS, origins: ['http://localhost:5173', 'https://app.example'] } }),
    path: '/routes/0/cors/credentials',
  },
  'cors-for-nobody': {
    has: oneRoute({ cors: CORS }),
    hasNot: oneRoute({ cors: { ...CORS, origins: 'https://app.example' } }),
    path: '/routes/0',
  },
  'weak-secret': {
    has: { issuers: [{ ...SIGNER, secret: 'changeme'.repeat(5) }], routes: [] },
    hasNot: { issuers: [{ ...SIGNER, secret: 'Zm9vYmFyLW5vdC1hLXdvcmQtYXQtYWxsLTEyMzQ1Njc4' }], routes: [] },
    path: '/issuers/0/secret',
  },
  'secret-in-file': {
    has: { issuers: [{ ...SIGNER, secret: SECRET }], routes: [] },
    hasNot: { issuers: [{ ...SIGNER, secret: '${ENV:SIGNING}' }], routes: [] },
    env: { SIGNING: SECRET },
    path: '/issuers/0/secret',
  },
  'public-without-limit': {
    has: oneRoute({ rateLimits: undefined }),
    hasNot: { ...oneRoute({ rateLimits: undefined }), plans: { p: { rateLimits: LIMITS } }, defaultPlan: 'p' },
    path: '/routes/0',
  },
  'auth-on-trial': {
    has: oneRoute({ auth: 'jwt', shadow: ['authenticate'] }, CLOSED),
    hasNot: oneRoute({ shadow: ['rateLimit'], rateLimits: LIMITS }, CLOSED),
    env,
    path: '/routes/0/shadow',
  },
  'identity-of-nobody': {
    has: oneRoute({ request: { headers: { set: { 'x-org': '${claims.org}' } } } }),
    hasNot: oneRoute({ request: { headers: { set: { 'x-org': '${claims.org}' } } } }, CLOSED),
    env,
    path: '/routes/0/request',
  },
  'shared-cache-personal': {
    has: oneRoute({ cache: { shared: true }, request: { headers: { set: { 'x-org': '${claims.org}' } } } }, CLOSED),
    hasNot: oneRoute(
      {
        cache: { shared: true, key: { values: ['${claims.org}'] } },
        request: { headers: { set: { 'x-org': '${claims.org}' } } },
      },
      CLOSED,
    ),
    env,
    path: '/routes/0/cache/shared',
  },
  'tls-unverified': {
    has: service({ targets: ['https://api.example.com'], tls: { verify: false } }),
    hasNot: service({ targets: ['https://api.example.com'], tls: { serverName: 'api.example.com' } }),
    path: '/services/s/tls/verify',
  },
  'service-over-http': {
    has: service({ targets: ['http://api.example.com'] }),
    hasNot: service({
      targets: ['http://api:80', 'http://10.0.0.7', 'http://a.b.svc.cluster.local', 'http://orders.internal'],
    }),
    path: '/services/s/targets/0',
  },
  'forward-auth-over-http': {
    has: oneRoute({ auth: { 'forward-auth': { url: 'http://auth.example.com/check' } } }),
    hasNot: oneRoute({ auth: { 'forward-auth': { url: 'http://auth:9000/check' } } }),
    path: '/routes/0/auth',
  },
  'keys-over-http': {
    has: { issuers: [{ ...ISSUER, jwks: 'http://login.example/keys', allowHttp: true }], routes: [CLOSED] },
    hasNot: { issuers: [ISSUER], routes: [CLOSED] },
    path: '/issuers',
  },
  'audience-unchecked': {
    has: { issuers: [{ ...ISSUER, audience: undefined }], routes: [CLOSED] },
    hasNot: { issuers: [ISSUER], routes: [CLOSED] },
    path: '/issuers',
  },
  'credential-in-query': {
    has: oneRoute({ auth: { 'api-key': { query: 'key' } } }),
    hasNot: oneRoute({ auth: 'api-key' }),
    path: '/routes/0/auth',
  },
  'admin-exposed': {
    has: NONE,
    hasNot: NONE,
    env: { ADMIN_HOST: '0.0.0.0', ADMIN_TOKEN: SECRET },
    envWithout: { ADMIN_HOST: '::1' },
    path: 'ADMIN_HOST',
  },
  'trust-many-hops': {
    has: NONE,
    hasNot: NONE,
    env: { TRUST_PROXY: '9' },
    envWithout: { TRUST_PROXY: '2' },
    path: 'TRUST_PROXY',
  },
  'trust-wide-network': {
    has: NONE,
    hasNot: NONE,
    env: { TRUST_PROXY: '52.0.0.0/8' },
    envWithout: { TRUST_PROXY: '10.0.0.0/8, 203.0.113.0/24' },
    path: 'TRUST_PROXY',
  },
  'ip-allow-behind-proxy': {
    has: oneRoute({ ipAllow: ['10.0.0.0/8'] }),
    hasNot: oneRoute({ ipAllow: ['203.0.113.0/24'] }),
    path: '/routes/0/ipAllow',
  },
  'ip-allow-of-proxies': {
    has: oneRoute({ ipAllow: ['10.1.0.0/16'] }),
    hasNot: oneRoute({ ipAllow: ['10.1.0.0/16'] }),
    env: { TRUST_PROXY: '10.0.0.0/8' },
    envWithout: { TRUST_PROXY: '1' },
    path: '/routes/0/ipAllow',
  },
  'route-never-reached': {
    has: routes({ ...OPEN, methods: ['GET', 'POST'] }, { ...OPEN, methods: ['POST'] }),
    hasNot: routes({ ...OPEN, methods: ['GET'] }, { ...OPEN, methods: ['POST'] }),
    path: '/routes/1/prefix',
  },
  'regex-never-reached': {
    has: routes({ ...OPEN, prefix: '/', pathRegex: '^/api/v\\d+/x' }, { ...OPEN, prefix: '/api' }),
    hasNot: routes({ ...OPEN, prefix: '/', pathRegex: '^/api/v\\d+/x' }, { ...OPEN, prefix: '/api', methods: 'GET' }),
    path: '/routes/0/pathRegex',
  },
  'host-loses-requests': {
    has: routes({ ...OPEN, prefix: '/', hosts: 'a.example' }, OPEN),
    hasNot: routes({ ...OPEN, prefix: '/', hosts: 'a.example' }, { ...OPEN, hosts: 'b.example' }),
    path: '/routes/0/hosts',
  },
  'dollar-segment': {
    has: oneRoute({ prefix: '/orders/$id' }),
    hasNot: oneRoute({ prefix: '/orders/:id' }),
    path: '/routes/0/prefix',
  },
  'target-is-gateway': {
    has: oneRoute({ target: 'http://localhost:3000' }),
    hasNot: oneRoute({}),
    path: '/routes/0',
  },
  'cache-without-service': {
    has: oneRoute({ cache: true }, HERE),
    hasNot: { defaults: { cache: true }, routes: [HERE] },
    path: '/routes/0/cache',
  },
  'websocket-refused': {
    has: oneRoute({ graphql: {}, websocket: true }),
    hasNot: oneRoute({ graphql: { subscriptions: 'unguarded' }, websocket: true }),
    path: '/routes/0/websocket',
  },
  'websocket-cookie-refused': {
    has: oneRoute({ auth: { jwt: { cookie: 'c' } }, websocket: { origins: ['https://app.example'] } }, CLOSED),
    hasNot: oneRoute({ auth: { jwt: { cookie: 'c' } }, websocket: true }, CLOSED),
    env,
    path: '/routes/0/websocket',
  },
  'fault-injected': {
    has: oneRoute({ fault: { abort: 503, percent: 10 } }),
    hasNot: oneRoute({}),
    path: '/routes/0/fault',
  },
  'nobody-can-call': { has: oneRoute({}, CLOSED), hasNot: oneRoute({}, CLOSED), envWithout: env, path: '/routes/0' },
  'limit-never-reached': {
    has: oneRoute({ rateLimits: windows([1, '1s'], [100_000, '1h']) }),
    hasNot: oneRoute({ rateLimits: windows([10, '1s'], [10_000, '1h']) }),
    path: '/routes/0/rateLimits/1',
  },
  'plan-above-gateway': {
    has: { ...plan({ rateLimits: windows([100, '1m']) }), rateLimits: windows([50, '1m']) },
    hasNot: { ...plan({ rateLimits: windows([100, '1m']) }), rateLimits: windows([500, '1m']) },
    path: '/plans/p/rateLimits/0',
  },
  'quota-forgotten': {
    has: plan({ quota: { limit: 10, period: 'day' } }),
    hasNot: plan({ rateLimits: LIMITS }),
    path: '/plans/p/quota',
  },
  'timeout-never-reached': {
    has: oneRoute({ timeouts: { headers: '20s', total: '10s' } }),
    hasNot: oneRoute({ timeouts: { headers: '10s', total: '20s' } }),
    path: '/routes/0/timeouts/headers',
  },
  'timeout-above-balancer': {
    has: oneRoute({ timeouts: { headers: '2m' } }),
    hasNot: oneRoute({ timeouts: { headers: '50s' } }),
    path: '/routes/0/timeouts/headers',
  },
  'consumers-without-redis': {
    has: { consumerStore: 'redis', routes: [CLOSED] },
    hasNot: { consumerStore: 'redis', routes: [CLOSED] },
    envWithout: { REDIS_URL: 'redis://127.0.0.1:1' },
    path: '/consumerStore',
  },
  'token-key-of-one-process': {
    has: { services: { s: TOKENS }, routes: [] },
    hasNot: { services: { s: TOKENS }, routes: [] },
    env: { REDIS_URL: 'redis://127.0.0.1:1' },
    envWithout: {},
    path: '/serviceTokens',
  },
  'stray-setting': { has: NONE, hasNot: NONE, env: { JWT_SECRETT: 'x' }, envWithout: {}, path: 'JWT_SECRETT' },
};

/** Those that are no rule by value: what own stages log, and what is said of comments, which silence.test.ts tries. */
const ELSEWHERE = ['other-warning', 'ignore-without-reason', 'ignore-unused'];

async function findingsOf(t: TestContext, file: object, variables: NodeJS.ProcessEnv = {}): Promise<Finding[]> {
  const path = join(configFolder(t, { 'routes.json': file }), 'routes.json');
  const outs: string[] = [];
  const io = { out: (text: string) => void outs.push(text), err: () => {}, env: variables };
  const code = await runCli(['check', path, '--json'], io);
  assert.equal(code, 0, outs.join(''));
  return JSON.parse(outs.join('')).findings;
}

for (const [id, { has, hasNot, env: variables, envWithout = variables, path }] of Object.entries(CASES)) {
  test(`${id} is found where it is, with its place and its fix, and nowhere else`, async (t) => {
    const found = (await findingsOf(t, has, variables)).filter((each) => each.id === id);
    assert.deepEqual(
      found.map((each) => each.path),
      [path],
    );
    const [finding] = found;
    assert.ok(finding !== undefined && finding.message.length > 10 && finding.fix.length > 3);
    assert.equal(finding.line > 0, path.startsWith('/'));
    const without = await findingsOf(t, hasNot, envWithout);
    assert.deepEqual(
      without.filter((each) => each.id === id),
      [],
    );
  });
}

test('every finding of the table is tried', () => {
  assert.deepEqual([...Object.keys(CASES), ...ELSEWHERE].toSorted(), Object.keys(FINDINGS).toSorted());
});

/** Every place of a finding that has more than one. */
const MORE: readonly (readonly [id: string, has: object, hasNot: object, env?: NodeJS.ProcessEnv])[] = [
  [
    'secret-in-file',
    oneRoute({ request: { headers: { set: { authorization: 'Bearer sk-1234567890abcdefghij' } } } }),
    oneRoute({
      request: { headers: { set: { authorization: 'Bearer ${ENV:SIGNING}', 'x-partner-token': 'internal' } } },
    }),
    { SIGNING: SECRET },
  ],
  [
    'secret-in-file',
    oneRoute({ request: [{ query: { add: { api_key: 'sk-1234567890abcdefghij' } } }] }),
    oneRoute({
      request: [{ query: { add: { api_key: '${request.headers["x-key"]}', page: '1234567890123456789' } } }],
    }),
  ],
  ['public-without-limit', oneRoute({ shadow: ['rateLimit'] }), oneRoute({ rateLimits: LIMITS })],
  [
    'public-without-limit',
    oneRoute({ auth: { any: ['jwt'], optional: true } }, CLOSED),
    oneRoute({ auth: { any: ['jwt'], optional: true }, rateLimits: LIMITS }, CLOSED),
    env,
  ],
  [
    'service-over-http',
    oneRoute({ mirror: { target: 'http://copies.example' } }),
    oneRoute({ mirror: { target: 'http://copies:4001' } }),
  ],
  [
    'shared-cache-personal',
    oneRoute({ forwardCredentials: true, cache: { ttl: '1m', shared: true } }, CLOSED),
    oneRoute({ cache: { ttl: '1m', shared: true } }, CLOSED),
    env,
  ],
];

for (const [id, has, hasNot, given = {}] of MORE) {
  test(`${id} is found in each place: ${JSON.stringify(has).slice(10, 90)}`, async (t) => {
    const isFound = async (file: object) => (await findingsOf(t, file, given)).some((each) => each.id === id);
    assert.deepEqual([await isFound(has), await isFound(hasNot)], [true, false]);
  });
}

test('answers under conditions alone are told to lead nowhere where none holds', async (t) => {
  const respond = [{ when: 'request.method == "GET"', status: 200 }];
  const path = join(configFolder(t, { 'routes.json': routes({ prefix: '/a', auth: 'none', respond }) }), 'routes.json');
  const told: string[] = [];
  const io = { out: () => {}, err: (text: string) => void told.push(text), env: {} };
  assert.equal(await runCli(['check', path], io), 78);
  assert.match(told.join(''), /\/routes\/0\/respond {2}leads nowhere where none of its conditions holds\n.*no "when"/);
});
