import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

test('the admin port shows metrics, state, routes and breakers', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      services: { users: { targets: [service.url] } },
      routes: [{ prefix: '/users', service: 'users', auth: 'none' }],
    },
  });
  await ask(`${gateway.url}/users/1`);
  const metrics = await ask(`${gateway.adminUrl}/metrics`);
  assert.match(metrics.text, /^turnpike_breaker_state\{breaker="users"\} 0$/m);
  assert.match(String(metrics.headers['content-type']), /^text\/plain/);
  assert.equal(metrics.headers['vary'], 'accept');
  const state = (await ask(`${gateway.adminUrl}/state`)).json;
  assert.equal(state.status, 'serving');
  assert.equal(state.targets[0].url, service.url);
  const routes = (await ask(`${gateway.adminUrl}/routes`)).json;
  assert.deepEqual([routes[0].name, routes[0].isProtected], ['/users', false]);
  assert.ok(routes[0].stages.includes('forward'));
  assert.equal((await ask(`${gateway.adminUrl}/breakers/users`)).json.state, 'closed');
  assert.equal((await ask(`${gateway.adminUrl}/breakers/nobody`)).status, 404);
  assert.equal((await ask(`${gateway.adminUrl}/__proto__`)).status, 404);
  assert.equal((await ask(`${gateway.adminUrl}/metrics`, { method: 'DELETE' })).headers['allow'], 'GET');
});

test('POST /reload puts an edited file into force and says in words what changed', async (t) => {
  const service = await startService(t);
  const route = (prefix: string) => ({ prefix, target: service.url, auth: 'none' });
  const gateway = await startGateway(t, { file: { routes: [route('/a')] } });
  writeFileSync(gateway.routesFile, JSON.stringify({ routes: [route('/a'), route('/b')] }));
  const reload = await ask(`${gateway.adminUrl}/reload`, { method: 'POST' });
  assert.deepEqual([reload.status, reload.json.result, reload.json.by], [200, 'applied', 'admin']);
  assert.match(reload.json.changes.join(), /\/b.*added/);
  assert.equal((await ask(`${gateway.url}/b/1`)).status, 200);
  assert.equal((await ask(`${gateway.adminUrl}/reload`, { method: 'POST' })).json.result, 'unchanged');
  assert.match(await gateway.metrics(), /turnpike_reloads_total\{result="applied"\} 1/);
});

test('a file with a fault changes nothing, and the answer tells every fault with its place', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/a', target: service.url, auth: 'none' }] } });
  writeFileSync(gateway.routesFile, '{ "routes": [\n { "prefx": "/a" } ] }');
  const reload = await ask(`${gateway.adminUrl}/reload`, { method: 'POST' });
  assert.deepEqual([reload.status, reload.json.result], [422, 'refused']);
  assert.equal(reload.json.faults[0].line, 2);
  assert.match(JSON.stringify(reload.json.faults), /prefix/);
  assert.equal((await ask(`${gateway.url}/a/1`)).status, 200);
  assert.match(gateway.messages.join('\n'), /the old one stays in force.*prefx/);
  assert.equal((await ask(`${gateway.adminUrl}/state`)).json.lastReload.result, 'refused');
  assert.match(await gateway.metrics(), /turnpike_reloads_total\{result="refused"\} 1/);
});

test('ADMIN_TOKEN locks the admin port', async (t) => {
  const token = 'a-token-of-decent-length';
  const gateway = await startGateway(t, { file: { routes: [] }, env: { ADMIN_TOKEN: token } });
  const refused = await ask(`${gateway.adminUrl}/metrics`);
  assert.equal(refused.status, 401);
  assert.match(String(refused.headers['www-authenticate']), /^Bearer/);
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await ask(`${gateway.adminUrl}/metrics`, { headers })).status, 200);
});
