import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type StubHandler, type StubService, startService } from '../support/service.ts';

/** A service that is over its own limit, until it is told otherwise. */
interface Busy {
  status: number;
  retryAfter: string | undefined;
}

const busyHandler =
  (busy: Busy, name: string): StubHandler =>
  (_req, res, { headers, body }) => {
    const wait = busy.retryAfter === undefined ? {} : { 'retry-after': busy.retryAfter };
    const key = headers['x-service-key'];
    res.writeHead(busy.status, { 'content-type': 'application/json', ...wait });
    res.end(JSON.stringify({ name, key, body: body.toString() }));
  };

interface Setting {
  readonly gateway: TestGateway;
  readonly busy: readonly Busy[];
  readonly services: readonly StubService[];
}

async function start(t: TestContext, failover: object = {}, route: object = {}): Promise<Setting> {
  const names = ['first', 'second', 'third'];
  const busy = names.map((): Busy => ({ status: 200, retryAfter: undefined }));
  const services = await Promise.all(names.map((name, at) => startService(t, busyHandler(busy[at] as Busy, name))));
  const entries = names.map((name, at) => {
    const serviceAuth = { header: { 'X-Service-Key': `key-of-${name}` } };
    return [name, { targets: [services[at]?.url], serviceAuth }];
  });
  const one = { name: 'ai', prefix: '/ai', service: 'first', auth: 'none', ...route };
  const file = {
    services: Object.fromEntries(entries),
    routes: [{ ...one, failover: { to: ['second', 'third'], ...failover } }],
  };
  return { gateway: await startGateway(t, { file }), busy, services };
}

const post = ({ gateway }: Setting, body = 'hello') =>
  ask(`${gateway.url}/ai`, { method: 'POST', body, headers: { 'content-type': 'text/plain' } });

test('a POST that one service answers with 429 goes to the next, whole, with the credential of that one', async (t) => {
  const setting = await start(t);
  Object.assign(setting.busy[0] as Busy, { status: 429 });
  const answer = await post(setting, 'a body');
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json, { name: 'second', key: 'key-of-second', body: 'a body' });
  const line = await setting.gateway.line({ route: 'ai' });
  assert.deepEqual([line['attempts'], line['service']], [2, 'second']);
  assert.match(
    await setting.gateway.metrics(),
    /turnpike_failovers_total\{route="ai",from="first",to="second",status="429"\} 1\n/,
  );
  assert.equal(setting.services[0]?.requests[0]?.headers['x-service-key'], 'key-of-first');
});

test('a service that says how long is left alone for that long, and asked first again after it', async (t) => {
  const setting = await start(t);
  Object.assign(setting.busy[0] as Busy, { status: 429, retryAfter: '1' });
  for (let call = 0; call < 3; call++) assert.equal((await post(setting)).json.name, 'second');
  assert.equal(setting.services[0]?.requests.length, 1);
  Object.assign(setting.busy[0] as Busy, { status: 200, retryAfter: undefined });
  const deadline = performance.now() + 10_000;
  while ((await post(setting)).json.name !== 'first') assert.ok(performance.now() < deadline);
});

test('one that does not say how long is asked again by the next call', async (t) => {
  const setting = await start(t);
  Object.assign(setting.busy[0] as Busy, { status: 429 });
  for (let call = 0; call < 2; call++) assert.equal((await post(setting)).json.name, 'second');
  assert.equal(setting.services[0]?.requests.length, 2);
});

test('when all are busy the last answer reaches the client, with the shortest wait of all', async (t) => {
  const setting = await start(t);
  for (const [at, retryAfter] of ['30', '7', '60'].entries())
    Object.assign(setting.busy[at] as Busy, { status: 429, retryAfter });
  const last = await post(setting);
  assert.deepEqual([last.status, last.json.name, last.headers['retry-after']], [429, 'third', '7']);
  const own = await post(setting);
  assert.deepEqual([own.status, own.json.code, own.headers['retry-after']], [429, 'services_busy', '7']);
  for (const { requests } of setting.services) assert.equal(requests.length, 1);
});

test('503 leads to another service where the route says so, and nowhere else', async (t) => {
  const plain = await start(t);
  Object.assign(plain.busy[0] as Busy, { status: 503 });
  assert.equal((await post(plain)).status, 503);
  const asked = await start(t, { on: [429, 503] });
  Object.assign(asked.busy[0] as Busy, { status: 503 });
  assert.equal((await post(asked)).json.name, 'second');
});

test('what a service is asked again and again by calls side by side leaves no place taken', async (t) => {
  const setting = await start(t);
  Object.assign(setting.busy[0] as Busy, { status: 429 });
  const answers = await Promise.all(Array.from({ length: 40 }, () => post(setting)));
  assert.ok(answers.every(({ json }) => json.name === 'second'));
  const state = await ask(`${setting.gateway.adminUrl}/state`);
  for (const one of Object.values<{ inFlight: number }>(state.json.services)) assert.equal(one.inFlight, 0);
});

test('a route that names no such service, or itself, does not load', async (t) => {
  const { gateway } = await start(t);
  const file = (to: string[]) => ({
    services: { first: { targets: ['http://127.0.0.1:1'] }, second: { targets: ['http://127.0.0.1:2'] } },
    routes: [{ prefix: '/ai', service: 'first', failover: { to } }],
  });
  assert.match(JSON.stringify(await gateway.reload(file(['secnd']))), /did you mean \\"second\\"/);
  assert.match(JSON.stringify(await gateway.reload(file(['first']))), /is asked already/);
});
