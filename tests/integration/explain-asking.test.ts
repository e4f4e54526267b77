import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Explanation } from '../../src/explain/explanation.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

const OPAQUE = 'opaque-token-of-alice-1';

/** A gateway with a route for each kind of somebody who is asked about callers. */
async function setUp(t: TestContext) {
  const service = await startService(t);
  const auth = await startService(t, (_req, res, { headers }) => {
    if (headers.cookie === 'session=good') res.writeHead(204, { 'x-user-id': 'u1' }).end();
    else res.writeHead(401).end();
  });
  const server = await startService(t, (_req, res) => {
    res
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ active: true, sub: 'alice', scope: 'read' }));
  });
  const file = {
    introspection: { url: `${server.url}/introspect`, clientId: 'gateway', clientSecret: 'a-secret-of-the-client' },
    routes: [
      { name: 'asked', prefix: '/asked', target: service.url, auth: { 'forward-auth': { url: `${auth.url}/check` } } },
      { name: 'opaque', prefix: '/opaque', target: service.url, auth: 'introspection' },
    ],
  };
  return { service, auth, server, gateway: await startGateway(t, { file }) };
}

async function explain(gateway: TestGateway, question: object): Promise<Explanation> {
  const body = JSON.stringify(question);
  const { status, json, text } = await ask(`${gateway.adminUrl}/explain`, { method: 'POST', body });
  assert.equal(status, 200, text);
  return json;
}

test('an auth service is asked while explaining where one says so, and only then', async (t) => {
  const { gateway, auth, service } = await setUp(t);
  const question = { url: '/asked/1', headers: { cookie: 'session=good' } };
  const unasked = await explain(gateway, question);
  assert.equal(auth.requests.length, 0);
  assert.deepEqual([unasked.outcome, unasked.status, unasked.code], ['undecided', undefined, undefined]);
  assert.match(JSON.stringify(unasked), /not asked while explaining \(--ask\)/);
  const asked = await explain(gateway, { ...question, ask: true });
  assert.deepEqual([asked.outcome, asked.caller], ['passes', { ...asked.caller, subject: 'u1' }]);
  assert.equal(auth.requests.length, 1);
  const refused = await explain(gateway, { url: '/asked/1', ask: true });
  assert.deepEqual([refused.status, refused.code], [401, 'unauthenticated']);
  assert.equal(service.requests.length, 0);
});

test('what an introspection server says while explaining is not remembered', async (t) => {
  const { gateway, server, service } = await setUp(t);
  const headers = { authorization: `Bearer ${OPAQUE}` };
  assert.equal((await explain(gateway, { url: '/opaque/1', headers })).outcome, 'undecided');
  assert.equal(server.requests.length, 0);
  const asked = await explain(gateway, { url: '/opaque/1', headers, ask: true });
  assert.deepEqual([asked.outcome, asked.caller?.['subject']], ['passes', 'alice']);
  assert.deepEqual([server.requests.length, service.requests.length], [1, 0]);
  assert.equal((await ask(`${gateway.url}/opaque/1`, { headers })).status, 200);
  assert.equal(server.requests.length, 2, 'the request itself asks anew');
});
