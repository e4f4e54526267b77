import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

/** The attack: an expiry that no date can be written of, in a token that the auth server calls active. */
test('a token with an absurd expiry makes no error of the gateway', async (t) => {
  let exp: unknown = 1e300;
  const server = await startService(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ active: true, sub: 'u1', exp }));
  });
  const gateway = await startGateway(t, {
    file: { introspection: { url: server.url, clientId: 'gateway', clientSecret: 'secret' }, routes: [] },
  });
  for (exp of [1e300, 1e17, 253_402_300_800, '2030', null, -1]) {
    const { status } = await ask(`${gateway.url}/-/me`, { headers: { authorization: `Bearer token-${exp}` } });
    // A text counts as the number that it spells.
    assert.equal(status, exp === -1 || exp === '2030' ? 401 : 200, String(exp));
  }
});
