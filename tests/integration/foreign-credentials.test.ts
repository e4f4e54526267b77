import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearer, KEY, startForCaller, TOKEN } from '../support/one-caller.ts';

const KEY_SENT = 'An API key was sent, and this route takes jwt.';

test('whoever sends a credential of another kind is told so', async (t) => {
  const basic = `Basic ${Buffer.from('app:right').toString('base64')}`;
  const takesJwt = await startForCaller(t, 'jwt');
  assert.equal(await takesJwt.call({ 'x-api-key': KEY }), `401 ${KEY_SENT}`);
  assert.equal(await takesJwt.call(bearer(KEY)), `401 ${KEY_SENT}`);
  assert.equal(
    await takesJwt.call({ authorization: basic }),
    '401 A user name and a password were sent, and this route takes jwt.',
  );
  assert.match(await takesJwt.call(), /^401 Send a credential/);
  assert.match(await takesJwt.call({ authorization: 'Digest x' }), /no Authorization of that scheme/);
  const takesKey = await startForCaller(t, 'api-key');
  assert.equal(await takesKey.call(bearer(TOKEN)), '401 A token was sent, and this route takes api-key.');
  assert.equal(
    await takesKey.call(bearer(KEY)),
    '401 An API key was sent in Authorization, and this route takes it in X-API-Key.',
  );
  const takesBasic = await startForCaller(t, ['basic', 'mtls']);
  assert.equal(await takesBasic.call(bearer(TOKEN)), '401 A token was sent, and this route takes basic or mtls.');
});
