import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from '../../src/cli.ts';
import { signDebugToken } from '../../src/lib/debug-token.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

const ADMIN_TOKEN = 'an-admin-token-of-the-tests';

async function setUp(t: import('node:test').TestContext, env = { ADMIN_TOKEN }) {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/open', target: service.url, auth: 'none', rateLimits: [{ limit: 5, window: '1m', by: 'route' }] },
        { prefix: '/closed', target: service.url, auth: 'api-key' },
        { prefix: '/own', auth: 'none', respond: { status: 204 } },
      ],
    },
    env: { ...env, JWT_SECRET: 's'.repeat(40) },
  });
  return { service, gateway };
}

const token = (forMs: number, secret = ADMIN_TOKEN) => ({
  'x-gateway-debug': signDebugToken(secret, Date.now() + forMs),
});

test('who holds a debug token is told what the stages decided, in every answer and in the log', async (t) => {
  const { service, gateway } = await setUp(t);
  const passed = await ask(`${gateway.url}/open/x`, { headers: token(60_000) });
  const trace = String(passed.headers['x-gateway-trace']);
  for (const word of [
    /match: route \/open/,
    /rateLimit: \S+ 4\/5/,
    /forward: service \S+, target http:\/\/127\.0\.0\.1:\d+, attempt 1/,
  ])
    assert.match(trace, word);
  // The service is told nothing of it.
  assert.equal(service.requests[0]?.headers['x-gateway-debug'], undefined);
  const refused = await ask(`${gateway.url}/closed/x`, { headers: { ...token(60_000), 'x-api-key': 'tpk_secret' } });
  assert.equal(refused.status, 401);
  assert.match(String(refused.headers['x-gateway-trace']), /authenticate: .*key.*; refused: 401 invalid_credential/);
  assert.doesNotMatch(String(refused.headers['x-gateway-trace']), /tpk_secret/);
  const line = await gateway.line({ path: '/closed/x' });
  assert.match(JSON.stringify(line['trace']), /authenticate: /);
  assert.match(
    String((await ask(`${gateway.url}/own`, { headers: token(60_000) })).headers['x-gateway-trace']),
    /respond: answers 204/,
  );
  assert.match(
    String((await ask(`${gateway.url}/nowhere`, { headers: token(60_000) })).headers['x-gateway-trace']),
    /match: no route/,
  );
});

test('nobody else is told anything: no token, an old one, one of another gateway, no ADMIN_TOKEN', async (t) => {
  const { gateway } = await setUp(t);
  for (const headers of [{}, token(-1), token(60_000, 'another'), { 'x-gateway-debug': 'tpd_9999999999999.x' }]) {
    const answer = await ask(`${gateway.url}/open/x`, { headers });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['x-gateway-trace'], undefined);
  }
  assert.equal((await gateway.line({ path: '/open/x' }))['trace'], undefined);
  const { gateway: without } = await setUp(t, {} as never);
  assert.equal(
    (await ask(`${without.url}/open/x`, { headers: token(60_000, '') })).headers['x-gateway-trace'],
    undefined,
  );
});

test('turnpike debug-token makes one, for a day at most, and says when it can not', async (t) => {
  const { gateway } = await setUp(t);
  const run = async (argv: readonly string[], env: NodeJS.ProcessEnv) => {
    let out = '';
    let err = '';
    const code = await runCli(argv, { out: (text) => (out += text), err: (text) => (err += text), env });
    return { code, out, err };
  };
  const made = await run(['debug-token', '--ttl', '1m'], { ADMIN_TOKEN });
  assert.equal(made.code, 0);
  const answer = await ask(`${gateway.url}/open/x`, { headers: { 'x-gateway-debug': made.out.trim() } });
  assert.notEqual(answer.headers['x-gateway-trace'], undefined);
  for (const ttl of ['2d', '0s']) assert.equal((await run(['debug-token', '--ttl', ttl], { ADMIN_TOKEN })).code, 64);
  assert.deepEqual(
    [(await run(['debug-token'], {})).code, /ADMIN_TOKEN/.test((await run(['debug-token'], {})).err)],
    [78, true],
  );
});
