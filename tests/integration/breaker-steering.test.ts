import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

const fileOf = (target: string, service: object = {}) => ({
  services: { users: { targets: [target], ...service } },
  routes: [
    { prefix: '/users', service: 'users', auth: 'none' },
    { prefix: '/own', service: 'users', auth: 'none', circuitBreaker: { minimumRequests: 100 } },
  ],
});

async function start(t: TestContext) {
  let status = 200;
  const service = await startService(t, (_req, res) => {
    res.writeHead(status);
    res.end('done');
  });
  const gateway = await startGateway(t, { file: fileOf(service.url) });
  const answer = (next: number): void => {
    status = next;
  };
  return { gateway, service, answer };
}

const steer = ({ adminUrl }: TestGateway, state: string, name = 'users', headers = {}): Promise<Answer> =>
  ask(`${adminUrl}/breakers/${name}?state=${state}`, { method: 'POST', headers });

test('a circuit that is held open refuses everybody until it is given back', async (t) => {
  const { gateway, service } = await start(t);
  const held = await steer(gateway, 'open', 'users', { 'x-actor': 'maria' });
  assert.deepEqual([held.status, held.json.state, held.json.isForced], [200, 'open', true]);
  const refused = await ask(`${gateway.url}/users/1`);
  assert.deepEqual([refused.status, refused.json.code, refused.headers['retry-after']], [503, 'circuit_open', '10']);
  assert.equal(service.requests.length, 0);
  assert.match(await gateway.metrics(), /turnpike_breaker_state\{breaker="users"\} 2/);
  const given = await steer(gateway, 'auto');
  assert.deepEqual([given.json.state, given.json.isForced], ['closed', false]);
  assert.equal((await ask(`${gateway.url}/users/1`)).status, 200);
  assert.match(await gateway.metrics(), /turnpike_breaker_state\{breaker="users"\} 0/);
});

test('health, state and the overview tell that it is held', async (t) => {
  const { gateway } = await start(t);
  await steer(gateway, 'open');
  const health = (await ask(`${gateway.url}/health`)).json;
  assert.deepEqual([health.status, health.services.users.circuit], ['degraded', 'open']);
  assert.equal((await ask(`${gateway.url}/health/ready`)).status, 200);
  const { breakers } = (await ask(`${gateway.adminUrl}/state`)).json;
  assert.deepEqual(
    breakers.map(({ name, state, isForced }: Answer['json']) => [name, state, isForced]),
    [
      ['users', 'open', true],
      ['route /own', 'closed', false],
    ],
  );
  const { services, notices } = (await ask(`${gateway.adminUrl}/overview`)).json;
  assert.deepEqual([services[0].breaker.state, services[0].breaker.isForced], ['open', true]);
  assert.match(notices[0].text, /users is held open by an operator since .*state=auto/);
  await steer(gateway, 'auto');
  assert.equal((await ask(`${gateway.url}/health`)).json.status, 'healthy');
  assert.deepEqual((await ask(`${gateway.adminUrl}/overview`)).json.notices, []);
});

test('a hold survives reloads, also those that edit its breaker', async (t) => {
  const { gateway, service } = await start(t);
  await steer(gateway, 'open');
  await gateway.reload(fileOf(service.url, { circuitBreaker: { minimumRequests: 7 } }));
  assert.equal((await ask(`${gateway.url}/users/1`)).json.code, 'circuit_open');
  await gateway.reload(fileOf(service.url, { circuitBreaker: { minimumRequests: 8 }, slowStart: '5s' }));
  assert.equal((await ask(`${gateway.url}/users/1`)).json.code, 'circuit_open');
  assert.match(await gateway.metrics(), /turnpike_breaker_state\{breaker="users"\} 2/);
  await steer(gateway, 'auto');
  assert.equal((await ask(`${gateway.url}/users/1`)).status, 200);
});

test('one that has opened is closed at once, with nothing held against it', async (t) => {
  const { gateway, answer } = await start(t);
  answer(500);
  for (let i = 0; i < 8; i += 1) await ask(`${gateway.url}/users/1`, { method: 'POST' });
  assert.equal((await ask(`${gateway.url}/users/1`)).json.code, 'circuit_open');
  answer(200);
  const closed = await steer(gateway, 'closed');
  assert.deepEqual([closed.json.state, closed.json.isForced, closed.json.calls], ['closed', false, 0]);
  assert.equal((await ask(`${gateway.url}/users/1`)).status, 200);
  answer(500);
  for (let i = 0; i < 8; i += 1) await ask(`${gateway.url}/users/1`, { method: 'POST' });
  assert.equal((await ask(`${gateway.url}/users/1`)).json.code, 'circuit_open', 'it still opens by itself');
});

test('the circuit of a route is steered by its own name', async (t) => {
  const { gateway } = await start(t);
  assert.equal((await steer(gateway, 'open', encodeURIComponent('route /own'))).json.name, 'route /own');
  assert.equal((await ask(`${gateway.url}/own/1`)).json.code, 'circuit_open');
  assert.equal((await ask(`${gateway.url}/users/1`)).status, 200);
});

test('an explanation says that it is held, and by what it is given back', async (t) => {
  const { gateway } = await start(t);
  await steer(gateway, 'open');
  const question = { method: 'GET', url: `${gateway.url}/users/1` };
  const explained = (await ask(`${gateway.adminUrl}/explain`, { method: 'POST', body: JSON.stringify(question) })).text;
  assert.match(explained, /circuit_open/);
  assert.match(explained, /held open by an operator, for \d+ s already; POST \/breakers\/users\?state=auto/);
  await ask(`${gateway.url}/users/7`);
  assert.match(String((await gateway.line({ path: '/users/7' }))['detail']), /held open by an operator/);
});

test('another file is compared on what passed, held or not', async (t) => {
  const { gateway, service } = await start(t);
  await ask(`${gateway.url}/users/1`);
  const tryFile = async () => {
    const answer = await ask(`${gateway.adminUrl}/what-if`, {
      method: 'POST',
      body: JSON.stringify(fileOf(service.url, { slowStart: '5s' })),
    });
    assert.equal(answer.status, 200);
    const { tookMs: _, ...report } = answer.json;
    return report;
  };
  const before = await tryFile();
  await steer(gateway, 'open');
  assert.deepEqual(await tryFile(), before);
});

test('who has steered is told in the log, whatever its level', async (t) => {
  const { gateway } = await start(t);
  await steer(gateway, 'open', 'users', { 'x-actor': 'maria' });
  const line = gateway.messages.map((text) => JSON.parse(text)).find(({ message }) => /^audit/.test(message));
  assert.equal(line.message, 'audit: breaker.steer, circuit of users held open');
  const { address, ...audit } = line.audit;
  assert.deepEqual(audit, { action: 'breaker.steer', by: 'admin', actor: 'maria', breaker: 'users', state: 'open' });
  assert.match(address, /127\.0\.0\.1/);
});

test('what is no order is refused with those that there are', async (t) => {
  const { gateway } = await start(t);
  for (const query of ['', '?state=shut', '?state=open&state=auto', '?state=open&for=5m'])
    assert.equal((await ask(`${gateway.adminUrl}/breakers/users${query}`, { method: 'POST' })).status, 400, query);
  const unknown = await steer(gateway, 'open', 'nobody');
  assert.deepEqual([unknown.status, unknown.json.breakers], [404, ['users', 'route /own']]);
  const wrong = await ask(`${gateway.adminUrl}/breakers/users`, { method: 'DELETE' });
  assert.deepEqual([wrong.status, wrong.headers['allow']], [405, 'GET, POST']);
  assert.equal((await ask(`${gateway.url}/users/1`)).status, 200);
});
