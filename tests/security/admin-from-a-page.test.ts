import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask, askRaw, statusOf } from '../support/http.ts';

/**
 * The attack: a page in the browser of an operator talks to the admin port on loopback, by a name rebound to 127.0.0.1,
 * by a form that posts, or from the origin of the gateway itself.
 */
const PAGES = ['/', '/metrics', '/state', '/routes', '/breakers/x'];

test('no page of another origin reads or moves anything on the admin port', async (t) => {
  const gateway = await startGateway(t, { file: { routes: [] } });
  const own = `127.0.0.1:${gateway.adminPort}`;
  const attempts: readonly Record<string, string>[] = [
    { host: 'evil.example' },
    { host: `evil.example:${gateway.adminPort}` },
    { host: `127.0.0.1.evil.example:${gateway.adminPort}` },
    { host: 'localhost.evil.example' },
    { host: `127.0.0.1:${gateway.adminPort}@evil.example` },
    { host: own, origin: 'https://evil.example' },
    { host: own, origin: 'null' },
    { host: own, origin: `http://127.0.0.1:${gateway.port}` },
    { host: own, origin: `http://${own}.evil.example` },
    { host: own, 'sec-fetch-site': 'cross-site' },
    { host: own, 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of attempts) {
    for (const path of PAGES) assert.equal((await ask(gateway.adminUrl + path, { headers })).status, 403, path);
    for (const path of ['/reload', '/revoked-tokens/x']) {
      const { status } = await ask(gateway.adminUrl + path, { method: 'POST', headers });
      assert.equal(status, 403, `${path} with ${JSON.stringify(headers)}`);
    }
  }
  assert.equal((await ask(`${gateway.adminUrl}/state`, { headers: { host: 'localhost' } })).status, 200);
});

test('with a token nothing but the token opens the admin port', async (t) => {
  const token = 'an admin token that is long enough';
  const gateway = await startGateway(t, { env: { ADMIN_TOKEN: token }, file: { routes: [] } });
  const wrong = [
    '',
    'Bearer',
    'Bearer ',
    `Basic ${token}`,
    `Bearer ${token}x`,
    `Bearer ${token.slice(0, -1)}`,
    'Bearer undefined',
  ];
  for (const authorization of wrong) {
    const { status, text } = await ask(`${gateway.adminUrl}/state`, { headers: { authorization } });
    assert.equal(status, 401, authorization);
    assert.doesNotMatch(text, /an admin token/);
  }
  assert.equal((await ask(`${gateway.adminUrl}/state`)).status, 401);
});

test('strange requests neither end nor hang the admin port', async (t) => {
  const gateway = await startGateway(t, { file: { routes: [] } });
  for (const target of [
    '/breakers/%',
    '/revoked-tokens/%ff',
    '//',
    '/metrics/',
    '*',
    'http://[',
    '/__proto__',
    '/..',
  ]) {
    const head = `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
    assert.ok(statusOf(await askRaw(gateway.adminPort, head)) < 500, target);
  }
  const upgrade = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  await askRaw(gateway.adminPort, upgrade, { timeoutMs: 500 });
  await askRaw(gateway.adminPort, 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', { timeoutMs: 500 });
  await askRaw(gateway.adminPort, `${'GET /state HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(20)}${upgrade}`, {
    timeoutMs: 500,
  });
  assert.equal((await ask(`${gateway.adminUrl}/health`)).status, 200);
});
