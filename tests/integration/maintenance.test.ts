import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

test('a closed route says when to come back, before it asks who calls', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      routes: [{ prefix: '/x', target: service.url, maintenance: { retryAfter: '10m', message: 'We move house.' } }],
    },
  });
  const { status, headers, json } = await ask(`${gateway.url}/x`);
  assert.deepEqual([status, headers['retry-after'], headers['cache-control']], [503, '600', 'no-store']);
  assert.deepEqual([json.code, json.detail, json.retryAfter], ['maintenance', 'We move house.', 600]);
  assert.equal(service.requests.length, 0);
  // Nobody is to be woken up by it.
  assert.equal((await gateway.line({ path: '/x' }))['level'], 'info');
});

test('in defaults it closes every route but those that open themselves; health stays', async (t) => {
  const service = await startService(t);
  const routes = [
    { prefix: '/a', target: service.url },
    { prefix: '/b', target: service.url, maintenance: false },
  ];
  const gateway = await startGateway(t, { file: { defaults: { auth: 'none', maintenance: true }, routes } });
  const statuses = await Promise.all(
    ['/a', '/b', '/health', '/none'].map(async (path) => (await ask(gateway.url + path)).status),
  );
  assert.deepEqual(statuses, [503, 200, 200, 404]);
  assert.equal((await ask(`${gateway.url}/a`)).headers['retry-after'], '60');
});

test('a reload closes a route, and opens it again', async (t) => {
  const service = await startService(t);
  const file = (maintenance: boolean) => ({
    routes: [{ prefix: '/x', target: service.url, auth: 'none', maintenance }],
  });
  const gateway = await startGateway(t, { file: file(false) });
  const seen: number[] = [];
  for (const isClosed of [true, false]) {
    await gateway.reload(file(isClosed));
    seen.push((await ask(`${gateway.url}/x`)).status);
  }
  assert.deepEqual(seen, [503, 200]);
});

test('the addresses that are named get in, as TRUST_PROXY lets them be known', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', maintenance: { allow: ['10.1.0.0/16'] } }] },
    env: { TRUST_PROXY: '1' },
  });
  const from = async (address: string) =>
    (await ask(`${gateway.url}/x`, { headers: { 'x-forwarded-for': address } })).status;
  assert.deepEqual([await from('10.1.2.3'), await from('10.2.0.1')], [200, 503]);
});

test('a page of another origin can read the notice', async (t) => {
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', respond: { status: 200 }, maintenance: true }] },
    env: { CORS_ORIGINS: 'https://app.example.com' },
  });
  const { status, headers } = await ask(`${gateway.url}/x`, { headers: { origin: 'https://app.example.com' } });
  assert.deepEqual([status, headers['access-control-allow-origin']], [503, 'https://app.example.com']);
});
