import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERRORS } from '../../src/errors.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';

const ROUTES = { routes: [{ prefix: '/a', target: 'http://127.0.0.1:1', auth: 'none' }] };
const ADMIN_TOKEN = 'a-token-of-decent-length';
const HTML = { headers: { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' } };

test('the admin port tells each code, as JSON and as a page for a browser', async (t) => {
  const gateway = await startGateway(t, { file: ROUTES });
  const list = await ask(`${gateway.adminUrl}/errors`);
  assert.deepEqual(list.json.map(({ code }: { code: string }) => code).toSorted(), Object.keys(ERRORS).toSorted());
  for (const code of ['circuit_open', 'origin_refused', 'client_closed']) {
    const one = await ask(`${gateway.adminUrl}/errors/${code}`);
    assert.deepEqual([one.status, one.json.code], [200, code]);
    assert.ok(one.json.means.length > 20 && one.json.operator.length > 20);
    const page = await ask(`${gateway.adminUrl}/errors/${code}`, HTML);
    assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
    assert.equal(page.headers['vary'], 'Accept');
    assert.match(page.text, new RegExp(`<code>${code}</code>`));
  }
  assert.match((await ask(`${gateway.adminUrl}/errors`, HTML)).text, /<a href="errors\/rate_limited">/);
});

test('a code that there is not is a 404 that says which was meant, and nothing of the path gets into a page', async (t) => {
  const gateway = await startGateway(t, { file: ROUTES });
  const wrong = await ask(`${gateway.adminUrl}/errors/circut_open`);
  assert.deepEqual([wrong.status, wrong.json.code], [404, 'not_found']);
  assert.match(wrong.json.detail, /did you mean "circuit_open"/);
  for (const path of ['__proto__', 'constructor', '%3Cscript%3Ealert(1)%3C/script%3E', '%ff']) {
    const odd = await ask(`${gateway.adminUrl}/errors/${path}`, HTML);
    assert.equal(odd.status, 404, path);
    assert.equal(odd.headers['content-type'], 'application/problem+json');
    assert.doesNotMatch(odd.text, /<script/);
  }
  assert.equal((await ask(`${gateway.adminUrl}/errors`, { method: 'POST' })).status, 405);
});

test('a page has one policy, by which no script runs and nothing comes from elsewhere', async (t) => {
  const gateway = await startGateway(t, { file: ROUTES });
  const { headers, text } = await ask(`${gateway.adminUrl}/errors`, HTML);
  const policy = String(headers['content-security-policy']);
  assert.match(
    policy,
    /^default-src 'none';style-src 'sha256-[\w+/=]+';base-uri 'none';form-action 'none';frame-ancestors 'none'$/,
  );
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.doesNotMatch(text, /<script|<img|<link|<iframe|style=|\son\w+=|https?:/);
});

test('errors are told without the admin token, and nothing else is', async (t) => {
  const gateway = await startGateway(t, { file: ROUTES, env: { ADMIN_TOKEN } });
  assert.equal((await ask(`${gateway.adminUrl}/errors/rate_limited`)).status, 200);
  assert.equal((await ask(`${gateway.adminUrl}/errors`)).status, 200);
  for (const path of ['/errorsx', '/state', '/errors/../state', '//errors', '/recent?/errors'])
    assert.equal((await ask(`${gateway.adminUrl}${path}`)).status, 401, path);
  assert.equal((await ask(`${gateway.adminUrl}/errors`, { method: 'POST' })).status, 401);
  const elsewhere = await ask(`${gateway.adminUrl}/errors`, { headers: { origin: 'https://evil.example' } });
  assert.equal(elsewhere.status, 403);
});

test('type is a stable address, or what ERRORS_URL says, and then leads to the page of the code', async (t) => {
  const plain = await startGateway(t, { file: ROUTES });
  assert.equal((await ask(`${plain.url}/nowhere`)).json.type, 'https://turnpike.dev/problems/not_found');
  const own = await startGateway(t, {
    file: { routes: [{ ...ROUTES.routes[0], idempotency: { required: true } }] },
    settings: { errorsUrl: `${plain.adminUrl}/errors/` },
  });
  const { json } = await ask(`${own.url}/nowhere`);
  assert.equal(json.type, `${plain.adminUrl}/errors/not_found`);
  assert.equal((await ask(json.type)).json.code, json.code);
  assert.equal((await ask(`${own.adminUrl}/nothing`)).json.type, json.type);
  const refused = await ask(`${own.url}/a`, { method: 'POST', body: 'x' });
  assert.equal(refused.headers['link'], `<${plain.adminUrl}/errors/idempotency_key_missing>; rel="describedby"`);
});
