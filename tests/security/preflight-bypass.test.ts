import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

/** The attack: a preflight needs no credential, so a request is dressed up as one, or as nearly one. */
test('what looks like a preflight reaches no service without the credential of its route', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    env: { CORS_ORIGINS: 'https://app.example' },
    file: {
      routes: [
        { prefix: '/api', target: service.url },
        { prefix: '/api/own-cors', target: service.url, cors: false },
        { prefix: '/api/mixed', methods: ['GET'], target: service.url, auth: 'none' },
        { prefix: '/api/mixed', methods: ['DELETE'], target: service.url },
      ],
    },
  });
  const statusOf = async (path: string, headers: Record<string, string>, method = 'OPTIONS'): Promise<number> =>
    (await ask(gateway.url + path, { method, headers })).status;
  const asks = (method: string) => ({ origin: 'https://app.example', 'access-control-request-method': method });

  assert.equal(await statusOf('/api/x', asks('DELETE')), 204);
  assert.equal(
    await statusOf('/api/x', { origin: 'https://evil.example', 'access-control-request-method': 'GET' }),
    204,
  );
  assert.equal(await statusOf('/api/x', { origin: 'https://app.example' }), 401);
  assert.equal(await statusOf('/api/x', { 'access-control-request-method': 'GET' }), 401);
  assert.equal(await statusOf('/api/own-cors/x', asks('GET')), 401);
  assert.equal(await statusOf('/api/mixed/x', asks('DELETE')), 204);
  const mixed: Record<string, number> = { GET: 200, HEAD: 200, POST: 405, DELETE: 401 };
  for (const method of ['GET', 'POST', 'DELETE', 'HEAD']) {
    assert.equal(await statusOf('/api/x', asks('GET'), method), 401, method);
    assert.equal(await statusOf('/api/mixed/x', asks('GET'), method), mixed[method], method);
  }
  for (const { method } of service.requests) assert.match(method, /^(?:GET|HEAD)$/);
});
