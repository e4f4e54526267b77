import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hashApiKey } from '../../src/auth/api-key-format.ts';
import { runCommand, startAdmin } from '../support/cli.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { sampleOverview } from '../support/told-overview.ts';
import { until } from '../support/until.ts';

const ADMIN_TOKEN = 'a-token-of-decent-length';
const ENV = { ADMIN_TOKEN };
const NARROW = 80;

const on = (gateway: TestGateway, ...argv: string[]) =>
  runCommand([...argv, '--admin', gateway.adminUrl], { env: ENV });

function assertNarrow(text: string): void {
  assert.deepEqual(
    // A command is not broken: it is to be pasted.
    text.split('\n').filter((line) => line.length > NARROW && !line.startsWith('    turnpike ')),
    [],
  );
}

async function startShop(t: Parameters<typeof startGateway>[0]) {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    env: ENV,
    file: {
      services: { orders: { targets: ['http://127.0.0.1:1'] }, users: { targets: [service.url] } },
      routes: [
        { prefix: '/orders', service: 'orders', auth: 'none', retry: false },
        { prefix: '/users', service: 'users', auth: 'none', methods: ['GET'], cache: { ttl: '1m' } },
        { prefix: '/mine', service: 'users', auth: ['api-key', 'jwt'], rateLimits: [{ limit: 5, window: '1m' }] },
      ],
      consumers: [{ name: 'app', keys: [{ id: 'k', sha256: 'a'.repeat(64) }] }],
    },
  });
  return { service, gateway };
}

test('recent tells why requests were refused or failed, in 80 columns, by what is asked for', async (t) => {
  const { gateway } = await startShop(t);
  assert.equal((await on(gateway, 'recent')).code, 1);
  await ask(`${gateway.url}/users/1`);
  await ask(`${gateway.url}/orders/7`);
  await ask(`${gateway.url}/mine`);
  const { requestId } = (await ask(`${gateway.url}/nowhere`)).json;
  await gateway.line({ path: '/nowhere' });
  const all = await on(gateway, 'recent');
  assert.equal(all.code, 0, all.err);
  assertNarrow(all.out);
  assert.equal(all.out.match(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}[45]\d\d /gm)?.length, 3);
  assert.match(
    all.out,
    /502 upstream_refused {2}GET \/orders\/7\n.*route \/orders, service orders[\s\S]*x forward +service orders/,
  );
  assert.doesNotMatch(all.out, /not reached|securityHeaders/);
  const byCode = await on(gateway, 'recent', '--code', 'unauthenticated');
  assert.match(byCode.out, /401 unauthenticated {2}GET \/mine[\s\S]*x authenticate/);
  assert.equal(byCode.out.match(/^\d{4}/gm)?.length, 1);
  assert.match(
    (await on(gateway, 'recent', '--service', 'orders', '--status', '502', '--count', '1')).out,
    /\/orders\/7/,
  );
  assert.match((await on(gateway, 'recent', '--id', requestId)).out, /404 not_found {2}GET \/nowhere/);
  assert.equal((await on(gateway, 'recent', '--route', '/users')).code, 1);
  assert.equal(JSON.parse((await on(gateway, 'recent', '--json', '--count', '2')).out).length, 2);
});

test('recent finds routes by their prefix, and takes no name that the gateway does not know', async (t) => {
  const { gateway } = await startShop(t);
  await ask(`${gateway.url}/orders/7`);
  await ask(`${gateway.url}/users/1`, { method: 'POST' });
  await gateway.line({ path: '/users/1' });
  const byPrefix = await on(gateway, 'recent', '--route', '/orders');
  assert.match(byPrefix.out, /GET \/orders\/7[\s\S]*\n1 are kept: upstream_refused 1; one of each first\n$/);
  for (const [option, name, meant] of [
    ['route', '/usres', '/users'],
    ['service', 'order', 'orders'],
    ['consumer', 'apps', 'app'],
  ] as const) {
    const { code, err, out } = await on(gateway, 'recent', `--${option}`, name);
    assert.deepEqual([code, out], [1, '']);
    assert.ok(err.includes(`No ${option} "${name}" is known here: did you mean "${meant}"?`), err);
  }
  const fine = await on(gateway, 'recent', '--route', 'GET /users');
  assert.match(fine.err, /no such request was refused or has failed since the start/);
  assert.match((await on(gateway, 'recent', '--consumer', 'nobody')).err, /none of the file has this name/);
});

test('routes lists what is in force, and without a gateway what a file says', async (t) => {
  const { gateway } = await startShop(t);
  const { code, out } = await on(gateway, 'routes');
  assert.equal(code, 0);
  assert.match(out, /^NAME +PREFIX +METHODS +AUTH +LEADS TO +LIMITS$/m);
  assert.match(out, /^GET \/users +\/users +GET +none +users +-$/m);
  assert.match(out, /^\/mine +\/mine +any +api-key, jwt +users +5\/1m by consumer$/m);
  const file = await runCommand(['routes', '--file', gateway.routesFile]);
  assert.deepEqual([file.code, file.out], [0, out]);
  const offline = await runCommand(['routes'], { env: { ROUTES_FILE: gateway.routesFile, ADMIN_PORT: '1' } });
  assert.deepEqual([offline.code, offline.out], [0, out]);
  assert.match(offline.err, /^No gateway runs/);
});

test('reload tells what changed, what is refused and why, and goes past the guard by force', async (t) => {
  const { gateway, service } = await startShop(t);
  assert.deepEqual(await on(gateway, 'reload'), { code: 0, out: 'unchanged: nothing is different\n', err: '' });
  const file = { routes: [{ prefix: '/users', target: service.url, auth: 'none' }] };
  writeFileSync(gateway.routesFile, JSON.stringify(file));
  const applied = await on(gateway, 'reload');
  assert.equal(applied.code, 0);
  assert.match(applied.out, /^applied\n {2}.*\/orders.*removed/m);
  writeFileSync(gateway.routesFile, '{ "routes": [ { "prefx": "/a" } ] }');
  const refused = await on(gateway, 'reload');
  assert.equal(refused.code, 78);
  assert.match(
    refused.err,
    /^refused: the configuration of before stays in force\n.*routes\.json:1:\d+ \/routes\/0\/prefx/,
  );
  assert.equal(JSON.parse((await on(gateway, 'reload', '--json')).out).result, 'refused');
  assert.equal((await ask(`${gateway.url}/users/1`)).status, 200);
});

test('breaker shows circuits, holds one open, and gives it back', async (t) => {
  const { gateway } = await startShop(t);
  assert.match((await on(gateway, 'breaker')).out, /^users +closed +0 +0 +-$/m);
  const held = await on(gateway, 'breaker', 'users', 'open');
  assert.deepEqual([held.code, held.err], [0, '']);
  assert.match(held.out, /^users +open \(held\)/m);
  assert.equal((await ask(`${gateway.url}/users/1`)).json.code, 'circuit_open');
  await on(gateway, 'breaker', 'users', 'closed');
  assert.equal((await ask(`${gateway.url}/users/1`)).status, 200);
  assert.match((await on(gateway, 'breaker', 'users', 'auto')).out, /^users +closed/m);
  assert.equal(JSON.parse((await on(gateway, 'breaker', 'users', '--json')).out).state, 'closed');
  const wrong = await on(gateway, 'breaker', 'usrs', 'open');
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /no circuit "usrs" \(did you mean "users"\?\)/);
});

test('purge has what is stored forgotten', async (t) => {
  const { gateway, service } = await startShop(t);
  const call = () => ask(`${gateway.url}/users/1`);
  await call();
  await call();
  const before = service.requests.length;
  assert.deepEqual(await on(gateway, 'purge', '--route', 'GET /users'), {
    code: 0,
    out: 'purged what was stored by route GET /users\n',
    err: '',
  });
  await call();
  assert.equal(service.requests.length, before + 1);
  assert.equal((await on(gateway, 'purge', '--all')).out, 'purged all that was stored\n');
  const wrong = await on(gateway, 'purge', '--route', '/user');
  assert.deepEqual([wrong.code, wrong.out], [1, '']);
});

test('status tells on one screen how a real gateway is, and exits with 1 where it is degraded', async (t) => {
  const { gateway } = await startShop(t);
  const well = await on(gateway, 'status');
  assert.equal(well.code, 0, well.err);
  assert.match(well.out, /^serving {2}turnpike \d/);
  await on(gateway, 'breaker', 'orders', 'auto');
  for (let i = 0; i < 10; i += 1) await ask(`${gateway.url}/orders/1`);
  const told = await until(
    async () => {
      const status = await on(gateway, 'status');
      return status.code === 1 ? status : undefined;
    },
    { timeoutMs: 20_000, what: 'a degraded gateway' },
  );
  assertNarrow(told.out);
  assert.match(told.out, /^x .*circuit of orders is open/m);
  assert.match(told.out.replaceAll(/\s+/g, ' '), /turnpike recent --service orders/);
  assert.match(told.out, /^orders +\d of 1 +open/m);
  assert.ok(told.out.split('\n').length < 50);
  assert.equal(JSON.parse((await on(gateway, 'status', '--json')).out).status, 'serving');
});

test('the command that status gives for an expired key makes a new one as it is pasted', async (t) => {
  const service = await startService(t);
  const key = 'tk_a-key-that-was-good-once';
  const expiresAt = new Date(Date.now() - 60_000).toISOString();
  const gateway = await startGateway(t, {
    env: ENV,
    file: {
      routes: [{ prefix: '/mine', target: service.url, auth: 'api-key' }],
      consumers: [{ name: 'northwind', keys: [{ id: 'n1', sha256: hashApiKey(key), expiresAt }] }],
    },
  });
  for (let i = 0; i < 3; i += 1) await ask(`${gateway.url}/mine`, { headers: { 'x-api-key': key } });
  const { out, code } = await on(gateway, 'status');
  assert.equal(code, 1, out);
  const command = /^ {4}turnpike (key rotate .*)$/m.exec(out)?.[1] ?? '';
  const { code: rotated, out: made, err } = await runCommand(command.split(' '));
  assert.deepEqual([rotated, err], [0, ''], out);
  assert.ok(made.includes(gateway.routesFile), made);
  assert.ok(out.includes(`\nfile        ${gateway.routesFile}\n`), out);
});

test('check without a file warns of a gateway here that uses another one', async (t) => {
  const { gateway } = await startShop(t);
  const { port } = new URL(gateway.adminUrl);
  const env = {
    ADMIN_TOKEN,
    ADMIN_PORT: port,
    ROUTES_FILE: fileURLToPath(new URL('../../routes.json', import.meta.url)),
  };
  const other = await runCommand(['check'], { env });
  assert.ok(
    other.err.includes(`warning: the gateway that runs here uses another file: ${gateway.routesFile};`),
    other.err,
  );
  const same = await runCommand(['check'], { env: { ...env, ROUTES_FILE: gateway.routesFile } });
  assert.doesNotMatch(same.err, /another file/);
});

test('what stands in the way of an answer is told: no token, a wrong one, the main port', async (t) => {
  const { gateway } = await startShop(t);
  const ask = (admin: string, env: NodeJS.ProcessEnv) => runCommand(['status', '--admin', admin], { env });
  const none = await ask(gateway.adminUrl, {});
  assert.deepEqual([none.code, /it wants a token: set ADMIN_TOKEN/.test(none.err)], [78, true], none.err);
  const wrong = await ask(gateway.adminUrl, { ADMIN_TOKEN: `${ADMIN_TOKEN}-but-not-it` });
  assert.deepEqual([wrong.code, /ADMIN_TOKEN of here is not the one/.test(wrong.err)], [78, true], wrong.err);
  const main = await ask(gateway.url, ENV);
  assert.deepEqual([main.code, /is the main port of a gateway/.test(main.err)], [69, true], main.err);
});

test('of many services and routes those that are not well are shown first, and the rest is counted', async (t) => {
  const admin = await startAdmin(t, { '/overview': () => ({ body: sampleOverview({ services: 40, routes: 30 }) }) });
  const { code, out } = await runCommand(['status', '--admin', admin.url], { env: ENV });
  assert.equal(code, 1);
  assertNarrow(out);
  assert.ok(out.split('\n').length < 60, out);
  assert.match(out, /^SERVICE.*\nservice-39 +1 of 2 +open 3 s/m);
  assert.match(out, /and 28 more: --json has all/);
  assert.match(out, /^ {2}out: http:\/\/10\.0\.0\.1, health check failed/m);
  assert.match(out, /^ {2}last minute: upstream_refused 9, rate_limited 3$/m);
  assert.equal(admin.lastHeaders().authorization, `Bearer ${ADMIN_TOKEN}`);
});

test('what an overview says is no command to a terminal', async (t) => {
  const evil = '\u001b]0;pwned\u0007';
  const sample = sampleOverview({ services: 1, routes: 1 });
  const body = JSON.parse(JSON.stringify(sample).replaceAll('service-0', `s${JSON.stringify(evil).slice(1, -1)}`));
  body.notices = [{ severity: 'bad', text: evil }];
  body.status = evil;
  const admin = await startAdmin(t, { '/overview': () => ({ body }) });
  const { out } = await runCommand(['status', '--admin', admin.url]);
  assert.ok(!out.includes('\u001b') && !out.includes('\u0007'));
});

test('--watch goes on while nobody answers, until nobody waits any more', async (t) => {
  let asked = 0;
  const admin = await startAdmin(t, {
    '/overview': () => {
      asked += 1;
      return asked === 2
        ? { status: 503, body: { detail: 'later' } }
        : { body: sampleOverview({ services: 1, routes: 1 }) };
    },
  });
  let left = 3;
  const pause = async () => {
    left -= 1;
    return left > 0;
  };
  const { out, err } = await runCommand(['status', '--watch', '--admin', admin.url], { pause });
  assert.equal(out.match(/^serving/gm)?.length, 2);
  assert.match(err, /answers 503: later/);
  assert.ok(!out.includes('\u001b'), 'no terminal, no clearing');
});

test('an older gateway has no overview, and is told so', async (t) => {
  const admin = await startAdmin(t, {});
  const { code, err } = await runCommand(['status', '--admin', admin.url]);
  assert.equal(code, 1);
  assert.match(err, /no overview/);
});

test('what the gateway tells has colours on a terminal alone', async (t) => {
  const { gateway } = await startShop(t);
  await ask(`${gateway.url}/nowhere`);
  await gateway.line({ path: '/nowhere' });
  for (const command of ['recent', 'routes', 'breaker', 'status']) {
    const argv = [command, '--admin', gateway.adminUrl];
    const piped = await runCommand(argv, { env: ENV });
    assert.ok(piped.out !== '' && !piped.out.includes('\u001b'), command);
    const shown = await runCommand(argv, { env: ENV, isTerminal: { out: true, err: true } });
    assert.ok(shown.out.includes('\u001b[1m'), command);
    assert.equal((await runCommand([...argv, '--no-color'], { env: ENV })).out.includes('\u001b'), false);
  }
});
