import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

/** The open door: of two schemes of one kind in `all`, the second silently took the place of the first. */

function startVerdict(t: TestContext, status: number, fields: Record<string, string> = {}) {
  return startService(t, (_req, res) => {
    res.writeHead(status, fields);
    res.end();
  });
}

const forwardAuth = (url: string, more: object = {}) => ({ 'forward-auth': { url, ...more } });

test('two auth services in "all" are both asked, and both must let the request pass', async (t) => {
  const service = await startService(t);
  const copyHeaders = ['x-user-id', 'x-tenant'];
  const who = await startVerdict(t, 200, { 'x-user-id': 'u1', 'x-tenant': 'acme' });
  const passes = await startVerdict(t, 204);
  const refuses = await startVerdict(t, 403);
  const all = (...urls: string[]) => ({ all: urls.map((url) => forwardAuth(url, { copyHeaders })) });
  const route = (prefix: string, auth: object) => ({ prefix, target: service.url, auth });
  const gateway = await startGateway(t, {
    file: {
      routes: [
        route('/first', all(refuses.url, passes.url)),
        route('/second', all(passes.url, refuses.url)),
        route('/both', all(who.url, passes.url)),
      ],
    },
  });
  assert.equal((await ask(`${gateway.url}/first`)).status, 403);
  assert.equal((await ask(`${gateway.url}/second`)).status, 403);
  const { status, json } = await ask(`${gateway.url}/both`);
  assert.equal(status, 200);
  assert.deepEqual([json.headers['x-user-id'], json.headers['x-tenant']], ['u1', 'acme'], 'what the first said stands');
  assert.equal(json.headers['x-auth-method'], 'forward-auth');
});

test('two client certificates in "all" are both needed', async (t) => {
  const service = await startService(t);
  const auth = { all: ['mtls', { mtls: { header: 'X-Cert' } }] };
  const file = { routes: [{ prefix: '/a', target: service.url, auth }] };
  const gateway = await startGateway(t, { file, env: { TRUST_PROXY: '1' } });
  for (const field of ['client-cert', 'x-cert']) {
    const { status, json } = await ask(`${gateway.url}/a`, { headers: { [field]: 'nonsense' } });
    assert.equal(status, 401, field);
    assert.equal(json.code, field === 'client-cert' ? 'invalid_credential' : 'unauthenticated', field);
  }
});

test('two of a kind that can not both count are refused when the file is loaded', async (t) => {
  const load = (auth: unknown) =>
    startGateway(t, { file: { routes: [{ prefix: '/a', respond: { status: 204 }, auth }] } });
  const query = (name: string) => ({ 'api-key': { query: name } });
  await assert.rejects(load([forwardAuth('http://a.test/'), forwardAuth('http://b.test/')]), /would never be asked/);
  await assert.rejects(load({ all: [query('a'), query('b')] }), /"api-key" stands twice/);
  await assert.rejects(load(['api-key', query('a')]), /"api-key" stands twice/);
  await load([query('a'), query('a'), 'jwt', 'jwt']);
  await load({ any: ['mtls', { mtls: { header: 'X-Cert' } }] });
});
