import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCli } from '../../../src/cli.ts';
import { findStrayNames, SETTING_NAMES } from '../../../src/config/stray-names.ts';
import { SECRET } from '../../support/auth.ts';
import { configFolder } from '../../support/config-files.ts';

async function run(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const [outs, errs]: [string[], string[]] = [[], []];
  const io = { out: (text: string) => void outs.push(text), err: (text: string) => void errs.push(text), env };
  const code = await runCli(argv, io);
  return { code, out: outs.join(''), err: errs.join('') };
}

/** What check says of a file; `said` are its findings without their places, ids and fixes. */
async function check(t: TestContext, content: unknown, env: NodeJS.ProcessEnv = {}, ...argv: string[]) {
  const path = join(configFolder(t, { 'routes.json': content }), 'routes.json');
  const result = await run(['check', path, ...argv], env);
  const told = result.err.matchAll(/ {2}((?:error|warning|info): .*) \[[a-z-]+\]$/gm);
  return { ...result, said: [...told].map(([, text]) => `${text}\n`).join('') };
}

const OPEN = {
  prefix: '/open',
  target: 'http://localhost:4001',
  auth: 'none',
  rateLimits: [{ limit: 100, window: '1s' }],
};
const CLOSED = { prefix: '/closed', target: 'http://localhost:4001' };

test('check says that nobody can pass, as start does, and --strict fails on it', async (t) => {
  const loose = await check(t, { routes: [OPEN, CLOSED] });
  assert.equal(loose.code, 0);
  assert.match(loose.said, /^warning: the route "\/closed" answers 401 to everyone.*\n$/);
  assert.match(
    loose.err,
    /routes\.json:\d+:\d+ \/routes\/1 {2}warning: .* \[nobody-can-call\]\n {4}Set one of the JWT_/,
  );
  assert.match(loose.out, /^ok: 2 routes in 1 file, 1 warning: \/.*\/routes\.json\n$/);
  const strict = await check(t, { routes: [OPEN, CLOSED] }, {}, '--strict');
  assert.deepEqual([strict.code, strict.out], [1, '']);
  assert.match(strict.err, /warning: the route.*\n.*\n1 warning, and --strict takes none\n$/s);
  const fine = await check(t, { routes: [OPEN, CLOSED] }, { JWT_SECRET: SECRET }, '--strict');
  assert.deepEqual([fine.code, fine.err, fine.said], [0, '', '']);
  assert.match(fine.out, /^ok: 2 routes in 1 file: \//);
});

test('check says that an issuer has no audience, and that consumers in Redis have none', async (t) => {
  const issuers = [{ issuer: 'https://a.example', jwks: 'https://a.example/jwks' }];
  assert.match((await check(t, { issuers, routes: [CLOSED] })).said, /warning: no "audience" is set for issuer/);
  const { said } = await check(t, { consumerStore: 'redis', routes: [CLOSED] });
  assert.match(said, /warning: consumerStore is "redis", but REDIS_URL is not set/);
  const env = { REDIS_URL: 'redis://127.0.0.1:1' };
  assert.equal((await check(t, { consumerStore: 'redis', routes: [CLOSED] }, env)).said, '');
});

test('check says that a route is never reached, since others take all of its methods', async (t) => {
  const target = 'http://localhost:4001';
  const routes = [
    { ...OPEN, methods: ['GET', 'POST'] },
    { ...OPEN, methods: ['HEAD', 'POST'], target },
    { ...OPEN, methods: ['POST', 'PUT'], target },
    { ...OPEN, hosts: 'a.example', methods: ['GET'] },
    { ...OPEN },
  ];
  const { said } = await check(t, { routes });
  assert.match(said, /^warning: the route "HEAD,POST \/open" is never reached.*"GET,POST \/open"[^\n]*\n$/);
});

test('check says that a route does not get all requests of its hosts', async (t) => {
  const old = { prefix: '/', hosts: 'old.example.com', redirect: { to: 'https://new.example.com' }, auth: 'none' };
  const { said } = await check(t, { routes: [old, { ...OPEN, prefix: '/api' }, { ...OPEN, hosts: 'a.example' }] });
  assert.match(said, /^warning: the route "old\.example\.com \/" does not get all.*some go to "\/api"[^\n]*\n$/);
  const beside = [
    { ...old, prefix: '/a' },
    { ...OPEN, prefix: '/ab' },
    { ...OPEN, prefix: '/' },
  ];
  assert.equal((await check(t, { routes: beside })).said, '');
  assert.equal((await check(t, { routes: [{ ...old, exact: true }, OPEN] })).said, '');
});

test('check says that a target is the gateway itself', async (t) => {
  const env = { PORT: '3100' };
  const itself = { ...OPEN, target: 'http://localhost:3100' };
  const services = { me: { targets: ['http://127.0.0.1:3100', 'http://localhost:4001'] } };
  const { said } = await check(t, { services, routes: [itself] }, env);
  assert.match(said, /error: the target of route "\/open" is the gateway itself/);
  assert.match(said, /error: a target of service "me" is the gateway itself/);
  assert.equal((await check(t, { routes: [itself] })).said, '', 'another port');
  assert.equal((await check(t, { routes: [itself] }, { ...env, HOST: '192.0.2.1' })).said, '', 'another address');
});

test('check says that a deadline is never reached, and which segments are taken by the letter', async (t) => {
  const long = { ...OPEN, timeouts: { headers: '120s', total: '30s' } };
  assert.match(
    (await check(t, { routes: [long] })).said,
    /"timeouts\.headers" of the route "\/open" is never reached.*30 sec/,
  );
  assert.equal((await check(t, { routes: [{ ...OPEN, timeouts: { total: '10s' } }] })).said, '');
  const dollar = { ...OPEN, prefix: '/orders/$orderId/items' };
  assert.match((await check(t, { routes: [dollar] })).said, /"\$orderId" by the letter.*":orderId"/);
  assert.equal((await check(t, { routes: [{ ...OPEN, prefix: '/odata/$metadata' }] })).said, '');
});

test('check says that a route on trial lets everybody in', async (t) => {
  const { said } = await check(
    t,
    { routes: [{ ...CLOSED, auth: 'jwt', shadow: ['authenticate'] }] },
    { JWT_SECRET: SECRET },
  );
  assert.match(said, /warning: .*"\/closed".*"shadow".*everybody/);
});

const INSIDE = ['10.0.0.0/8', '172.16.3.0/24', '192.168.0.0/16', '127.0.0.1', 'fd00::/8', '::1'];

test('check says that an ipAllow of private networks alone may let everybody in where TRUST_PROXY is not set', async (t) => {
  const routes = Array.from({ length: 7 }, (_, at) => ({ ...OPEN, prefix: `/in${at}`, ipAllow: INSIDE }));
  const { said } = await check(t, { routes });
  assert.match(said, /^(?:warning: "ipAllow" of route "\/in\d" .*TRUST_PROXY is not set.*\n){7}$/);
  for (const TRUST_PROXY of ['1', '10.0.0.9', '10.0.0.9/32,192.0.2.0/24', '0'])
    assert.equal((await check(t, { routes }, { TRUST_PROXY })).said, '');
  for (const ipAllow of [[], ['192.0.2.0/24'], ['10.0.0.0/8', '192.0.2.7'], ['10.0.0.0/7'], ['fc00::/6']]) {
    assert.equal((await check(t, { routes: [{ ...OPEN, ipAllow }] })).said, '', JSON.stringify(ipAllow));
  }
});

test('check says that clients whom ipAllow lets in stand where TRUST_PROXY expects proxies', async (t) => {
  for (const [ipAllow, TRUST_PROXY] of [
    [INSIDE, '10.0.0.0/8'],
    [['10.1.0.0/16'], '192.0.2.7,10.0.0.0/8'],
    [['fd00::/8'], 'fd00:1::/32'],
  ] as const) {
    const { said } = await check(t, { routes: [{ ...OPEN, ipAllow }] }, { TRUST_PROXY });
    assert.match(said, /^warning: "ipAllow" of route ".*X-Forwarded-For\n$/);
  }
});

test('check says that pages may open a WebSocket with no cookie of theirs', async (t) => {
  const origins = ['https://app.example'];
  const route = { ...CLOSED, auth: { jwt: { cookie: 'session' } }, websocket: { origins } };
  const saidOf = async (more: object) =>
    (await check(t, { routes: [{ ...route, ...more }] }, { JWT_SECRET: SECRET })).said;
  for (const more of [{}, { cors: false }, { cors: { origins } }]) {
    assert.match(await saidOf(more), /^warning: "websocket.origins" of route "\/closed" .*cookie.*"credentials".*\n$/);
  }
  for (const more of [{ cors: { origins, credentials: true } }, { auth: 'jwt' }, { websocket: true }]) {
    assert.equal(await saidOf(more), '', JSON.stringify(more));
  }
});

test('check says that a quota without Redis is forgotten by a restart', async (t) => {
  const quota = { limit: 10, period: 'day' };
  const file = { plans: { free: { quota }, open: {}, gold: { quota } }, routes: [OPEN] };
  assert.match(
    (await check(t, file)).said,
    /^(?:warning: the quota of plan "(?:free|gold)" .*REDIS_URL is not set.*\n){2}$/,
  );
  assert.equal((await check(t, file, { REDIS_URL: 'redis://127.0.0.1:1' })).said, '');
});

test('check does not call anybody: neither services nor Consul nor Redis', async (t) => {
  const services = {
    found: { discover: { consul: 'x' } },
    checked: { targets: ['http://127.0.0.1:1'], healthCheck: { path: '/', interval: '1s' } },
  };
  const routes = Object.keys(services).map((service) => ({
    ...OPEN,
    target: undefined,
    prefix: `/${service}`,
    service,
  }));
  const calls: unknown[] = [];
  t.mock.method(globalThis, 'fetch', (url: unknown) => {
    calls.push(url);
    return Promise.reject(new Error('no'));
  });
  const { code, err } = await check(t, { services, routes }, { REDIS_URL: 'redis://127.0.0.1:1' });
  assert.deepEqual([code, err, calls], [0, '', []]);
});

test('names near to a setting are warned of, those that the file uses and others are not', async (t) => {
  const file = { routes: [{ ...OPEN, target: '${ENV:JWT_SECRETS}' }] };
  const env = { JWT_SECRETS: 'http://localhost:1', PATH: '/bin', HOSTNAME: 'x', POST: '1', HOME: '/' };
  assert.equal((await check(t, file, env)).err, '');
  const near = {
    ...env,
    JWT_SECRETT: 'hush-hush',
    CONSUL_HOST: 'x',
    CORS_ORIGIN: 'x',
    REDIS_PORT: 'tcp://10.0.0.1:6379',
  };
  const { err } = await check(t, file, near);
  assert.deepEqual(err.match(/warning: \S+/g), [
    'warning: CONSUL_HOST',
    'warning: CORS_ORIGIN',
    'warning: JWT_SECRETT',
  ]);
  assert.match(err, /JWT_SECRETT is no setting.*"JWT_SECRET"/);
  assert.match(err, /CONSUL_HOST is no setting.*"CONSUL_HTTP_ADDR"/);
  assert.doesNotMatch(err, /hush/);
});

test('what OpenTelemetry has for other signals is no misspelt setting', () => {
  const others = [
    'OTEL_METRICS_EXPORTER',
    'OTEL_LOGS_EXPORTER',
    'OTEL_BLRP_SCHEDULE_DELAY',
    'OTEL_EXPORTER_OTLP_INSECURE',
  ];
  const more = ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'OTEL_EXPORTER_OTLP_LOGS_HEADERS', 'OTEL_PROPAGATORS'];
  const env = Object.fromEntries([...others, ...more, 'OTEL_EXPORTER_OTLP_ENDPIONT'].map((name) => [name, 'x']));
  assert.deepEqual(findStrayNames(env, '/nowhere/routes.json'), [
    'OTEL_EXPORTER_OTLP_ENDPIONT is no setting and is ignored: did you mean "OTEL_EXPORTER_OTLP_ENDPOINT"?',
  ]);
});

test('the settings known to the warning are those of .env.example', () => {
  const example = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');
  const names = [...example.matchAll(/^#([A-Z_]+)=/gm)].map(([, name]) => name);
  assert.deepEqual([...SETTING_NAMES].sort(), names.sort());
});

test('--version, help COMMAND and COMMAND --help answer, and nothing starts', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  for (const word of ['--version', '-v', 'version']) {
    assert.deepEqual(await run([word]), { code: 0, out: `turnpike ${version}\n`, err: '' });
  }
  for (const name of ['start', 'check', 'init', 'key', 'token', 'usage']) {
    const asked = await run([name, '--help']);
    assert.equal(asked.code, 0, name);
    assert.match(asked.out, new RegExp(`^Usage:\\n {2}turnpike ${name}`), name);
    assert.deepEqual(await run(['help', name]), asked);
  }
  assert.match((await run(['check', '--help'])).out, /--strict[\s\S]*exit code/i);
  assert.equal((await run(['help', 'chekc'])).code, 64);
  assert.equal((await run(['start', '--port', '80'])).code, 64);
  assert.equal((await run(['check', '-h'])).code, 0);
});
