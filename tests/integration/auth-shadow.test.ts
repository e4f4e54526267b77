import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STAGES } from '../../src/stages.ts';
import { startGateway } from '../support/gateway.ts';
import { startService } from '../support/service.ts';

async function status(url: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(url, { headers });
  await response.arrayBuffer();
  return response.status;
}

test('a shadowed stage lets the request pass, and tells what it would have refused', async (t) => {
  const service = await startService(t);
  const route = { prefix: '/a', name: 'a', target: service.url, auth: 'api-key', authorize: { roles: ['admin'] } };
  const limits = { rateLimits: [{ limit: 1, window: '1h', by: 'address' }] };
  const shadow = ['authenticate', 'authorize', 'rateLimit'];
  const gateway = await startGateway(t, { file: { routes: [{ ...route, ...limits, shadow }] } });
  assert.equal(await status(`${gateway.url}/a/1`), 200);
  assert.equal(await status(`${gateway.url}/a/2`, { 'x-api-key': 'wrong' }), 200);
  const first = await gateway.line({ path: '/a/1' });
  const second = await gateway.line({ path: '/a/2' });
  assert.equal(first['shadow'], 'authenticate:unauthenticated authorize:unauthenticated');
  assert.equal(second['shadow'], 'authenticate:invalid_credential authorize:unauthenticated rateLimit:rate_limited');
  assert.match(
    await gateway.metrics(),
    /turnpike_shadow_refusals_total\{route="a",stage="rateLimit",code="rate_limited"\} 1/,
  );
  assert.equal(service.requests[1]?.headers['x-api-key'], undefined, 'a wrong credential is still not the service’s');
});

test('what is not in shadow is enforced as ever', async (t) => {
  const service = await startService(t);
  const route = { prefix: '/a', target: service.url, auth: 'api-key', shadow: ['rateLimit'] };
  const gateway = await startGateway(t, { file: { routes: [route] } });
  assert.equal(await status(`${gateway.url}/a`), 401);
});

const REFUSED: Readonly<Record<string, object>> = {
  'on a route that is protected by the default alone': { shadow: ['authenticate'] },
  'on a route without authentication': { auth: 'none', shadow: ['authenticate'] },
  'while authorize is enforced': { auth: 'jwt', authorize: { roles: ['a'] }, shadow: ['authenticate'] },
  'for a stage that may not be': { shadow: ['forward'] },
};

for (const [where, keys] of Object.entries(REFUSED)) {
  test(`shadow is refused at load ${where}`, async (t) => {
    const file = { routes: [{ prefix: '/a', target: 'http://localhost:1', ...keys }] };
    await assert.rejects(startGateway(t, { file }), /ConfigError|shadow/);
  });
}

test('shadow in defaults is refused at load: it would open every route', async (t) => {
  const file = {
    defaults: { shadow: ['authenticate'] },
    routes: [{ prefix: '/a', target: 'http://localhost:1', auth: 'jwt' }],
  };
  await assert.rejects(startGateway(t, { file }), /shadow/);
});

test('every stage that can be shadowed exists', () => {
  const names = new Set(STAGES.map(({ name }) => name as string));
  for (const name of ['ipAccess', 'authenticate', 'authorize', 'concurrency', 'rateLimit'])
    assert.ok(names.has(name), name);
});
