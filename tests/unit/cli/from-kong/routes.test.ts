import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ofKong } from '../../../support/kong.ts';

const file = (routes: string, more = '') => `_format_version: "3.0"
services:
  - name: s
    url: http://localhost:4001/base
    routes:
${routes.trim().replace(/^/gm, '      ')}
${more}`;

test('paths, methods, hosts and header fields', async () => {
  const made = await ofKong(
    file(
      '- { name: r, paths: [/a, /b/], methods: [GET], hosts: ["*.example.com", "api.example.com:8080"], headers: { x-v: [1, 2] }, preserve_host: true, strip_path: false }',
    ),
  );
  const { prefix, methods, hosts, headers, preserveHost, stripPrefix } = made.route('r');
  assert.deepEqual([prefix, methods, hosts], [['/a', '/b'], ['GET'], ['*.example.com', 'api.example.com']]);
  assert.deepEqual([headers, made.route('r-2').headers], [{ 'x-v': '1' }, { 'x-v': '2' }]);
  assert.deepEqual([preserveHost, stripPrefix], [true, false]);
  assert.match(made.notes, /the port of host "api.example.com:8080" does not count/);
  assert.match(made.notes, /\/b\/ takes \/b as well/);
});

test('a path by an expression is stripped by that expression', async () => {
  const made = await ofKong(file('- { name: r, paths: ["~/v(?<n>\\\\d+)/users"] }'));
  const { prefix, pathRegex, stripPrefix, pathRewrite } = made.route('r');
  assert.equal(prefix, '/');
  assert.equal(pathRegex, '^(?:/v(?<n>\\d+)/users)');
  assert.equal(stripPrefix, false);
  assert.deepEqual(pathRewrite, [{ match: pathRegex, replace: '' }]);
});

test('an expression that can not be run closes what lies below its beginning', async () => {
  const made = await ofKong(file('- { name: r, paths: ["~/admin/(?!open)"] }'));
  assert.deepEqual([made.route('r').prefix, made.route('r').maintenance], ['/admin', true]);
  assert.match(made.notes, /line 6: .*linear time/);
});

test('a condition that can not be asked never makes a route wider', async () => {
  const made = await ofKong(
    file(`- { name: header, paths: [/a], headers: { x-v: ["~*^1"] } }
- { name: host, paths: [/b], hosts: ["example.*"] }
- { name: method, paths: [/c], methods: [TRACE] }
- { name: expression, expression: 'http.path == "/d"' }
- { name: stream, protocols: [tcp], destinations: [{ port: 1 }] }`),
  );
  assert.deepEqual([made.route('header').headers, made.route('header').maintenance], [{ 'x-v': true }, true]);
  assert.deepEqual(
    made.file.routes.map(({ name }: { name: string }) => name),
    ['header'],
  );
  for (const name of ['header', 'host', 'method', 'expression', 'stream'])
    assert.match(made.notes, new RegExp(`route "${name}"`));
});

test('a route without a service is closed', async () => {
  const made = await ofKong('_format_version: "3.0"\nroutes:\n  - { name: r, paths: [/a] }\n');
  assert.equal(made.route('r').maintenance, true);
});

test('services: address, deadlines, repetitions, TLS', async () => {
  const made = await ofKong(`_format_version: "3.0"
services:
  - name: a b
    protocol: https
    host: a.example.com
    port: 8443
    path: /x/
    connect_timeout: 1500
    read_timeout: 9000
    retries: 0
    tls_verify: false
    client_certificate: { id: c }
    routes: [{ name: r, paths: [/a] }]
  - { name: off, enabled: false, url: "http://b", routes: [{ paths: [/b] }] }
  - { name: raw, protocol: tcp, host: c, port: 1, routes: [{ paths: [/c] }] }
`);
  assert.deepEqual(made.file.services, {
    'a-b': { targets: ['https://a.example.com:8443/x'], tls: { verify: false } },
  });
  assert.equal(made.route('r').retry, false);
  assert.deepEqual(made.route('r').timeouts, { connect: '1500ms', headers: '9s', try: '9s', idle: '9s' });
  assert.equal(made.file.routes.length, 1);
  for (const word of [/line 12: service a b: "client_certificate"/, /service off is switched off/, /tcp is no HTTP/])
    assert.match(made.notes, word);
});

test('upstreams: targets, weights, hashing, checks', async () => {
  const made = await ofKong(
    file('- { name: r, paths: [/a] }').replace('url: http://localhost:4001/base', 'host: u') +
      `upstreams:
  - name: u
    hash_on: header
    hash_on_header: x-user
    targets: [{ target: "10.0.0.1:80", weight: 3 }, { target: 10.0.0.2 }]
    healthchecks:
      active: { http_path: /up, timeout: 1, healthy: { interval: 2, http_statuses: [200, 204] }, unhealthy: { tcp_failures: 4 } }
      passive: { unhealthy: { http_failures: 6 } }
`,
  );
  assert.deepEqual(made.file.services.s, {
    targets: [
      { url: 'http://10.0.0.1:80', weight: 3 },
      { url: 'http://10.0.0.2:8000', weight: 100 },
    ],
    balance: { hash: 'header:x-user' },
    healthCheck: { path: '/up', interval: '2s', timeout: '1s', unhealthyAfter: 4, status: [200, 204] },
    passiveHealth: { failures: 6 },
  });
});

test('consumers: keys are hashes, secrets are in .env alone, passwords are hashed', async () => {
  const made = await ofKong(`_format_version: "3.0"
consumers:
  - username: my app
    custom_id: "42"
    groups: [{ name: gold }]
    keyauth_credentials: [{ key: a-very-secret-key, ttl: 60, created_at: 1700000000 }, { key: "{vault://env/k}" }]
    jwt_secrets: [{ key: weak, secret: short }, { key: strong, secret: this-secret-is-longer-than-32-bytes }]
    basicauth_credentials: [{ username: someone, password: hunter2 }, { username: x, password: da39a3ee5e6b4b0d3255bfef95601890afd80709 }]
    hmacauth_credentials: [{ username: a, secret: b }]
acls: [{ consumer: my app, group: staff }]
certificates: [{ cert: a, key: b }]
`);
  const [someone, app] = made.file.consumers;
  assert.deepEqual([app.name, app.roles, app.metadata], ['my-app', ['staff', 'gold'], { customId: '42' }]);
  assert.equal(app.keys.length, 1);
  assert.equal(app.keys[0].expiresAt, '2023-11-14T22:14:20.000Z');
  assert.equal(someone.name, 'someone');
  assert.match(someone.password, /^scrypt\$/);
  assert.deepEqual(made.env, { KONG_JWT_STRONG: 'this-secret-is-longer-than-32-bytes' });
  assert.equal(made.file.issuers.length, 1);
  const told = made.text + made.notes;
  for (const secret of ['a-very-secret-key', 'this-secret-is', 'hunter2', 'short"'])
    assert.ok(!told.includes(secret), secret);
  for (const word of [
    /line 11: "certificates"/,
    /a key of consumer "my app": it is not written/,
    /tokens of .*no good/,
    /hmacauth/,
  ])
    assert.match(made.notes, word);
});

test('a route with more conditions is asked before one with a host, for the same host', async () => {
  const made = await ofKong(
    file(`- { name: two, paths: [/a], methods: [GET], headers: { x: ["1"] }, plugins: [{ name: rate-limiting, config: { minute: 1 } }] }
- { name: one, paths: [/a], hosts: [a.example] }`),
  );
  assert.deepEqual(made.route('two-at-100').hosts, ['a.example']);
  assert.match(made.notes, /line 6: route two stands there more than once/);
});

test('a route that Kong asks first gets the longer prefix of the other, and strips what it did', async () => {
  const made = await ofKong(
    file(`- { name: host, paths: [/a], hosts: [a.example] }\n- { name: path, paths: [/a/b/c] }`),
  );
  const { prefix, rewritePrefix, hosts } = made.route('host-at-1');
  assert.deepEqual([prefix, rewritePrefix, hosts], ['/a/b/c', '/b/c', ['a.example']]);
});

test('of two routes with the same conditions the first stays', async () => {
  const made = await ofKong(file('- { name: a, paths: [/x] }\n- { name: b, paths: [/x, /y] }'));
  assert.equal(made.route('b').prefix, '/y');
  assert.match(made.notes, /route b at \/x: a \(line 6\) has the same conditions/);
});
