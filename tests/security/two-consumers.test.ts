import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { SECRET } from '../support/auth.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

/** The open door: beside another client's token a key escaped its own plan, and lent that client its scopes. */

const [ACME_KEY, BANK_KEY] = [createApiKey(), createApiKey()];
const bearer = (azp: string, scope = '') => ({
  authorization: `Bearer ${jwt.sign({ sub: 'mia', azp, scope, plan: 'wide' }, SECRET, { expiresIn: 60 })}`,
});

const CONSUMERS = [
  { name: 'acme', plan: 'tiny', scopes: ['w'], keys: [{ id: 'k', sha256: hashApiKey(ACME_KEY) }] },
  {
    name: 'bank',
    clients: [{ id: 'bank-app' }],
    scopes: ['r'],
    keys: [{ id: 'k', sha256: hashApiKey(BANK_KEY), metadata: { env: 'sandbox' } }],
  },
];

for (const auth of [
  ['jwt', 'api-key'],
  ['api-key', 'jwt'],
]) {
  test(`a key and a token of different consumers are refused, and of one the key tells which (${auth})`, async (t) => {
    const service = await startService(t);
    const plans = { tiny: { rateLimits: [{ limit: 2, window: '1h' }] }, wide: {}, usual: {} };
    const when = 'consumer.metadata.env == "sandbox"';
    const routes = [
      { prefix: '/a', target: service.url, auth },
      { prefix: '/sandbox', target: service.url, auth, authorize: { when } },
    ];
    const file = { plans, defaultPlan: 'usual', consumers: CONSUMERS, routes };
    const gateway = await startGateway(t, { file, env: { JWT_SECRET: SECRET } });
    const both = await ask(`${gateway.url}/a`, { headers: { 'x-api-key': ACME_KEY, ...bearer('bank-app', 'r') } });
    assert.deepEqual([both.status, both.json.code], [401, 'invalid_credential']);
    assert.match(both.json.detail, /different consumers/);
    const own = { 'x-api-key': BANK_KEY, ...bearer('bank-app', 'r2') };
    assert.equal((await ask(`${gateway.url}/sandbox`, { headers: own })).status, 200, 'it is the key that counts');
    const me = (await ask(`${gateway.url}/-/me`, { headers: own })).json;
    assert.deepEqual([me.consumer, me.user, me.plan, me.scopes.toSorted()], ['bank', 'mia', 'usual', ['r', 'r2']]);
    // A client that is nobody's: its token says who the user is, and gives the key no other plan.
    const user = { 'x-api-key': ACME_KEY, ...bearer('browser') };
    const statuses = [];
    for (let call = 0; call < 3; call += 1) statuses.push((await ask(`${gateway.url}/a`, { headers: user })).status);
    assert.deepEqual(statuses, [200, 200, 429]);
  });
}
