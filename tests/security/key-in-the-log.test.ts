import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { recorderKind } from '../../src/log/recorder.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { openWire } from '../support/wire.ts';

/**
 * The attack: whoever reads the log looks for keys. A key made elsewhere looks like any other word, and the parameter
 * that carries it may be called anything: only the route knows that it is a secret.
 */
const KEY = 'a-key-of-another-make';

test('the query parameter that carries a key is in no log line, whatever becomes of the request', async (t) => {
  const service = await startService(t);
  const auth = { 'api-key': { query: 'k' } };
  const gateway = await startGateway(t, {
    env: { CORS_ORIGINS: 'https://app.example' },
    file: {
      consumers: [{ name: 'mobile-app', keys: [{ id: 'k1', sha256: hashApiKey(KEY) }] }],
      routes: [
        { prefix: '/taken', target: service.url, auth },
        { prefix: '/forwarded', target: service.url, auth, forwardCredentials: true },
        { prefix: '/denied', target: service.url, auth, ipDeny: ['127.0.0.0/8'] },
        { prefix: '/forbidden', target: service.url, auth, authorize: { roles: ['admin'] } },
      ],
    },
  });
  const paths = ['taken', 'forwarded', 'denied', 'forbidden'];
  for (const path of paths) {
    await ask(`${gateway.url}/${path}?a=1&k=${KEY}`);
    await ask(`${gateway.url}/${path}?k=${KEY}-of-nobody`);
    await ask(`${gateway.url}/${path}?k=${KEY}&k=${KEY}`);
    await ask(`${gateway.url}/${path}?%6b=${KEY}`);
    await ask(`${gateway.url}/${path}?k=${KEY}`, { headers: { 'x-api-key': KEY } });
    const preflight = { origin: 'https://app.example', 'access-control-request-method': 'GET' };
    await ask(`${gateway.url}/${path}?k=${KEY}`, { method: 'OPTIONS', headers: preflight });
  }
  await gateway.line({ path: '/forbidden?k=***', method: 'OPTIONS' });
  assert.equal(gateway.accessLines.length, paths.length * 6);
  for (const line of [...gateway.accessLines, ...gateway.messages]) assert.doesNotMatch(line, new RegExp(KEY), line);
  assert.equal(service.requests.filter(({ path }) => path.includes(KEY)).length, 1, 'only the route that says so');
});

test('nor is it in the log, in what is kept or explained where the path is misspelt, or another route is asked', async (t) => {
  const service = await startService(t);
  const auth = { any: [{ 'api-key': { query: 'k', header: 'x-k' } }] };
  const file = {
    consumers: [{ name: 'mobile-app', keys: [{ id: 'k1', sha256: hashApiKey(KEY) }] }],
    routes: [
      { prefix: '/taken', target: service.url, auth },
      { prefix: '/open', target: service.url, auth: 'none' },
      { prefix: '/old', auth: 'none', redirect: { to: '/taken' } },
    ],
  };
  const gateway = await startGateway(t, { file });
  const paths = ['taken', 'open', 'old', 'tkaen'];
  for (const path of paths) {
    for (const query of [`k=${KEY}`, `K=${KEY}`, `%6b=${KEY}`]) {
      await ask(`${gateway.url}/${path}?${query}`, { headers: { 'x-k': KEY } });
      const asked = JSON.stringify({ url: `/${path}?a=1&${query}`, headers: { 'X-K': KEY } });
      const { text } = await ask(`${gateway.adminUrl}/explain`, { method: 'POST', body: asked });
      assert.doesNotMatch(text, new RegExp(KEY), text);
    }
  }
  await until(() => gateway.accessLines.length === paths.length * 3);
  const [kept] = gateway.deps.pool.list(recorderKind);
  const records = [...(kept?.list() ?? [])].map(({ request }) => request);
  assert.ok(records.length > 0);
  for (const line of [...gateway.accessLines, ...records]) assert.doesNotMatch(line, new RegExp(KEY), line);
});

test('a key or a token that a client puts where none belongs is in no log line', async (t) => {
  const service = await startService(t);
  const key = createApiKey();
  const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJl';
  const gateway = await startGateway(t, {
    env: { TRUST_PROXY: '127.0.0.1' },
    file: {
      consumers: [{ name: 'mobile-app', keys: [{ id: 'k1', sha256: hashApiKey(key) }] }],
      routes: [{ prefix: '/n', target: service.url, auth: 'none' }],
    },
  });
  for (const secret of [key, token]) {
    for (const prefix of ['/n', '/nope']) await ask(`${gateway.url}${prefix}/${secret}`);
    await ask(`${gateway.url}/n?foo=Bearer%20${secret}&bar=x%20${secret}`);
    await ask(`${gateway.url}/n?${secret}`);
    const headers = { 'user-agent': `x ${secret}`, 'x-correlation-id': secret, 'x-request-id': secret };
    await ask(`${gateway.url}/n`, { headers });
  }
  openWire(t, gateway.port).write('GET http://user:hunter2@host/n HTTP/1.1\r\nHost: host\r\nConnection: close\r\n\r\n');
  await until(() => gateway.accessLines.length === 11);
  for (const line of [...gateway.accessLines, ...gateway.messages]) {
    for (const secret of [key, token, token.split('.')[2] as string, 'hunter2'])
      assert.ok(!line.includes(secret), line);
  }
});
