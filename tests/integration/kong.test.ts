import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { ofKong } from '../support/kong.ts';
import { startService } from '../support/service.ts';

const EXAMPLE = readFileSync(join(import.meta.dirname, '../../docs/examples/kong/kong.yaml'), 'utf8');
const MOBILE = { apikey: 'mobile-app-secret-key-1' };
const OFFICE = { apikey: 'back-office-secret-key-1' };
const SECRET = 'an-hmac-secret-of-more-than-32-bytes';

/** A gateway by the example of the documents, before one service that tells what it was sent. */
async function start(t: TestContext, text = EXAMPLE) {
  const service = await startService(t, (_req, res, { method, path, headers }) => {
    res.writeHead(200, { 'content-type': 'application/json', 'x-powered-by': 'PHP' });
    res.end(JSON.stringify({ method, path, headers }));
  });
  const { port } = new URL(service.url);
  const { file, env } = await ofKong(text.replace(/localhost:400\d/g, `127.0.0.1:${port}`));
  return startGateway(t, { file, env });
}

function token(claims: object, secret = SECRET): string {
  const exp = Math.floor(Date.now() / 1000) + 300;
  const parts = [
    { alg: 'HS256', typ: 'JWT' },
    { exp, ...claims },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  return `${parts.join('.')}.${createHmac('sha256', secret).update(parts.join('.')).digest('base64url')}`;
}

test('key-auth: 401 without a key and with a wrong one, and the key works by the same name in field and query', async (t) => {
  const { url } = await start(t);
  assert.equal((await ask(`${url}/api/orders/1`)).status, 401);
  assert.equal((await ask(`${url}/api/orders/1`, { headers: { apikey: 'wrong' } })).status, 401);
  assert.equal((await ask(`${url}/api/orders/1`, { headers: MOBILE })).status, 200);
  assert.equal((await ask(`${url}/api/orders/1?apikey=${MOBILE.apikey}`)).status, 200);
});

test('strip_path: the service sees what follows the path, and who calls by a field of the gateway', async (t) => {
  const { url } = await start(t);
  const { json } = await ask(`${url}/api/orders/1?a=b`, { headers: MOBILE });
  assert.equal(json.path, '/1?a=b');
  assert.equal(json.headers['x-consumer-name'], 'mobile-app');
  assert.equal(json.headers['apikey'], undefined, 'hide_credentials');
});

test('rate-limiting: more calls than a minute has are 429, for each consumer apart', async (t) => {
  const { url } = await start(t);
  const statuses = [];
  // The window is that of the clock: a minute may begin in between, and then five more pass.
  for (let call = 0; call < 11; call++) statuses.push((await ask(`${url}/api/orders`, { headers: MOBILE })).status);
  assert.deepEqual(statuses.slice(0, 5), [200, 200, 200, 200, 200]);
  assert.ok(statuses.includes(429));
  assert.equal((await ask(`${url}/api/orders`, { headers: OFFICE })).status, 200);
});

test('acl: 403 for who is in no group that may', async (t) => {
  const { url } = await start(t);
  assert.equal((await ask(`${url}/api/orders/admin/x`, { headers: MOBILE })).status, 403);
  const allowed = await ask(`${url}/api/orders/admin/x`, { headers: OFFICE });
  assert.equal(allowed.status, 200);
  assert.equal(allowed.json.path, '/x');
});

test('cors: the preflight is answered, for the origin that the file names', async (t) => {
  const { url } = await start(t);
  const preflight = (origin: string) =>
    ask(`${url}/public/products`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } });
  const { headers } = await preflight('https://shop.example.com');
  assert.equal(headers['access-control-allow-origin'], 'https://shop.example.com');
  assert.equal(headers['access-control-max-age'], '600');
  assert.equal((await preflight('https://evil.example')).headers['access-control-allow-origin'], undefined);
});

test('an upstream with the path of the service, and response-transformer', async (t) => {
  const { url } = await start(t);
  const { json, headers } = await ask(`${url}/public/products/5`);
  assert.equal(json.path, '/v2/5');
  assert.equal(headers['x-powered-by'], undefined);
  assert.equal(headers['x-served-by'], 'gateway');
});

test('a path by an expression, not stripped, and request-transformer, which adds what is not there', async (t) => {
  const { url } = await start(t);
  const { json } = await ask(`${url}/items/42`);
  assert.equal(json.path, '/v2/items/42?lang=en');
  assert.equal(json.headers['x-tenant'], 'shop');
  const own = await ask(`${url}/items/42?lang=de`, { headers: { 'x-tenant': 'mine' } });
  assert.equal(own.json.path, '/v2/items/42?lang=de');
  assert.equal(own.json.headers['x-tenant'], 'mine');
  assert.equal((await ask(`${url}/items/x`)).status, 404);
});

test('a route by its host wins wherever its path leads, with basic-auth and preserve_host', async (t) => {
  const { url } = await start(t);
  const host = 'reports.example.com';
  assert.equal((await ask(`${url}/me`, { headers: { host } })).status, 401);
  const authorization = `Basic ${Buffer.from('back-office:correct horse battery').toString('base64')}`;
  const { status, json } = await ask(`${url}/me`, { headers: { host, authorization } });
  assert.equal(status, 200);
  assert.equal(json.path, '/reports/me');
  assert.equal(json.headers.host, host);
});

test('request-termination answers by itself', async (t) => {
  const { url } = await start(t);
  const { status, json } = await ask(`${url}/old/x`);
  assert.equal(status, 410);
  assert.deepEqual(json, { message: 'gone for good' });
});

test('what can not be taken over leaves the door closed', async (t) => {
  const { url } = await start(t);
  assert.equal((await ask(`${url}/partners`)).status, 401);
});

test('jwt: tokens of a consumer by their issuer, in the groups of that consumer and in no others', async (t) => {
  const { url } = await start(t);
  const call = (bearer: string) => ask(`${url}/me`, { headers: { authorization: `Bearer ${bearer}` } });
  assert.equal((await ask(`${url}/me`)).status, 401);
  assert.equal((await call(token({ iss: 'https://ann.example.com', sub: 'ann' }))).status, 200);
  assert.equal((await call(token({ iss: 'https://bob.example.com', sub: 'ann' }))).status, 401);
  assert.equal((await call(token({ iss: 'https://ann.example.com' }, 'x'.repeat(40)))).status, 401);
  const { url: other } = await start(t, EXAMPLE.replace('allow: [members]', 'allow: [admins]'));
  const boasting = token({ iss: 'https://ann.example.com', sub: 'ann', roles: ['admins'] });
  const answer = await ask(`${other}/me`, { headers: { authorization: `Bearer ${boasting}` } });
  assert.equal(answer.status, 403, 'a consumer signs its tokens itself');
});

test('routes with more kinds of conditions are asked first, as by Kong', async (t) => {
  const { url } = await start(
    t,
    `_format_version: "3.0"
services:
  - name: a
    url: http://localhost:4001/a
    routes:
      - { name: by-host, hosts: [api.example.com], paths: [/v1] }
  - name: b
    url: http://localhost:4001/b
    routes:
      - { name: by-path, paths: [/v1/users] }
  - name: c
    url: http://localhost:4001/c
    routes:
      - { name: by-regex, paths: ['~/v1/u\\w+'] }
`,
  );
  const host = 'api.example.com';
  assert.equal((await ask(`${url}/v1/users/1`, { headers: { host } })).json.path, '/a/users/1');
  assert.equal((await ask(`${url}/v1/users/1`)).json.path, '/c/1', 'an expression before the longer path');
});

test('https alone: what came by http is refused, and sent on where the file says so', async (t) => {
  const { url } = await start(
    t,
    `_format_version: "3.0"
services:
  - name: s
    url: http://localhost:4001
    routes:
      - { name: plain, paths: [/a], protocols: [https] }
      - { name: led, paths: [/b], protocols: [https], https_redirect_status_code: 301 }
`,
  );
  assert.equal((await ask(`${url}/a`)).status, 426);
  const led = await ask(`${url}/b/c`, { headers: { host: 'api.example.com' } });
  assert.equal(led.status, 301);
  assert.equal(led.headers.location, 'https://api.example.com/b/c');
});

test('a method that the route with the longer path does not take goes to the next one, as by Kong', async (t) => {
  const { url } = await start(
    t,
    `_format_version: "3.0"
services:
  - name: all
    url: http://localhost:4001/all
    routes: [{ name: all, paths: [/v1], plugins: [{ name: key-auth }] }]
  - name: read
    url: http://localhost:4001/read
    routes: [{ name: read, paths: [/v1/users], methods: [GET] }]
consumers: [{ username: app, keyauth_credentials: [{ key: app-key-1 }] }]
`,
  );
  assert.equal((await ask(`${url}/v1/users/1`)).json.path, '/read/1');
  assert.equal((await ask(`${url}/v1/users/1`, { method: 'POST' })).status, 401);
  const posted = await ask(`${url}/v1/users/1`, { method: 'POST', headers: { apikey: 'app-key-1' } });
  assert.equal(posted.json.path, '/all/users/1');
});

test('of two expressions at one place the one with the higher priority is asked first', async (t) => {
  const { url } = await start(
    t,
    `_format_version: "3.0"
services:
  - name: low
    url: http://localhost:4001/low
    routes: [{ name: low, paths: ['~/a/\\d+'], strip_path: false }]
  - name: high
    url: http://localhost:4001/high
    routes: [{ name: high, paths: ['~/a/1\\d*'], regex_priority: 5, strip_path: false }]
`,
  );
  assert.equal((await ask(`${url}/a/12`)).json.path, '/high/a/12');
  assert.equal((await ask(`${url}/a/22`)).json.path, '/low/a/22');
});
