import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { hashPassword } from '../../src/auth/password.ts';
import { SECRET } from '../support/auth.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

const KEY = createApiKey();
const BROUGHT = 'sk-a-key-that-was-brought-along';
const keys = [KEY, BROUGHT].map((key, at) => ({ id: `k${at}`, sha256: hashApiKey(key) }));
const TOKEN = jwt.sign({ sub: 'u1' }, SECRET, { expiresIn: 60 });
const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });

async function setUp(t: TestContext, auth: unknown, route: object = {}) {
  const service = await startService(t);
  const consumers = [{ name: 'app', keys, password: await hashPassword('right') }];
  const file = { consumers, routes: [{ prefix: '/a', target: service.url, auth, ...route }] };
  const gateway = await startGateway(t, { file, env: { JWT_SECRET: SECRET } });
  const call = async (headers: Record<string, string | string[]> = {}) => {
    const { status, json } = await ask(`${gateway.url}/a`, { headers });
    return status === 200 ? 'ok' : `${status} ${json.detail}`;
  };
  return { service, gateway, call };
}

const KEY_SENT = 'An API key was sent, and this route takes jwt.';

test('whoever sends a credential of another kind is told so', async (t) => {
  const basic = `Basic ${Buffer.from('app:right').toString('base64')}`;
  const takesJwt = await setUp(t, 'jwt');
  assert.equal(await takesJwt.call({ 'x-api-key': KEY }), `401 ${KEY_SENT}`);
  assert.equal(await takesJwt.call(bearer(KEY)), `401 ${KEY_SENT}`);
  assert.equal(
    await takesJwt.call({ authorization: basic }),
    '401 A user name and a password were sent, and this route takes jwt.',
  );
  assert.match(await takesJwt.call(), /^401 Send a credential/);
  assert.match(await takesJwt.call({ authorization: 'Digest x' }), /no Authorization of that scheme/);
  const takesKey = await setUp(t, 'api-key');
  assert.equal(await takesKey.call(bearer(TOKEN)), '401 A token was sent, and this route takes api-key.');
  assert.equal(
    await takesKey.call(bearer(KEY)),
    '401 An API key was sent in Authorization, and this route takes it in X-API-Key.',
  );
  const takesBasic = await setUp(t, ['basic', 'mtls']);
  assert.equal(await takesBasic.call(bearer(TOKEN)), '401 A token was sent, and this route takes basic or mtls.');
});
