import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, ask } from '../support/http.ts';
import { type StubHandler, startService } from '../support/service.ts';

const OLD_KEY = createApiKey();
const GOOD_KEY = createApiKey();

/** Ends the step that the requests were in, as the timer would, and reads what is told of them. */
async function overviewOf(gateway: TestGateway): Promise<Answer['json']> {
  await gateway.overview.sample();
  return (await ask(`${gateway.adminUrl}/overview`)).json;
}

async function askTimes(times: number, url: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  for (let i = 0; i < times; i += 1) await ask(url, { headers });
}

const byStatus: StubHandler = (_req, res, { path }) => {
  res.writeHead(Number(/\d{3}/.exec(path)?.[0] ?? 200));
  res.end('done');
};

async function startUsers(t: TestContext, more: object = {}): Promise<TestGateway> {
  const service = await startService(t, byStatus);
  return startGateway(t, {
    file: {
      services: { users: { targets: [service.url], circuitBreaker: { minimumRequests: 1000 } } },
      routes: [{ prefix: '/users', service: 'users', auth: 'none' }],
      ...more,
    },
  });
}

test('the overview agrees with the requests that were sent', async (t) => {
  const gateway = await startUsers(t);
  await askTimes(7, `${gateway.url}/users/200`);
  await askTimes(3, `${gateway.url}/users/404`);
  await askTimes(2, `${gateway.url}/users/500`);
  await askTimes(4, `${gateway.url}/nowhere`);
  const { window, routes, services, ...rest } = await overviewOf(gateway);
  const [route] = routes;
  assert.deepEqual(route.lastMinute, { requests: 12, clientErrors: 3, serverErrors: 2 });
  assert.equal(route.requests, 12);
  assert.deepEqual([route.name, route.service, route.isProtected], ['/users', 'users', false]);
  assert.ok(route.p50Ms > 0 && route.p99Ms >= route.p50Ms);
  // Repeats of what failed are attempts, too.
  assert.ok(services[0].lastMinute.requests >= 12);
  assert.ok(services[0].lastMinute.failed >= 2);
  const perSecond = (count: number) => Math.round((count / window.seconds) * 1000) / 1000;
  assert.ok(Math.abs(window.requestsPerSecond / perSecond(16) - 1) < 0.3);
  assert.equal(rest.status, 'serving');
  assert.equal(rest.redis, 'not configured');
  assert.equal(rest.cache, null);
  assert.match(rest.version, /^\d+\.\d+\.\d+$/);
  assert.equal(rest.reloads[0].by, 'start');
});

test('the history agrees with the requests that were sent', async (t) => {
  const gateway = await startUsers(t);
  await askTimes(5, `${gateway.url}/users/200`);
  await gateway.overview.sample();
  await gateway.overview.sample();
  await askTimes(2, `${gateway.url}/users/503`);
  await gateway.overview.sample();
  for (const query of ['', '?route=/users', '?route=%2Fusers&minutes=30']) {
    const history = (await ask(`${gateway.adminUrl}/history${query}`)).json;
    assert.equal(history.stepSeconds, 5);
    assert.equal(history.times.length, 3);
    assert.deepEqual(history.requests.map(Boolean), [true, false, true]);
    assert.deepEqual(history.serverErrors.map(Boolean), [false, false, true]);
    assert.equal(history.p50Ms[1], null);
    assert.ok(history.p99Ms[2] > 0 && history.gatewayP99Ms[0] > 0);
  }
  const ofService = (await ask(`${gateway.adminUrl}/history?service=users`)).json;
  assert.deepEqual(ofService.requests.map(Boolean), [true, false, true]);
  assert.equal((await ask(`${gateway.adminUrl}/history?route=/nobody`)).status, 404);
  assert.equal((await ask(`${gateway.adminUrl}/history?minutes=31`)).status, 400);
  assert.equal((await ask(`${gateway.adminUrl}/history?minute=3`)).status, 400);
});

test('an operator holds a circuit open and gives it back', async (t) => {
  const gateway = await startUsers(t);
  const steer = (state: string) => ask(`${gateway.adminUrl}/breakers/users?state=${state}`, { method: 'POST' });
  const held = await steer('open');
  assert.deepEqual([held.status, held.json.state, held.json.isForced], [200, 'open', true]);
  const refused = await ask(`${gateway.url}/users/200`);
  assert.deepEqual([refused.status, refused.json.code], [503, 'circuit_open']);
  const { services, notices } = await overviewOf(gateway);
  assert.deepEqual([services[0].breaker.state, services[0].breaker.isForced], ['open', true]);
  assert.match(notices[0].text, /users is held open by an operator since .*state=auto/);
  assert.equal((await ask(`${gateway.url}/health`)).json.status, 'degraded');
  assert.equal((await steer('auto')).json.state, 'closed');
  assert.equal((await ask(`${gateway.url}/users/200`)).status, 200);
  assert.match(gateway.messages.join('\n'), /audit: breaker.steer, circuit of users held open/);
});

test('a refused reload is told with its place and its words until it is mended', async (t) => {
  const gateway = await startUsers(t);
  writeFileSync(gateway.routesFile, '{ "routes": [\n { "prefx": "/a" } ] }');
  await gateway.reloader.reload('watch');
  const { notices, reloads } = await overviewOf(gateway);
  assert.equal(notices[0].severity, 'bad');
  assert.match(notices[0].text, /routes\.json:2:\d+.*prefx/);
  assert.deepEqual([reloads[0].result, reloads[0].by], ['refused', 'watch']);
});

test('a key that has expired and is refused again and again is told with its consumer', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      consumers: [
        {
          name: 'mobile-app',
          keys: [{ id: 'spring', sha256: hashApiKey(OLD_KEY), expiresAt: '2020-01-01T00:00:00Z' }],
        },
        { name: 'shop', keys: [{ id: 'k', sha256: hashApiKey(GOOD_KEY) }] },
      ],
      routes: [{ prefix: '/a', target: service.url, auth: 'api-key' }],
    },
  });
  await askTimes(4, `${gateway.url}/a/1`, { 'x-api-key': OLD_KEY });
  await askTimes(6, `${gateway.url}/a/1`, { 'x-api-key': GOOD_KEY });
  const { notices, consumers, routes } = await overviewOf(gateway);
  assert.match(notices[0].text, /mobile-app.*"spring".*4 times/);
  assert.deepEqual(
    consumers.map(({ name, requests, refused, topRoute }: Answer['json']) => [name, requests, refused, topRoute]),
    [['shop', 6, 0, '/a']],
  );
  assert.deepEqual(routes[0].refusals, { invalid_credential: 4 });
});
