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

test('addresses, calls at once and limits can be tried out, and the client notices nothing of it', async (t) => {
  const service = await startService(t, (_req, res) => void setTimeout(() => res.end(), 50));
  const rules = {
    ipAllow: ['192.0.2.0/24'],
    concurrency: { perConsumer: 1 },
    rateLimits: [{ limit: 1, window: '1h' }],
  };
  const shadow = ['ipAccess', 'concurrency', 'rateLimit'];
  const route = { prefix: '/a', name: 'a', target: service.url, auth: 'none', ...rules, shadow };
  const gateway = await startGateway(t, { file: { routes: [route] } });
  const answers = await Promise.all(Array.from({ length: 4 }, () => fetch(`${gateway.url}/a`)));
  for (const { status, headers } of answers) {
    assert.equal(status, 200);
    assert.equal(headers.get('ratelimit'), null, 'a limit that is not enforced must not slow a client down');
  }
  const metrics = await gateway.metrics();
  const count = (stage: string) => Number(new RegExp(`stage="${stage}",code="\\w+"} (\\d+)`).exec(metrics)?.[1]);
  assert.deepEqual(shadow.map(count), [4, 3, 3]);
  assert.match(metrics, /turnpike_limiter_decisions_total\{route="a",decision="allowed"\} 4/);
});

test('a wrong key in the query is not given to the service either', async (t) => {
  const service = await startService(t);
  const auth = { 'api-key': { query: 'key' } };
  const file = { routes: [{ prefix: '/a', target: service.url, auth, shadow: ['authenticate'] }] };
  const gateway = await startGateway(t, { file });
  assert.equal(await status(`${gateway.url}/a?x=1&key=wrong`), 200);
  assert.equal(service.requests[0]?.path, '/?x=1');
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
  'for rules that are not there': { auth: 'jwt', shadow: ['authorize'] },
  'for addresses where all may call': { auth: 'jwt', shadow: ['ipAccess'] },
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

test('shadow is refused at load where what protects the route stands in defaults', async (t) => {
  const route = { prefix: '/a', target: 'http://localhost:1', shadow: ['authenticate'] };
  const file = { defaults: { auth: 'jwt' }, routes: [route] };
  await assert.rejects(startGateway(t, { file }), /protected by "defaults"/);
  await startGateway(t, { file: { ...file, routes: [{ ...route, auth: 'jwt' }] } });
});

test('every stage that can be shadowed exists', () => {
  const names = new Set(STAGES.map(({ name }) => name as string));
  for (const name of ['ipAccess', 'authenticate', 'authorize', 'concurrency', 'rateLimit'])
    assert.ok(names.has(name), name);
});
