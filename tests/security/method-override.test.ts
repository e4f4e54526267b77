import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

/**
 * The attack: a POST that the gateway allows tells the service to treat it as the DELETE that the gateway forbids.
 * Rails, Express's method-override, ASP.NET and others read the method from such fields.
 */
const FIELDS = [
  'X-HTTP-Method-Override',
  'x-http-method-override',
  'X-HTTP-Method',
  'X-Method-Override',
  'X_HTTP_Method',
];

test('no field of a client tells the service another method than the one that was checked', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/api', methods: ['GET', 'POST'], target: service.url, auth: 'none' }] },
  });
  assert.equal((await ask(`${gateway.url}/api/1`, { method: 'DELETE' })).status, 405);
  for (const field of FIELDS) {
    const { status, text } = await ask(`${gateway.url}/api/1`, { method: 'POST', headers: { [field]: 'DELETE' } });
    assert.equal(status, 200, field);
    assert.doesNotMatch(text, /DELETE/, field);
  }
});
