import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { closedPort, startService } from '../support/service.ts';

test('health, live and ready answer 200 without a credential, even where a route takes every path', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/', target: service.url }] } });
  for (const path of ['/health', '/health/live', '/health/ready', '/health?x=1']) {
    const answer = await ask(gateway.url + path);
    assert.equal(answer.status, 200, path);
    assert.equal(answer.headers['cache-control'], 'no-store');
  }
  assert.equal((await ask(`${gateway.url}/health/other`)).status, 401, 'the route is asked for anything else');
  assert.equal((await ask(`${gateway.url}/health`, { method: 'HEAD' })).text, '');
  const posted = await ask(`${gateway.url}/health`, { method: 'POST' });
  assert.deepEqual([posted.status, posted.headers['allow']], [405, 'GET, HEAD']);
  assert.equal(service.requests.length, 0);
});

test('an open circuit makes health degraded, and the gateway stays ready', async (t) => {
  const port = await closedPort();
  const gateway = await startGateway(t, {
    file: {
      services: { users: { targets: [`http://127.0.0.1:${port}`] } },
      routes: [{ prefix: '/users', service: 'users', auth: 'none' }],
    },
  });
  const before = (await ask(`${gateway.url}/health`)).json;
  assert.equal(before.status, 'healthy');
  assert.equal(before.services.users.circuit, 'closed');
  for (let i = 0; i < 20; i++) await ask(`${gateway.url}/users`);
  const after = await ask(`${gateway.url}/health`);
  assert.deepEqual([after.status, after.json.status], [200, 'degraded']);
  assert.equal(after.json.services.users.circuit, 'open');
  assert.ok(!after.text.includes('127.0.0.1'), 'no address of a service');
  assert.equal((await ask(`${gateway.url}/health/ready`)).status, 200);
});

test('HEALTH_DETAILS=off leaves the services out', async (t) => {
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: 'http://127.0.0.1:9', auth: 'none' }] },
    env: { HEALTH_DETAILS: 'off' },
  });
  const { status, timestamp, uptime, ...rest } = (await ask(`${gateway.url}/health`)).json;
  assert.equal(status, 'healthy');
  assert.ok(!Number.isNaN(Date.parse(timestamp)));
  assert.equal(typeof uptime, 'number');
  assert.deepEqual(rest, {});
});
