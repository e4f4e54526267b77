import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { closedPort, startService } from '../support/service.ts';
import { clientCredentials, startTokenServer } from '../support/token-server.ts';
import { until } from '../support/until.ts';

async function start(t: TestContext, more: object = {}) {
  const [service, tokens] = [await startService(t), await startTokenServer(t)];
  const serviceAuth = clientCredentials(tokens, more);
  const routes = [{ prefix: '/a', target: service.url, auth: 'none', serviceAuth }];
  return { service, tokens, gateway: await startGateway(t, { file: { routes } }) };
}

const json = (res: ServerResponse, value: unknown) => res.end(JSON.stringify(value));

const LIES: readonly (readonly [string, (res: ServerResponse) => unknown, RegExp])[] = [
  [
    '401 and a word',
    (res) => json(res.writeHead(401), { error: 'invalid_client', error_description: 's:e/cret' }),
    /answered 401 \(invalid_client\)/,
  ],
  ['a word of the secret', (res) => json(res.writeHead(400), { error: 'x'.repeat(500) }), /answered 400"/],
  ['no JSON', (res) => res.end('<html>sign in</html>'), /did not answer with a JSON object/],
  ['a list', (res) => json(res, ['t']), /did not answer with a JSON object/],
  ['no token', (res) => json(res, { expires_in: 60 }), /no usable access_token/],
  ['a token of two lines', (res) => json(res, { access_token: 'a\r\nx-admin: 1' }), /no usable access_token/],
  ['a token without an end', (res) => json(res, { access_token: 'a'.repeat(9000) }), /no usable access_token/],
  ['a number for a token', (res) => json(res, { access_token: 7 }), /no usable access_token/],
  ['another kind of token', (res) => json(res, { access_token: 'a', token_type: 'mac' }), /no bearer token/],
  ['a life in words', (res) => json(res, { access_token: 'a', expires_in: 'soon' }), /expires_in that is none/],
  ['a life that is over', (res) => json(res, { access_token: 'a', expires_in: -1 }), /expires_in that is none/],
  [
    'an endless answer',
    (res) => res.end(`{"access_token":"a","x":"${'x'.repeat(200_000)}"}`),
    /larger than 65536 bytes/,
  ],
  ['a redirect', (res) => res.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), /answered 302/],
  ['a broken connection', (res) => res.destroy(), /does not answer as it should/],
];

for (const [what, lie, reason] of LIES) {
  test(`a token server that answers with ${what} costs the request, and nothing is sent`, async (t) => {
    const { service, tokens, gateway } = await start(t);
    tokens.fault = lie;
    const refused = await ask(`${gateway.url}/a`);
    assert.deepEqual([refused.status, refused.json.code], [503, 'credential_unavailable']);
    assert.equal(service.requests.length, 0);
    assert.ok(!refused.text.includes('127.0.0.1'), 'the client is not told whom we ask');
    const line = await gateway.line({ path: '/a' });
    assert.equal(line['code'], 'credential_unavailable');
    const said = gateway.messages.join('\n') + gateway.accessLines.join('\n');
    assert.match(said, reason);
    assert.ok(!said.includes('s:e/cret'), 'no secret in a log');
  });
}

test('a token without a life is good for some minutes, one of a thousand years for a day', async (t) => {
  for (const members of [{}, { expires_in: null }, { expires_in: '3600' }, { expires_in: 1e300 }]) {
    const { tokens, gateway } = await start(t);
    tokens.members = members;
    assert.equal((await ask(`${gateway.url}/a`)).status, 200);
    assert.equal((await ask(`${gateway.url}/a`)).status, 200);
    assert.equal(tokens.requests.length, 1, JSON.stringify(members));
  }
});

test('a token server that is silent costs its timeout, for all who wait at once', async (t) => {
  const { service, tokens, gateway } = await start(t, { timeout: '200ms' });
  tokens.fault = () => undefined;
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask(`${gateway.url}/a`)));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([503]));
  assert.equal(tokens.requests.length, 1);
  assert.equal(service.requests.length, 0);
});

test('who has less time does not wait for it, and who leaves gives its place back', async (t) => {
  const { tokens, gateway } = await start(t, { timeout: '30s' });
  const waiting: ServerResponse[] = [];
  tokens.fault = (res) => waiting.push(res);
  const hurried = await ask(`${gateway.url}/a`, { headers: { 'x-request-timeout-ms': '100' } });
  assert.equal(hurried.status, 503);
  await assert.rejects(ask(`${gateway.url}/a`, { timeoutMs: 200 }));
  await until(() => gateway.gateway.inFlight === 0, { what: 'nothing in flight' });
  assert.equal(tokens.requests.length, 1, 'both waited for the same');
  for (const res of waiting) json(res, { access_token: 'late', expires_in: 60 });
  await until(async () => (await ask(`${gateway.url}/a`)).status === 200, { what: 'the token that came late' });
  assert.equal(tokens.requests.length, 1);
});

test('a token server that is not there is no failure of the service', async (t) => {
  const service = await startService(t);
  const url = `http://127.0.0.1:${await closedPort()}`;
  const routes = [{ prefix: '/a', target: service.url, auth: 'none', serviceAuth: clientCredentials({ url }) }];
  const gateway = await startGateway(t, { file: { routes } });
  for (let i = 0; i < 20; i += 1) assert.equal((await ask(`${gateway.url}/a`)).json.code, 'credential_unavailable');
  const { text } = await ask(`${gateway.adminUrl}/state`);
  assert.ok(!text.includes('"open"'), 'the circuit is closed');
});

test('a request with an Idempotency-Key that got no token was not run, and runs when it is sent again', async (t) => {
  const [service, tokens] = [await startService(t), await startTokenServer(t)];
  const route = { prefix: '/a', target: service.url, auth: 'none', idempotency: true, circuitBreaker: {} };
  const gateway = await startGateway(t, { file: { routes: [{ ...route, serviceAuth: clientCredentials(tokens) }] } });
  const post = () => ask(`${gateway.url}/a`, { method: 'POST', headers: { 'idempotency-key': 'once' }, body: 'x' });
  tokens.fault = (res) => res.writeHead(500).end();
  assert.equal((await post()).status, 503);
  tokens.fault = undefined;
  await until(async () => (await post()).status === 200, { what: 'the token server is asked again' });
  assert.equal(service.requests.length, 1);
});
