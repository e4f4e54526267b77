import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type TestContext, test } from 'node:test';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, ask } from '../support/http.ts';
import { call, startBefore, useModel } from '../support/model.ts';
import { NOWHERE, type StubHandler, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

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
  // Rates have one denominator, so they are to each other as the counts are.
  assert.ok(Math.abs(window.requestsPerSecond / route.requestsPerSecond - 16 / 12) < 0.01);
  assert.ok(Math.abs(window.clientErrorsPerSecond / route.clientErrorsPerSecond - 7 / 3) < 0.01);
  assert.ok(window.seconds > 0 && window.p50Ms > 0 && window.p99Ms >= window.p95Ms && window.gatewayP99Ms > 0);
  assert.equal(rest.status, 'serving');
  assert.equal(rest.instance, `${hostname()}:${new URL(gateway.url).port}`);
  assert.equal(rest.redis, 'not configured');
  assert.equal(rest.cache, null);
  assert.match(rest.version, /^\d+\.\d+\.\d+$/);
  assert.equal(rest.reloads[0].by, 'start');
});

test('of targets and circuits is told what is the matter, and what to do', async (t) => {
  const good = await startService(t, byStatus);
  const nowhere = NOWHERE;
  const gateway = await startGateway(t, {
    file: {
      services: {
        mixed: { targets: [good.url, nowhere], balance: 'round-robin', passiveHealth: { failures: 1 } },
        dead: { targets: [nowhere] },
      },
      routes: [
        { prefix: '/mixed', service: 'mixed', auth: 'none' },
        { prefix: '/dead', service: 'dead', auth: 'none', retry: { attempts: 1 } },
      ],
    },
  });
  await askTimes(4, `${gateway.url}/mixed/200`);
  await askTimes(8, `${gateway.url}/dead/200`);
  const { services, routes, notices } = await overviewOf(gateway);
  const [mixed, dead] = services;
  assert.deepEqual([mixed.healthy, mixed.total], [1, 2]);
  assert.match(mixed.targets[1].reason, /is left alone for \d+ s more/);
  assert.equal(dead.breaker.state, 'open');
  assert.deepEqual(dead.breaker.opened, { calls: 5, failures: 5, outcomes: { refused: 5 } });
  assert.ok(Math.abs(dead.breaker.openSince - dead.breaker.since) < 1000);
  const { lastFailure } = dead.targets[0];
  assert.equal(lastFailure.outcome, 'refused');
  assert.match(lastFailure.cause, /ECONNREFUSED/);
  assert.ok(lastFailure.inARow >= 5 && lastFailure.since <= lastFailure.at);
  assert.equal(mixed.targets[0].lastFailure, null);
  assert.equal(dead.lastMinute.failed, 5);
  assert.deepEqual(routes[1].lastMinute, { requests: 8, clientErrors: 0, serverErrors: 8 });
  assert.equal(routes[1].refusals.circuit_open, 3);
  const texts = notices.map(({ severity, text }: Answer['json']) => `${severity}: ${text}`);
  assert.match(texts[0], /^bad: the circuit of dead is open since .*, after 5 of 5 calls had failed \(refused 5\)/);
  const shown = await ask(`${gateway.adminUrl}/recent?${notices[0].evidence.split('?')[1]}`);
  assert.equal(shown.json.length, 5, notices[0].evidence);
  assert.ok(texts.some((text: string) => /^bad: 100 % of the requests of \/dead .* fail: 8 of 8/.test(text)));
  assert.ok(
    texts.some((text: string) => /^warn: 1 of 2 targets of mixed is out: .*refused: .*ECONNREFUSED/.test(text)),
  );
});

test('a target that waits for its trial counts as not in, and a service that recovers ends its row of failures', async (t) => {
  const [good, moody] = [await startService(t, byStatus), await startService(t, byStatus)];
  const passiveHealth = { failures: 1, ejectFor: '100ms' };
  const gateway = await startGateway(t, {
    file: {
      services: { users: { targets: [good.url, moody.url], balance: 'round-robin', passiveHealth } },
      routes: [{ prefix: '/users', service: 'users', auth: 'none', retry: { attempts: 1 } }],
    },
  });
  await ask(`${gateway.url}/users/200`);
  await ask(`${gateway.url}/users/503`);
  const usersOf = async () => (await overviewOf(gateway)).services[0];
  await until(async () => (await usersOf()).targets[1].state === 'trial');
  const waiting = await usersOf();
  assert.deepEqual([waiting.healthy, waiting.total], [1, 2]);
  assert.match(waiting.targets[1].reason, /the next request is its trial/);
  assert.equal(waiting.targets[1].lastFailure.cause, 'it answered 503');
  await askTimes(3, `${gateway.url}/users/200`);
  const well = await usersOf();
  assert.deepEqual([well.healthy, well.targets[1].state, well.targets[1].lastFailure.inARow], [2, 'in', 0]);
});

test('a service that has become slow is told beside how it mostly is, and one that runs into its timeout', async (t) => {
  let waitMs = 0;
  const service = await startService(t, (_req, res) => void setTimeout(() => res.end('done'), waitMs));
  const gateway = await startGateway(t, {
    file: {
      services: { users: { targets: [service.url], circuitBreaker: { minimumRequests: 1000 } } },
      routes: [
        { prefix: '/users', service: 'users', auth: 'none', retry: { attempts: 1 } },
        { prefix: '/quick', service: 'users', auth: 'none', retry: { attempts: 1 }, timeouts: { headers: '100ms' } },
      ],
    },
  });
  for (let step = 0; step < 40; step += 1) {
    await askTimes(1, `${gateway.url}/users/1`);
    await gateway.overview.sample();
  }
  waitMs = 400;
  await Promise.all(Array.from({ length: 20 }, () => ask(`${gateway.url}/users/1`)));
  await Promise.all(Array.from({ length: 6 }, () => ask(`${gateway.url}/quick/1`)));
  const { services, notices } = await overviewOf(gateway);
  assert.ok(services[0].usualP99Ms < 100 && services[0].p99Ms > 250, JSON.stringify(services[0]));
  assert.equal(services[0].lastMinute.timedOut, 6);
  const texts = notices.map(({ severity, text }: Answer['json']) => `${severity}: ${text}`).join('\n');
  assert.match(texts, /^warn: users is slow: its p99 is \d+ ms, and mostly \d+ ms/m);
  assert.match(texts, /^bad: users runs into its timeouts: 6 of 37 calls/m);
});

test('limits, caches and budgets of tokens are told with what they have decided', async (t) => {
  const model = await useModel(t);
  const service = await startService(t, (_req, res) => {
    res.writeHead(200, { 'cache-control': 'max-age=60' });
    res.end('stored');
  });
  const gateway = await startBefore(t, {
    target: model.url,
    route: { rateLimits: [{ limit: 100_000, window: '1m', cost: 'tokens' }] },
    file: {
      plans: { free: { rateLimits: [{ limit: 3, window: '1h' }] } },
      routes: [
        { prefix: '/v1', name: 'models', target: model.url, auth: 'api-key', models: {} },
        { prefix: '/stored', target: service.url, auth: 'none', cache: {} },
        { prefix: '/few', target: service.url, auth: 'none', rateLimits: [{ limit: 2, window: '1h', by: 'address' }] },
      ],
    },
  });
  await call(gateway, { model: 'stub-1', messages: [{ role: 'user', content: 'one two' }], max_tokens: 4 });
  await askTimes(4, `${gateway.url}/stored/1`);
  await askTimes(5, `${gateway.url}/few/1`);
  const { routes, limits, tokens, cache, consumers } = await overviewOf(gateway);
  const [, stored, few] = routes;
  assert.deepEqual(stored.cache, { hits: 3, misses: 1, stale: 0, hitRate: 0.75 });
  assert.deepEqual([cache.store, cache.entries, cache.hitRate], ['memory', 1, 0.75]);
  assert.ok(cache.bytes > 0 && cache.maxBytes > cache.bytes);
  assert.deepEqual(few.limiter, { allowed: 2, refused: 3 });
  assert.deepEqual(few.refusals, { rate_limited: 3 });
  assert.deepEqual(limits, [
    { scope: 'plan free', limit: 3, window: '1h', by: 'consumer', unit: 'calls' },
    { scope: 'route /few', limit: 2, window: '1h', by: 'address', unit: 'calls' },
  ]);
  assert.equal(tokens[0].route, 'models');
  assert.equal(tokens[0].inTotal + tokens[0].outTotal, model.used());
  assert.deepEqual([consumers[0].name, consumers[0].plan, consumers[0].requests], ['app', 'free', 1]);
});

test('asking changes nothing, and needs the token where there is one', async (t) => {
  const service = await startService(t);
  const file = { routes: [{ prefix: '/a', target: service.url, auth: 'none' }] };
  const token = 'a-token-of-decent-length';
  const gateway = await startGateway(t, { file, env: { ADMIN_TOKEN: token } });
  for (const page of ['overview', 'history']) assert.equal((await ask(`${gateway.adminUrl}/${page}`)).status, 401);
  assert.equal((await ask(`${gateway.adminUrl}/breakers/a?state=open`, { method: 'POST' })).status, 401);
  const headers = { authorization: `Bearer ${token}` };
  await ask(`${gateway.url}/a/1`);
  await gateway.overview.sample();
  const metrics = await gateway.metrics();
  const [first, second] = await Promise.all([1, 2].map(() => ask(`${gateway.adminUrl}/overview`, { headers })));
  assert.equal(first?.json.routes[0].requests, 1);
  assert.equal(second?.json.routes[0].lastMinute.requests, 1);
  assert.equal(first?.headers['content-type'], 'application/json');
  assert.equal((await ask(`${gateway.adminUrl}/overview`, { headers, method: 'HEAD' })).text, '');
  assert.equal((await ask(`${gateway.adminUrl}/overview`, { headers, method: 'POST' })).status, 405);
  assert.equal((await ask(`${gateway.adminUrl}/history`, { headers })).json.times.length, 1);
  assert.equal(await gateway.metrics(), metrics);
});

test('no secret of the file is shown', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    env: { HOOK: 'a-very-secret-path' },
    file: { routes: [{ prefix: '/${ENV:HOOK}', target: service.url, auth: 'none' }] },
  });
  await askTimes(2, `${gateway.url}/a-very-secret-path/1`);
  await gateway.reload({ routes: [{ prefix: '/${ENV:HOOK}', targt: service.url, auth: 'none' }] });
  await gateway.overview.sample();
  const { text, json } = await ask(`${gateway.adminUrl}/overview`);
  assert.doesNotMatch(text, /a-very-secret-path/);
  assert.equal(json.routes[0].prefix, '/${ENV:HOOK}');
  assert.equal(json.routes[0].lastMinute.requests, 2);
});

test('what is kept of a route goes with the route', async (t) => {
  const service = await startService(t);
  const route = (prefix: string) => ({ prefix, target: service.url, auth: 'none' });
  const gateway = await startGateway(t, { file: { routes: [route('/a'), route('/b')] } });
  await askTimes(2, `${gateway.url}/a/1`);
  await askTimes(1, `${gateway.url}/b/1`);
  await gateway.overview.sample();
  await gateway.reload({ routes: [route('/b')] });
  const { routes, reloads } = await overviewOf(gateway);
  assert.deepEqual(
    routes.map(({ name, lastMinute }: Answer['json']) => [name, lastMinute.requests]),
    [['/b', 1]],
  );
  assert.deepEqual([reloads[0].by, reloads[0].result, reloads[1].by], ['test', 'applied', 'start']);
  assert.match(reloads[0].changes.join(), /\/a/);
  assert.ok(reloads[0].tookMs > 0 && reloads[0].at >= reloads[1].at);
  assert.equal((await ask(`${gateway.adminUrl}/history?route=/a`)).status, 404);
});

test('a thousand routes are told without anybody waiting for it', async (t) => {
  const routes = Array.from({ length: 1000 }, (_, i) => ({
    prefix: `/route-${i}`,
    auth: 'none',
    respond: { status: 200, body: 'here' },
  }));
  const gateway = await startGateway(t, { file: { routes } });
  for (let i = 0; i < 1000; i += 1) await ask(`${gateway.url}/route-${i}/1`);
  const turns: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const longestTurnMs = watchTurns();
    await gateway.overview.sample();
    const text = await gateway.overview.render();
    turns.push(longestTurnMs());
    assert.ok(text.length < 1_500_000, `${text.length} characters`);
    assert.equal(JSON.parse(text).routes.filter(({ requests }: Answer['json']) => requests === 1).length, 1000);
  }
  // The quickest of five: the collector has turns of its own.
  assert.ok(Math.min(...turns) < 20, `the loop was held for ${turns.map(Math.round)} ms`);
});

/** Watches the turns of the event loop until the answer is called: how much of the processor the longest one took. */
function watchTurns(): () => number {
  const usedMs = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let longestMs = 0;
  let lastMs = usedMs();
  let isOver = false;
  const turn = (): void => {
    const nowMs = usedMs();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    isOver = true;
    return longestMs;
  };
}

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
  for (const query of ['route=/nobody', 'service=nobody', 'service=__proto__'])
    assert.equal((await ask(`${gateway.adminUrl}/history?${query}`)).status, 404);
  for (const query of ['minutes=31', 'minutes=0', 'minutes=0.3', 'minutes=', 'minute=3', 'route=/users&service=users'])
    assert.equal((await ask(`${gateway.adminUrl}/history?${query}`)).status, 400, query);
});

test('a refused reload is told with its place and its words until it is mended', async (t) => {
  const gateway = await startUsers(t);
  writeFileSync(gateway.routesFile, '{ "routes": [\n { "prefx": "/a" } ] }');
  await gateway.reloader.reload('watch');
  const { notices, reloads } = await overviewOf(gateway);
  assert.equal(notices[0].severity, 'warn');
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
  // A question about it is no call.
  for (const key of [OLD_KEY, GOOD_KEY]) {
    const body = JSON.stringify({ method: 'GET', url: `${gateway.url}/a/1`, headers: { 'x-api-key': key } });
    assert.equal((await ask(`${gateway.adminUrl}/explain`, { method: 'POST', body })).status, 200);
  }
  const { notices, consumers, routes } = await overviewOf(gateway);
  assert.match(notices[0].text, /mobile-app.*"spring".*4 times/);
  assert.deepEqual(
    consumers.map(({ name, requests, refused, topRoute }: Answer['json']) => [name, requests, refused, topRoute]),
    [
      ['shop', 6, 0, '/a'],
      ['mobile-app', 4, 4, '/a'],
    ],
  );
  assert.deepEqual([notices[0].severity, notices[0].evidence], ['bad', 'requests?consumer=mobile-app']);
  const { json: refused } = await ask(`${gateway.adminUrl}/recent?consumer=mobile-app`);
  assert.deepEqual(
    refused.map(({ keyOwner, keyId, consumer }: Answer['json']) => [keyOwner, keyId, consumer]),
    Array.from({ length: 4 }, () => ['mobile-app', 'spring', undefined]),
  );
  assert.deepEqual(routes[0].refusals, { invalid_credential: 4 });
});
