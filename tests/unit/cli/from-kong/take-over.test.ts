import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadRoutes } from '../../../../src/config/load.ts';
import { type OfKong, ofKong, withPlugins } from '../../../support/kong.ts';

/** What becomes of a route with these plugins, in a file that the gateway takes. */
async function take(plugins: string, more?: string): Promise<OfKong> {
  const made = await ofKong(withPlugins(plugins, more));
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-kong-'));
  try {
    const file = join(folder, 'routes.json');
    writeFileSync(file, made.text);
    loadRoutes(file, { env: made.env });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return made;
}

const routeOf = async (plugins: string, more?: string) => (await take(plugins, more)).route('r');

test('a route without authentication is public, as it was', async () => {
  assert.equal((await routeOf('- name: prometheus')).auth, 'none');
});

test('no plugin that may refuse somebody is left out with an open door', async () => {
  const names = [
    'oauth2',
    'hmac-auth',
    'ldap-auth',
    'openid-connect',
    'session',
    'mtls-auth',
    'saml',
    'oauth2-introspection',
  ];
  const guards = [
    'opa',
    'pre-function',
    'post-function',
    'bot-detection',
    'request-validator',
    'our-own',
    'constructor',
  ];
  for (const name of [...names, ...guards]) {
    const made = await take(`- name: ${name}\n  config: { a: b }`);
    assert.equal(made.route('r').auth, undefined, name);
    assert.match(made.notes, new RegExp(`line 9: ${name} of route "r"`));
    assert.ok(made.lostCount > 0, name);
  }
});

test('a scheme that is known beside one that is not closes the route', async () => {
  const route = await routeOf('- name: key-auth\n- name: hmac-auth');
  assert.equal(route.maintenance, true);
});

test('a plugin that is switched off counts for nothing', async () => {
  const made = await take('- name: key-auth\n  enabled: false');
  assert.equal(made.route('r').auth, 'none');
  assert.match(made.notes, /switched off/);
});

test('key-auth: names and places', async () => {
  assert.deepEqual((await routeOf('- name: key-auth')).auth, { 'api-key': { header: 'apikey', query: 'apikey' } });
  const route = await routeOf(
    '- name: key-auth\n  config: { key_names: [X-API-Key], key_in_query: false, hide_credentials: false }',
  );
  assert.equal(route.auth, 'api-key');
  assert.equal(route.forwardCredentials, true);
  const made = await take('- name: key-auth\n  config: { key_names: [a, b], key_in_body: true }');
  assert.match(made.notes, /keys come by one name here, "a"/);
  assert.match(made.notes, /keys in bodies/);
});

test('several schemes are all asked for, and with an anonymous consumer any', async () => {
  const two =
    '- name: key-auth\n  config: { key_in_query: false ANON }\n- name: basic-auth\n  config: { realm: x ANON }';
  const key = { 'api-key': { header: 'apikey' } };
  assert.deepEqual((await routeOf(two.replaceAll('ANON', ''))).auth, { all: [key, 'basic'] });
  const anonymous = two.replaceAll('ANON', ', anonymous: nobody');
  assert.deepEqual((await routeOf(anonymous)).auth, { any: [key, 'basic'], optional: true });
  const closed = `consumers:
  - username: nobody
    plugins: [{ name: request-termination, config: { status_code: 401 } }]
`;
  assert.deepEqual((await routeOf(anonymous, closed)).auth, [key, 'basic']);
});

test('acl: groups that may, and groups that may not', async () => {
  assert.deepEqual((await routeOf('- name: key-auth\n- name: acl\n  config: { allow: [a, b] }')).authorize, {
    roles: { any: ['a', 'b'] },
  });
  assert.deepEqual((await routeOf('- name: key-auth\n- name: acl\n  config: { deny: [a] }')).authorize, {
    when: '!(roles.exists(role, role in ["a"]))',
  });
  const alone = await take('- name: acl\n  config: { whitelist: [a] }');
  assert.equal(alone.route('r').auth, undefined, 'it asks for a credential');
});

test('rate-limiting: each window, by whom, and over what', async () => {
  const route = await routeOf(
    '- name: rate-limiting\n  config: { second: 1, minute: 2, hour: 3, day: 4, month: 5, year: 6, limit_by: ip, fault_tolerant: false }',
  );
  assert.deepEqual(
    route.rateLimits.map(({ limit, window, by }: Record<string, unknown>) => [limit, window, by]),
    [
      [1, '1s', 'address'],
      [2, '1m', 'address'],
      [3, '1h', 'address'],
      [4, '1d', 'address'],
      [5, '30d', 'address'],
      [6, '365d', 'address'],
    ],
  );
  assert.equal(route.onStoreError, 'deny');
  const header = await routeOf('- name: rate-limiting\n  config: { minute: 2, limit_by: header, header_name: x-org }');
  assert.equal(header.rateLimits[0].by, 'header:x-org');
  const all = await routeOf('- name: key-auth', 'plugins: [{ name: rate-limiting, config: { minute: 9 } }]');
  assert.equal(all.rateLimits[0].scope, 'gateway');
  const tokens = await routeOf('- name: jwt\n- name: rate-limiting\n  config: { minute: 2 }');
  assert.match(tokens.rateLimits[0].by, /issuer/, 'not by a subject that the signer chooses');
});

test('rate-limiting of one consumer is a plan', async () => {
  const made = await take(
    '- name: key-auth',
    'consumers: [{ username: app, plugins: [{ name: rate-limiting, config: { hour: 3 } }] }]',
  );
  assert.equal(made.file.consumers[0].plan, 'kong-app');
  assert.deepEqual(made.file.plans['kong-app'].rateLimits, [{ limit: 3, window: '1h', algorithm: 'fixed' }]);
});

test('the plugin of a route stands in the place of that of its service, and that of all', async () => {
  const made = await take(
    '- name: rate-limiting\n  config: { minute: 1 }',
    'plugins: [{ name: rate-limiting, config: { minute: 9 } }, { name: cors }]',
  );
  assert.equal(made.route('r').rateLimits[0].limit, 1);
  assert.deepEqual(made.route('r').cors.origins, ['*']);
  const named = await ofKong(`${withPlugins('- name: prometheus')}plugins:
  - { name: key-auth, route: r }
  - { name: acl, service: s, config: { allow: [a] } }
`);
  assert.ok(named.route('r').auth['api-key']);
  assert.deepEqual(named.route('r').authorize.roles.any, ['a']);
});

test('cors: what names origins is taken, expressions are not', async () => {
  const made = await take(
    '- name: cors\n  config: { origins: ["https://a.example", "https?://.*\\\\.b\\\\.example"], credentials: true, headers: [x], exposed_headers: [x-y], max_age: 60, methods: [GET, OPTIONS] }',
  );
  assert.deepEqual(made.route('r').cors, {
    origins: ['https://a.example'],
    credentials: true,
    methods: ['GET'],
    exposedHeaders: ['x-y'],
    maxAgeSeconds: 60,
  });
  assert.match(made.notes, /origins by expressions/);
  const any = await take('- name: cors\n  config: { credentials: true }');
  assert.equal(any.route('r').cors.credentials, undefined);
});

test('ip-restriction, request-size-limiting, redirect and proxy-cache', async () => {
  const route = await routeOf(`- name: ip-restriction
  config: { allow: [10.0.0.0/8], deny: [10.0.0.1] }
- name: request-size-limiting
  config: { allowed_payload_size: 5 }
- name: proxy-cache
  config: { strategy: memory, cache_ttl: 30, vary_query_params: [q], vary_headers: [accept-language] }`);
  assert.deepEqual([route.ipAllow, route.ipDeny], [['10.0.0.0/8'], ['10.0.0.1']]);
  assert.equal(route.bodyLimit, '5mb');
  assert.deepEqual(route.cache, { ttl: '30s', key: { query: ['q'], headers: ['accept-language'] } });
  const sent = await routeOf('- name: redirect\n  config: { status_code: 302, location: "https://a.example/x" }');
  assert.deepEqual(sent.respond, { status: 302, headers: { location: 'https://a.example/x' } });
});

test('request-termination with a trigger answers only then', async () => {
  const route = await routeOf(
    '- name: request-termination\n  config: { trigger: x-stop, status_code: 418, body: "<b>no</b>", content_type: text/html }',
  );
  assert.equal(route.respond.when, '"x-stop" in request.headers || "x-stop" in request.query');
  assert.equal(route.service, 's');
  assert.deepEqual(route.respond.headers, { 'content-type': 'text/html' });
});

test('request-transformer: remove, rename, replace, add, append, in this order, with templates', async () => {
  const made = await take(`- name: request-transformer
  config:
    http_method: POST
    remove: { headers: [x-a], querystring: [q], body: [secret] }
    rename: { headers: ["x-b:x-c"] }
    replace: { headers: ["x-d:1"], uri: /fixed }
    add: { headers: ["x-e:$(headers.x-f)"], querystring: ["n:$(query_params.m)"] }
    append: { headers: ["x-g:2", "x-consumer-username:root", "x-h:$(uri_captures.id)"] }`);
  const { request, pathRewrite } = made.route('r');
  assert.deepEqual(request[0], { headers: { remove: ['x-a'], rename: { 'x-b': 'x-c' } } });
  assert.deepEqual(request[1], { when: '"x-d" in request.headers', headers: { set: { 'x-d': '1' } } });
  assert.match(request[2].headers.set['x-e'], /request\.headers\["x-f"\]/);
  assert.deepEqual(request[3], { headers: { add: { 'x-g': '2' } } });
  assert.ok(!JSON.stringify(request).includes('root'));
  assert.deepEqual(pathRewrite, [{ match: '^.*$', replace: '/fixed' }]);
  for (const word of [/another method/, /the field x-consumer-username/, /the template in the value of x-h/])
    assert.match(made.notes, word);
});

test('response-transformer edits fields and bodies', async () => {
  const made = await take(`- name: response-transformer
  config:
    remove: { headers: [server], json: [debug] }
    add: { headers: ["x-a:1"], json: ["version:2"] }
    append: { json: ["list:3"] }`);
  const text = JSON.stringify(made.route('r').response);
  assert.match(text, /"remove":\["server"\]/);
  assert.match(text, /"omit":\["debug"\]/);
  assert.match(text, /response\.headers/);
  assert.match(text, /"add":\{"version":"2"\}/);
  assert.match(made.notes, /"list" appended to a body/);
});

test('correlation-id by a name of its own is set from the ID of the request', async () => {
  const route = await routeOf('- name: correlation-id\n  config: { header_name: X-Trace, echo_downstream: true }');
  assert.deepEqual(route.request, { headers: { set: { 'X-Trace': '${request.id}' } } });
  assert.deepEqual(route.response, route.request);
});

test('what writes logs or draws traces is told, and opens and closes nothing', async () => {
  for (const name of ['http-log', 'file-log', 'datadog', 'zipkin', 'opentelemetry']) {
    const made = await take(`- name: ${name}`);
    assert.equal(made.route('r').auth, 'none');
    assert.match(made.notes, new RegExp(`line 9: plugin ${name}: `));
  }
});

test('an option that nobody has looked at is told by its name', async () => {
  const made = await take('- name: rate-limiting\n  config: { minute: 3, brand_new: true }');
  assert.match(made.notes, /"brand_new"/);
});

test('jwt by other claims, or with secrets in base64, stays closed', async () => {
  for (const config of ['key_claim_name: kid', 'secret_is_base64: true']) {
    const made = await take(`- name: jwt\n  config: { ${config} }`);
    assert.notEqual(made.route('r').auth, 'none');
    assert.ok(made.lostCount > 0);
  }
});

test('an acl that names nobody closes the route', async () => {
  assert.equal((await routeOf('- name: key-auth\n- name: acl')).maintenance, true);
});

test('a plugin for a group of consumers is none for all', async () => {
  const made = await take(
    '- name: prometheus',
    'plugins: [{ name: request-termination, consumer_group: gold, config: { status_code: 402 } }]',
  );
  assert.equal(made.route('r').respond, undefined);
  assert.match(made.notes, /"consumer_group" of plugin request-termination/);
});

test('a consumer whom Kong refuses has no credentials', async () => {
  const made = await take(
    '- name: key-auth',
    `consumers:
  - username: suspended
    keyauth_credentials: [{ key: still-here-1 }]
    plugins: [{ name: request-termination, config: { status_code: 403 } }]
`,
  );
  assert.deepEqual(made.file.consumers, [{ name: 'suspended' }]);
});

test('a plugin for a route that is not there refuses the file', async () => {
  const text = withPlugins('- name: prometheus', 'plugins: [{ name: key-auth, route: rr }]');
  await assert.rejects(ofKong(text), /there is no route "rr", which this plugin is for/);
});
