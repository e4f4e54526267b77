import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';

const PAGE = path.resolve(import.meta.dirname, '../../src/dashboard/page');
const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

test('a browser gets the dashboard at /, and a program the list of what there is', async (t) => {
  const { adminUrl } = await startGateway(t, { file: { routes: [] } });
  const page = await ask(`${adminUrl}/`, { headers: HTML });
  assert.equal(page.status, 200);
  assert.match(String(page.headers['content-type']), /^text\/html/);
  assert.match(page.text, /<title>Turnpike<\/title>/);
  for (const headers of [{}, { accept: '*/*' }, { accept: 'application/json' }])
    assert.ok((await ask(`${adminUrl}/`, { headers })).json.includes('/metrics'));
});

test('the page may run its own scripts and ask its own port, and nothing else', async (t) => {
  const { adminUrl } = await startGateway(t, { file: { routes: [] } });
  const { headers, rawHeaders, text } = await ask(`${adminUrl}/`, { headers: HTML });
  assert.equal(
    headers['content-security-policy'],
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
  );
  assert.equal(rawHeaders.filter((name) => /^content-security-policy$/i.test(name)).length, 1, 'two are obeyed both');
  assert.equal(headers['x-frame-options'], 'DENY');
  assert.doesNotMatch(
    text,
    /<script(?![^>]*\ssrc=)|<style|\son\w+=|https?:/i,
    'nothing inline, nothing from elsewhere',
  );
});

test('all that the page loads is there, and is sent again only when it has changed', async (t) => {
  const { adminUrl } = await startGateway(t, { file: { routes: [] } });
  const { text } = await ask(`${adminUrl}/`, { headers: HTML });
  const named = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name = '']) => name);
  const modules = readdirSync(PAGE, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  assert.ok(named.length >= 7 && modules.length > 20);
  for (const name of [...named, ...modules.map((one) => `dashboard/${one}`)]) {
    const first = await ask(`${adminUrl}/${name}`);
    assert.equal(first.status, 200, name);
    assert.equal(first.headers['cache-control'], 'no-cache');
    assert.doesNotMatch(String(first.headers['content-type']), /html/);
    const again = await ask(`${adminUrl}/${name}`, { headers: { 'if-none-match': String(first.headers.etag) } });
    assert.deepEqual([again.status, again.text, again.headers['content-length']], [304, '', undefined], name);
  }
});

test('no name leads to another file', async (t) => {
  const { adminUrl } = await startGateway(t, { file: { routes: [] } });
  const names = [
    '',
    '..',
    '../assets.ts',
    '../../main.ts',
    '..%2fassets.ts',
    'tsconfig.json',
    'views/../main.ts',
    './main.ts',
  ];
  names.push(
    'views/',
    'views',
    'main.ts/',
    'MAIN.TS',
    'uplot/dist/uPlot.cjs.js',
    '__proto__',
    'constructor.js',
    '%00main.ts',
  );
  for (const name of names) {
    const { status } = await ask(adminUrl, { path: `/dashboard/${name}` });
    assert.equal(status, 404, name);
  }
});

test('with ADMIN_TOKEN the page needs none, and all that it shows does', async (t) => {
  const { adminUrl } = await startGateway(t, {
    file: { routes: [] },
    env: { ADMIN_TOKEN: 'a-token-of-decent-length' },
  });
  assert.equal((await ask(`${adminUrl}/`, { headers: HTML })).status, 200);
  assert.equal((await ask(`${adminUrl}/dashboard/main.js`)).status, 200);
  for (const url of ['/', '/overview', '/history', '/recent', '/dashboard', '/state?/dashboard/', '//dashboard/'])
    assert.equal((await ask(adminUrl, { path: url })).status, 401, url);
  for (const method of ['POST', 'DELETE', 'PUT'])
    assert.equal((await ask(`${adminUrl}/dashboard/main.js`, { method, headers: HTML })).status, 401, method);
  assert.equal((await ask(`${adminUrl}/overview`, { headers: HTML })).status, 401);
});

test('other origins get not even the page, nor does a name that was rebound', async (t) => {
  const { adminUrl } = await startGateway(t, { file: { routes: [] } });
  for (const headers of [
    { host: 'evil.example' },
    { origin: 'http://evil.example' },
    { 'sec-fetch-site': 'cross-site' },
  ])
    for (const name of ['', 'dashboard/main.js'])
      assert.equal((await ask(`${adminUrl}/${name}`, { headers: { ...HTML, ...headers } })).status, 403);
});

test('POST /explain takes a curl line, runs nothing of it, and reads no file', async (t) => {
  const { adminUrl } = await startGateway(t, {
    file: { routes: [{ prefix: '/a', target: 'http://127.0.0.1:9', auth: 'none' }] },
  });
  const explain = (body: object) => ask(`${adminUrl}/explain`, { method: 'POST', body: JSON.stringify(body) });
  const told = await explain({
    curl: "curl 'http://shop.test/a/1?x=$(id)' \\\n -H 'X-A: 1' --compressed -d '{}'",
    address: '10.0.0.9',
  });
  assert.equal(told.status, 200, told.text);
  assert.deepEqual(told.json.request, {
    method: 'POST',
    host: 'shop.test',
    asked: '/a/1?x=$(id)',
    path: '/a/1?x=$(id)',
    clientAddress: '10.0.0.9',
    scheme: 'http',
  });
  for (const [curl, why] of [
    ['curl -d @/etc/passwd localhost/a', /a file behind -d @ is not read here/],
    ['curl --data-binary @- localhost/a', /a file behind -d @ is not read here/],
    ['curl -F a=b localhost/a', /a form is made by curl itself/],
    ["curl 'localhost/a", /a quote has no end/],
    ['wget localhost/a', /does not begin with curl/],
    ['curl', /there is no URL/],
  ] as const) {
    const { status, json } = await explain({ curl });
    assert.equal(status, 400, curl);
    assert.match(json.detail, why);
  }
});
