import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { SECRET } from '../support/auth.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

const LOGIN = { issuer: 'https://login.example/', audience: 'api', secret: SECRET };
const PARTNER = { issuer: 'https://partner.example', audience: 'api', secret: SECRET };
const INTERNAL = { issuer: 'internal', audience: 'api', secret: SECRET };
const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** What a client does that knows nothing but the address (RFC 9728, section 5). */
async function discover(url: string, headers: Record<string, string> = {}) {
  const refused = await ask(url, { headers });
  assert.equal(refused.status, 401);
  const named = /resource_metadata="([^"]+)"/.exec(refused.headers['www-authenticate'] ?? '')?.[1] as string;
  const answer = await ask(named);
  return { named, status: answer.status, fields: answer.headers, document: answer.json };
}

test('a 401 names the document of its route, and that names who gives tokens', async (t) => {
  const service = await startService(t);
  const routes = [
    { prefix: ['/mcp', '/tools/:id'], target: service.url, auth: 'jwt', resourceMetadata: true },
    {
      prefix: '/partners',
      target: service.url,
      auth: ['jwt', 'api-key'],
      issuers: [PARTNER.issuer],
      resourceMetadata: true,
    },
    { prefix: '/', target: service.url, auth: 'jwt', resourceMetadata: true },
  ];
  const gateway = await startGateway(t, { file: { issuers: [LOGIN, PARTNER, INTERNAL], routes } });
  const mcp = await discover(`${gateway.url}/mcp/messages?x=1`);
  assert.equal(mcp.named, `${gateway.url}${WELL_KNOWN}/mcp`);
  assert.deepEqual(mcp.document, {
    resource: `${gateway.url}/mcp`,
    authorization_servers: [LOGIN.issuer, PARTNER.issuer],
    bearer_methods_supported: ['header'],
  });
  assert.equal(mcp.fields['content-type'], 'application/json');
  assert.equal((await discover(`${gateway.url}/tools/7`)).document.resource, `${gateway.url}/tools/7`);
  const partners = await discover(`${gateway.url}/partners`, { authorization: 'Bearer nonsense' });
  assert.deepEqual(partners.document.authorization_servers, [PARTNER.issuer]);
  const root = await discover(`${gateway.url}/`);
  assert.deepEqual([root.named, root.document.resource], [gateway.url + WELL_KNOWN, `${gateway.url}/`]);
  assert.equal(service.requests.length, 0);
});

test('a token that lacks a scope is told where to get another', async (t) => {
  const route = {
    prefix: '/a',
    respond: { status: 204 },
    auth: 'jwt',
    authorize: { scopes: ['write'] },
    resourceMetadata: true,
  };
  const gateway = await startGateway(t, { file: { issuers: [LOGIN], routes: [route] } });
  const token = jwt.sign({ sub: 'u1', iss: LOGIN.issuer, aud: 'api' }, SECRET, { expiresIn: 60 });
  const { status, headers } = await ask(`${gateway.url}/a`, { headers: { authorization: `Bearer ${token}` } });
  const said = headers['www-authenticate'];
  assert.equal(status, 403);
  const named = `resource_metadata="${gateway.url}${WELL_KNOWN}/a"`;
  assert.equal(said, `Bearer realm="turnpike", ${named}, error="insufficient_scope", scope="write"`);
});

test('so is whoever came as nobody where somebody is needed', async (t) => {
  const auth = { any: ['jwt'], optional: true };
  const route = {
    prefix: '/a',
    respond: { status: 204 },
    auth,
    authorize: { roles: ['admin'] },
    resourceMetadata: true,
  };
  const gateway = await startGateway(t, { file: { issuers: [LOGIN], routes: [route] } });
  assert.equal((await discover(`${gateway.url}/a`)).document.resource, `${gateway.url}/a`);
});

test('a file that does not ask for it publishes nothing', async (t) => {
  const service = await startService(t);
  const routes = [
    { prefix: '/a', target: service.url, auth: 'jwt' },
    { prefix: '/keys', target: service.url, auth: 'api-key', resourceMetadata: true },
    { prefix: '/.well-known', target: service.url, auth: 'none' },
  ];
  const gateway = await startGateway(t, { file: { issuers: [LOGIN], routes } });
  for (const path of ['/a', '/keys']) {
    assert.doesNotMatch((await ask(gateway.url + path)).headers['www-authenticate'] ?? '', /resource_metadata/);
    await ask(gateway.url + WELL_KNOWN + path);
  }
  assert.equal(service.requests.length, 2, 'the service answers what is below /.well-known');
});

test('the address is the one that the client knows, and no text of its making gets into the field', async (t) => {
  const routes = [{ prefix: '/a', respond: { status: 204 }, auth: 'jwt', resourceMetadata: true }];
  const gateway = await startGateway(t, { file: { issuers: [LOGIN], routes }, env: { TRUST_PROXY: '1' } });
  const said = async (headers: Record<string, string>) =>
    (await ask(`${gateway.url}/a`, { headers })).headers['www-authenticate'];
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'api.example.com' };
  assert.match((await said(forwarded)) ?? '', /resource_metadata="https:\/\/api\.example\.com\/\.well-known\//);
  assert.equal(await said({ 'x-forwarded-host': 'a", error="x' }), 'Bearer realm="turnpike"');
});
