import assert from 'node:assert/strict';
import net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { hashApiKey } from '../../src/auth/api-key-format.ts';
import { hashPassword } from '../../src/auth/password.ts';
import { runCli } from '../../src/cli.ts';
import { configFolder } from '../support/config-files.ts';

type Json = Readonly<Record<string, unknown>>;
interface Told {
  readonly name: string;
  readonly mismatches: readonly { readonly what: string; readonly expected: unknown; readonly came: unknown }[];
  readonly steps: readonly { readonly stage: string; readonly refuses: boolean }[];
  readonly notes: readonly string[];
  readonly tookMs: number;
}

async function run(argv: readonly string[]) {
  let out = '';
  let err = '';
  const code = await runCli(argv, { out: (text) => (out += text), err: (text) => (err += text), env: {} });
  return { code, out, err };
}

interface Files {
  readonly routes: Json;
  readonly cases: Json;
  readonly others?: Readonly<Record<string, string>>;
}

async function tell(t: TestContext, { routes, cases, others = {} }: Files) {
  t.mock.method(net.Socket.prototype, 'connect', () => assert.fail('a socket was opened'));
  const folder = configFolder(t, { 'routes.json': routes, 'cases.json': cases, ...others });
  const { code, out, err } = await run([
    'test',
    join(folder, 'cases.json'),
    '--file',
    join(folder, 'routes.json'),
    '--json',
  ]);
  const results = out === '' ? [] : (JSON.parse(out) as { results: Told[] }[]).flatMap((file) => file.results);
  return { code, err, results, failed: results.filter(({ mismatches }) => mismatches.length > 0) };
}

async function assertHolds(t: TestContext, files: Files): Promise<void> {
  const { code, err, failed } = await tell(t, files);
  assert.deepEqual(failed, []);
  assert.equal(err, '');
  assert.equal(code, 0);
}

const CONSUMERS = [
  {
    name: 'mobile-app',
    plan: 'small',
    roles: ['app'],
    scopes: ['read', 'write'],
    keys: [{ id: 'reader', sha256: hashApiKey('the-real-one'), scopes: ['read'] }],
  },
];

test('callers have the roles, scopes, plans and audiences that the gateway finds, and no secret', async (t) => {
  await assertHolds(t, {
    routes: {
      issuers: [
        { issuer: 'https://login.test', audience: 'api', jwks: 'https://login.test/keys' },
        { issuer: 'https://partner.test', jwks: 'https://partner.test/keys' },
      ],
      plans: { small: { rateLimits: [{ limit: 2, window: '1h' }] } },
      consumers: CONSUMERS,
      services: { orders: { targets: ['http://orders.test'] } },
      routes: [
        { name: 'orders', prefix: '/orders', service: 'orders', auth: { any: ['jwt', 'api-key'] } },
        { name: 'admin', prefix: '/admin', service: 'orders', auth: 'jwt', authorize: { roles: { any: ['admin'] } } },
        {
          name: 'write',
          prefix: '/write',
          service: 'orders',
          auth: 'api-key',
          authorize: { scopes: { all: ['write'] } },
        },
      ],
    },
    cases: {
      callers: {
        ann: { claims: { role: 'admin' } },
        bob: { claims: {} },
        late: { claims: {}, expired: true },
        elsewhere: { claims: { aud: 'other' } },
        partner: { claims: {}, issuer: 'https://partner.test' },
        stranger: { claims: {}, issuer: 'https://stranger.test' },
        app: { consumer: 'mobile-app' },
        reader: { consumer: 'mobile-app', key: 'reader' },
        forger: { headers: { 'x-api-key': 'guessed' } },
      },
      cases: [
        {
          name: 'none',
          request: { url: '/orders/7' },
          expect: { status: 401, code: 'unauthenticated', route: 'orders', service: null },
        },
        {
          name: 'ann',
          request: { url: '/admin', as: 'ann' },
          expect: { status: 200, service: { name: 'orders', headers: { 'x-user-id': 'ann', authorization: null } } },
        },
        {
          name: 'bob',
          request: { url: '/admin', as: 'bob' },
          expect: { status: 403, code: 'forbidden', service: null },
        },
        {
          name: 'late',
          request: { url: '/orders', as: 'late' },
          expect: { status: 401, headers: { 'www-authenticate': '/expired/' } },
        },
        { name: 'elsewhere', request: { url: '/orders', as: 'elsewhere' }, expect: { status: 401 } },
        { name: 'partner', request: { url: '/orders', as: 'partner' }, expect: { status: 200 } },
        { name: 'stranger', request: { url: '/orders', as: 'stranger' }, expect: { status: 401 } },
        {
          name: 'app',
          request: { url: '/write', as: 'app' },
          expect: { status: 200, service: { headers: { 'x-consumer-name': 'mobile-app', 'x-api-key': null } } },
        },
        { name: 'reader', request: { url: '/write', as: 'reader' }, expect: { status: 403 } },
        { name: 'forger', request: { url: '/write', as: 'forger' }, expect: { status: 401 } },
        {
          name: 'plan',
          request: { url: '/orders', as: 'app', times: 2 },
          expect: { status: 429, code: 'rate_limited' },
        },
        { name: 'expires', request: { url: '/orders', as: 'bob', after: '30d' }, expect: { status: 200 } },
      ],
    },
  });
});

test('limits, caches, circuits, and pauses go by the clock of the cases', async (t) => {
  await assertHolds(t, {
    routes: {
      services: {
        orders: { targets: ['http://orders.test'] },
        shaky: {
          targets: ['http://shaky.test'],
          circuitBreaker: { minimumRequests: 3, openFor: '10s' },
        },
        pair: { targets: ['http://one.test', 'http://two.test'] },
        slow: { targets: ['http://slow.test'] },
      },
      routes: [
        { prefix: '/limited', service: 'orders', auth: 'none', rateLimits: [{ limit: 100, window: '1h' }] },
        { prefix: '/cached', service: 'orders', auth: 'none', cache: { ttl: '30s' } },
        { prefix: '/shaky', service: 'shaky', auth: 'none', retry: false },
        { prefix: '/pair', service: 'pair', auth: 'none' },
        { prefix: '/slow', service: 'slow', auth: 'none', retry: false, timeouts: { headers: '5s' } },
      ],
    },
    cases: {
      startAt: '2027-03-01T09:00:00Z',
      stubs: {
        shaky: [{ fails: 'reset' }, { fails: 'refused' }, { status: 503 }, { json: { well: true } }],
        'http://one.test': { fails: 'refused' },
        slow: [{ delay: '4s', json: { slow: true } }, { fails: 'timeout' }, { delay: '6s' }],
      },
      cases: [
        { name: 'hundred', request: { url: '/limited', times: 100 }, expect: { status: 200 } },
        {
          name: 'one more',
          request: { url: '/limited' },
          expect: { status: 429, headers: { 'retry-after': '/^[0-9]+$/' } },
        },
        { name: 'later', request: { url: '/limited', after: '2h' }, expect: { status: 200 } },
        { name: 'another', request: { url: '/limited', address: '203.0.113.7' }, expect: { status: 200 } },
        { name: 'miss', request: { url: '/cached/1' }, expect: { headers: { 'x-cache': 'MISS' }, service: {} } },
        {
          name: 'hit',
          request: { url: '/cached/1', after: '29s' },
          expect: { headers: { 'x-cache': 'HIT', age: '29' }, service: null },
        },
        {
          name: 'expired',
          request: { url: '/cached/1', after: '2s' },
          expect: { service: { name: 'orders', path: '/1' } },
        },
        { name: 'reset', request: { url: '/shaky' }, expect: { status: 502, service: {} } },
        {
          name: 'refused',
          request: { url: '/shaky' },
          expect: { status: 502, code: 'upstream_refused', service: null },
        },
        { name: '503', request: { url: '/shaky' }, expect: { status: 503, code: null } },
        { name: 'open', request: { url: '/shaky' }, expect: { status: 503, code: 'circuit_open', service: null } },
        { name: 'trial', request: { url: '/shaky', after: '10s' }, expect: { status: 200, json: { well: true } } },
        {
          name: 'second target',
          request: { url: '/pair', times: 4 },
          expect: { status: 200, service: { name: 'pair' } },
        },
        { name: 'slow', request: { url: '/slow' }, expect: { status: 200, json: { slow: true } } },
        { name: 'never', request: { url: '/slow' }, expect: { status: 504 } },
        { name: 'too slow', request: { url: '/slow' }, expect: { status: 504 } },
        { name: 'as new', fresh: true, request: { url: '/cached/1' }, expect: { headers: { 'x-cache': 'MISS' } } },
      ],
    },
  });
});

test('transforms, aggregates, own stages and outside deciders run as they do', async (t) => {
  await assertHolds(t, {
    others: {
      'stages/greet.ts': `import { defineStage } from 'turnpike';
export default defineStage({
  name: 'greet',
  description: 'Greets.',
  schema: { type: 'object', properties: { word: { type: 'string', default: 'hi' } }, additionalProperties: false },
  create: ({ word }) => ({ request: (context) => context.setServiceHeader('x-greeting', word) }),
});`,
    },
    routes: {
      use: ['./stages/greet.ts'],
      services: { orders: { targets: ['http://orders.test/base'] }, users: { targets: ['http://users.test'] } },
      routes: [
        {
          prefix: '/edited',
          service: 'orders',
          auth: 'none',
          request: { headers: { set: { 'x-by': 'turnpike' } } },
          response: { headers: { set: { 'x-told': 'yes' }, remove: ['x-secret'] } },
        },
        { prefix: '/users', service: 'users', auth: 'none', greet: { word: 'hello' } },
        {
          prefix: '/both/:id',
          auth: 'none',
          aggregate: { user: { route: '/users/:id' }, order: { route: '/edited/:id' } },
        },
        { prefix: '/asked', service: 'users', auth: { 'forward-auth': { url: 'http://auth.test/check' } } },
        { prefix: '/unasked', service: 'users', auth: { 'forward-auth': { url: 'http://nobody.test/check' } } },
        { prefix: '/hello', auth: 'none', respond: { status: 200, body: { hello: 'world' } } },
      ],
    },
    cases: {
      stubs: {
        orders: { json: { id: 7 }, headers: { 'x-secret': 'a' } },
        'http://auth.test': [{ status: 200, headers: { 'x-user-id': 'ann' } }, { status: 403 }],
      },
      cases: [
        {
          name: 'edits',
          request: { url: '/edited/7?q=1', json: { a: [1, { b: 2 }], c: 3 } },
          expect: {
            headers: { 'x-told': 'yes', 'x-secret': null },
            service: {
              name: 'orders',
              method: 'POST',
              path: '/base/7?q=1',
              headers: { 'x-by': 'turnpike' },
              json: { a: [1, { b: 2 }] },
            },
          },
        },
        {
          name: 'both',
          request: { url: '/both/7' },
          expect: {
            status: 200,
            json: { order: { id: 7 }, user: { path: '/7' } },
            service: [{ name: 'users', headers: { 'x-greeting': 'hello' } }, { name: 'orders' }],
          },
        },
        {
          name: 'let in',
          request: { url: '/asked' },
          expect: { status: 200, service: [{ name: 'http://auth.test/check' }, { name: 'users' }] },
        },
        {
          name: 'kept out',
          request: { url: '/asked', headers: { cookie: 'a=b' } },
          expect: { status: 403, service: { name: 'http://auth.test/check' } },
        },
        { name: 'nobody', request: { url: '/unasked' }, expect: { status: 503, service: null } },
        { name: 'own', request: { url: '/hello' }, expect: { status: 200, json: { hello: 'world' }, service: null } },
        {
          name: 'no route',
          request: { url: 'https://shop.test/nowhere' },
          expect: { status: 404, route: null, code: 'not_found' },
        },
        {
          name: 'big',
          request: { url: '/users', body: 'x'.repeat(300_000) },
          expect: { status: 200, service: { body: '/^x+$/' } },
        },
        { name: 'head', request: { url: '/users', method: 'HEAD' }, expect: { status: 200, body: '' } },
      ],
    },
  });
});

test('what takes the system a while is waited for, and costs no time of the cases', async (t) => {
  const password = await hashPassword('a long enough word');
  const basic = `Basic ${Buffer.from('ops:a long enough word').toString('base64')}`;
  await assertHolds(t, {
    routes: {
      consumers: [{ name: 'ops', password }],
      routes: [{ prefix: '/ops', target: 'http://ops.test', auth: 'basic', rateLimits: [{ limit: 1, window: '1s' }] }],
    },
    cases: {
      cases: [
        { name: 'in', request: { url: '/ops', headers: { authorization: basic } }, expect: { status: 200 } },
        { name: 'again', request: { url: '/ops', headers: { authorization: basic } }, expect: { status: 429 } },
      ],
    },
  });
});

test('whoever the gateway asks is a stub: introspection, token servers, services that are discovered, Redis', async (t) => {
  await assertHolds(t, {
    routes: {
      consumerStore: 'redis',
      consumers: CONSUMERS,
      plans: { small: {} },
      introspection: { url: 'https://login.test/introspect', clientId: 'gateway', clientSecret: 'a-secret' },
      services: {
        found: { discover: { dns: 'orders.internal:80' }, healthCheck: { path: '/health' } },
        guarded: {
          targets: ['https://guarded.test'],
          serviceAuth: {
            oauth2: { tokenUrl: 'https://login.test/token', clientId: 'gateway', clientSecret: 'a-secret' },
          },
        },
      },
      routes: [
        { prefix: '/found', service: 'found', auth: { any: ['introspection', 'api-key'] } },
        { prefix: '/guarded', service: 'guarded', auth: 'none' },
      ],
    },
    cases: {
      env: { REDIS_URL: 'redis://127.0.0.1:9' },
      stubs: {
        'https://login.test/introspect': [
          { json: { active: true, sub: 'ann', exp: 4_102_444_800 } },
          { json: { active: false } },
        ],
        'https://login.test/token': { json: { access_token: 'made-up', token_type: 'Bearer', expires_in: 300 } },
      },
      callers: {
        ann: { headers: { authorization: 'Bearer opaque' } },
        eve: { headers: { authorization: 'Bearer other' } },
        app: { consumer: 'mobile-app' },
      },
      cases: [
        {
          name: 'ann',
          request: { url: '/found', as: 'ann' },
          expect: { status: 200, service: { name: 'found', headers: { 'x-user-id': 'ann' } } },
        },
        {
          name: 'eve',
          request: { url: '/found', as: 'eve' },
          expect: { status: 401, service: { name: 'https://login.test/introspect', body: '/token=other/' } },
        },
        { name: 'app', request: { url: '/found', as: 'app' }, expect: { status: 200 } },
        {
          name: 'proof',
          request: { url: '/guarded' },
          expect: { status: 200, service: { name: 'guarded', headers: { authorization: 'Bearer made-up' } } },
        },
      ],
    },
  });
});

test('a month ends at its end, and what the server refuses by itself is refused', async (t) => {
  await assertHolds(t, {
    routes: {
      defaultPlan: 'free',
      plans: { free: { quota: { limit: 3, period: 'month' } } },
      services: { a: { targets: ['http://a.test'] }, b: { targets: ['http://b.test'] } },
      routes: [
        { prefix: '/a', service: 'a', auth: 'none', mirror: { service: 'b' } },
        { name: 'small', prefix: '/small', service: 'a', auth: 'none', bodyLimit: '1kb' },
      ],
    },
    cases: {
      startAt: '2027-01-31T12:00:00Z',
      cases: [
        {
          name: 'three',
          request: { url: '/a', times: 3 },
          expect: { status: 200, service: [{ name: 'a' }, { name: 'b' }] },
        },
        { name: 'four', request: { url: '/a' }, expect: { status: 429, code: 'quota_exceeded' } },
        { name: 'February', request: { url: '/a', after: '13h' }, expect: { status: 200 } },
        {
          name: 'too much',
          fresh: true,
          request: { url: '/small', body: 'x'.repeat(2000) },
          expect: { status: 413, code: 'body_too_large' },
        },
        {
          name: 'two hosts',
          request: { url: '/a', headers: { Host: ['a', 'b'] } },
          expect: { status: 400, route: null },
        },
        {
          name: 'less than said',
          request: { url: '/small', body: 'x', headers: { 'content-length': '5' } },
          expect: { status: 408 },
        },
        {
          name: 'a long head',
          request: { url: '/a', headers: { 'x-long': ['x'.repeat(9000), 'x'.repeat(9000)] } },
          expect: { status: 431 },
        },
      ],
    },
  });
});

const OPEN = { routes: [{ name: 'open', prefix: '/open', target: 'http://open.test', auth: 'none' }] };

test('a hundred cases take much less than two seconds, and not one connection', async (t) => {
  const cases = Array.from({ length: 100 }, (_, at) => ({
    name: `case ${at}`,
    request: { url: `/open/${at}` },
    expect: {
      status: 200,
      headers: { 'x-gateway-trace': null },
      json: { path: `/${at}` },
      service: { path: `/${at}` },
    },
  }));
  const { results, failed } = await tell(t, { routes: OPEN, cases: { cases } });
  assert.deepEqual(failed, []);
  // The machine that runs this may be busy with others: the middle one tells.
  const times = results.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  assert.ok((times[50] as number) < 40, `${times[50]} ms a case`);
});

test('a failed case says what was expected, what came, and which stage refused', async (t) => {
  const folder = configFolder(t, {
    'routes.json': { routes: [{ name: 'closed', prefix: '/a', target: 'http://a.test', auth: 'jwt' }] },
    'cases.json': {
      cases: [
        {
          name: 'may <read>',
          request: { url: '/a' },
          expect: { status: 200, headers: { 'x-a': 'b', 'www-authenticate': null }, json: { a: 1 } },
        },
        { name: 'may not', request: { url: '/a' }, expect: { status: '4xx' } },
      ],
    },
  });
  const [routes, cases, junit] = ['routes.json', 'cases.json', 'report.xml'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const { code, out } = await run(['test', cases, '--file', routes, '--junit', junit]);
  assert.equal(code, 1);
  assert.match(out, /^x may <read> {2}\(.*cases\.json:3\)\n {2}GET \/a\n {2}status: expected 200, got 401\n/);
  assert.match(out, /headers\/x-a: expected "b", got nothing\n/);
  assert.match(out, /headers\/www-authenticate: expected none, got "Bearer/);
  assert.match(out, /x authenticate/);
  assert.match(out, /1 of 2 cases failed, in \d+ ms\n$/);
});

test('a compressed answer is told by what is in it, several cookies as a list, and /health answers', async (t) => {
  const long = 'x'.repeat(3000);
  await assertHolds(t, {
    routes: {
      services: { a: { targets: ['http://a:1'] } },
      routes: [{ prefix: '/a', service: 'a', auth: 'none', compress: true }],
    },
    cases: {
      stubs: { a: { headers: { 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'] }, json: { long } } },
      cases: ['gzip', 'br', 'zstd', 'identity'].map((coding) => ({
        name: coding,
        request: { url: '/a', headers: { 'accept-encoding': coding } },
        expect: {
          headers: { 'content-encoding': coding === 'identity' ? null : coding, 'set-cookie': 'a=1, b=2' },
          json: { long },
        },
      })),
    },
  });
  await assertHolds(t, {
    routes: { routes: [{ prefix: '/', target: 'http://a:1', auth: 'none' }] },
    cases: {
      cases: [
        { name: 'live', request: { url: '/health/live' }, expect: { status: 200, route: null, service: null } },
        { name: 'all', request: { url: '/health' }, expect: { status: 200, json: { status: 'healthy' } } },
        { name: 'post', request: { url: '/health', method: 'POST' }, expect: { status: 405 } },
        { name: 'other', request: { url: '/healthy' }, expect: { status: 200, service: { path: '/healthy' } } },
      ],
    },
  });
});
