import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

/**
 * The attack: a service trusts the fields that an auth service adds (`copyHeaders`). A tenant whose key is enough, so
 * that the auth service is not asked, sends such a field itself.
 */
test('fields that an auth service would set never come from a client, whether or not it was asked', async (t) => {
  const key = createApiKey();
  const service = await startService(t);
  const decides = await startService(t, (_req, res) => {
    res.writeHead(200, { 'x-tenant': 'from-verdict', 'x-user-id': 'u1' });
    res.end();
  });
  const verdict = { 'forward-auth': { url: decides.url, copyHeaders: ['x-user-id', 'x-tenant', 'x-plan'] } };
  const gateway = await startGateway(t, {
    file: {
      consumers: [{ name: 'mobile-app', keys: [{ id: 'k1', sha256: hashApiKey(key) }] }],
      routes: [
        { prefix: '/any', target: service.url, auth: ['api-key', verdict] },
        { prefix: '/kept', target: service.url, auth: ['api-key', verdict], forwardCredentials: true },
        { prefix: '/tried', target: service.url, auth: ['api-key', verdict], shadow: ['authenticate'] },
      ],
    },
  });
  const forged = { 'X-Tenant': 'forged', 'x-plan': 'forged', X_Tenant: 'forged' };
  for (const path of ['/any', '/kept', '/tried']) {
    const byKey = await ask(gateway.url + path, { headers: { ...forged, 'x-api-key': key } });
    assert.equal(byKey.status, 200);
    assert.equal(byKey.json.headers['x-tenant'], undefined, `${path} by key`);
    assert.equal(byKey.json.headers['x-plan'], undefined, `${path} by key`);
    const byVerdict = await ask(gateway.url + path, { headers: { ...forged, authorization: 'Bearer opaque' } });
    assert.equal(byVerdict.status, 200);
    assert.equal(byVerdict.json.headers['x-tenant'], 'from-verdict', `${path} by verdict`);
    assert.equal(byVerdict.json.headers['x-plan'], undefined, `${path} by verdict`);
  }
});
