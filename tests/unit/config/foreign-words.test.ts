import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Fault } from '../../../src/config/config-error.ts';
import { loadRoutes } from '../../../src/config/load.ts';
import { configFolder, faultsOf } from '../../support/config-files.ts';

function faultsIn(t: TestContext, content: unknown): readonly Fault[] {
  const folder = configFolder(t, { 'routes.json': content });
  return faultsOf(() => loadRoutes(join(folder, 'routes.json'), { env: {} }));
}

function onlyFault(t: TestContext, content: unknown): Fault {
  const faults = faultsIn(t, content);
  assert.equal(faults.length, 1, JSON.stringify(faults));
  return faults[0] as Fault;
}

const ROUTE = { prefix: '/a', target: 'http://localhost:4001' };
const inRoute = (extra: object) => ({ routes: [{ ...ROUTE, ...extra }] });

test('words of nginx, Kong and Traefik are told what they are here', (t) => {
  const words: readonly (readonly [object, RegExp])[] = [
    [inRoute({ upstream: 'a' }), /here this is "target"/],
    [inRoute({ url: 'http://a' }), /here this is "target"/],
    [inRoute({ proxy_pass: 'http://a' }), /here this is "target"/],
    [inRoute({ plugins: [] }), /key of its own.*"rateLimits"/],
    [inRoute({ middlewares: [] }), /key of its own/],
    [inRoute({ client_max_body_size: '1m' }), /here this is "bodyLimit"/],
    [inRoute({ limit_req: {} }), /here this is "rateLimits"/],
    [inRoute({ strip_path: true }), /here this is "stripPrefix"/],
    [inRoute({ retries: 3 }), /here this is "retry"/],
    [inRoute({ server_name: 'a' }), /here this is "hosts"/],
    [inRoute({ authentication: 'jwt' }), /here this is "auth"/],
    [inRoute({ redirect_to: '/b' }), /here this is "redirect"/],
    [inRoute({ proxy_set_header: {} }), /here this is "request": \{ "headers"/],
    [inRoute({ add_header: {} }), /here this is "response": \{ "headers"/],
    [inRoute({ connect_timeout: '1s' }), /here this is "timeouts"/],
    [{ ...inRoute({}), upstreams: {} }, /here this is "services"/],
    [{ ...inRoute({}), routers: {} }, /here this is "routes"/],
    [{ services: { a: { targets: ['http://a'], url: 'http://a' } } }, /here this is "targets"/],
    [{ services: { a: { targets: ['http://a'], loadBalancer: {} } } }, /here this is "balance"/],
    [{ services: { a: { targets: [{ host: 'a', weight: 1 }] } } }, /here this is "url"/],
    [inRoute({ rateLimits: [{ limit: 1, window: '1m', per: 'minute' }] }), /here this is "window"/],
    [{ consumers: [{ name: 'a', username: 'b' }] }, /here this is "name"/],
  ];
  for (const [file, hint] of words) assert.match(onlyFault(t, file).hint ?? '', hint, JSON.stringify(file));
});

test('"path" and "paths" in the place of "prefix" are one fault, which names it', (t) => {
  const target = 'http://localhost:4001';
  assert.match(onlyFault(t, { routes: [{ path: '/api', target }] }).hint ?? '', /here this is "prefix"/);
  assert.match(onlyFault(t, { routes: [{ paths: ['/api'], target }] }).hint ?? '', /here this is "prefix"/);
  assert.match(onlyFault(t, { routes: [{ location: '/api', target }] }).hint ?? '', /here this is "prefix"/);
});

test('auth: false points to "none"', (t) => {
  for (const auth of [false, 'off', 'public', 'disabled']) {
    assert.match(onlyFault(t, inRoute({ auth })).hint ?? '', /"auth": "none"/, String(auth));
  }
  assert.match(onlyFault(t, inRoute({ auth: true })).hint ?? '', /leave "auth" out/);
});

test('a wrong duration or size lists its units', (t) => {
  for (const total of ['30', '5 min', '1w', 30]) {
    const { message } = onlyFault(t, inRoute({ timeouts: { total } }));
    assert.match(message, /ms, s, m, h, d/, String(total));
  }
  assert.match(onlyFault(t, inRoute({ bodyLimit: '1M' })).message, /b, kb, mb, gb/);
});

test('a duration or size in the spelling of others is told in ours', (t) => {
  const meant: readonly (readonly [object, RegExp])[] = [
    [{ bodyLimit: '200MB' }, /did you mean "200mb"\?/],
    [{ bodyLimit: '20m' }, /did you mean "20mb"\?/],
    [{ bodyLimit: '1 GiB' }, /did you mean "1gb"\?/],
    [{ timeouts: { total: '2min' } }, /did you mean "2m"\?/],
    [{ timeouts: { total: '1 s' } }, /did you mean "1s"\?/],
    [{ timeouts: { stream: '5 minutes' } }, /did you mean "5m"\?/],
  ];
  for (const [extra, message] of meant) assert.match(onlyFault(t, inRoute(extra)).message, message);
  assert.doesNotMatch(onlyFault(t, inRoute({ bodyLimit: 'constructor' })).message, /did you mean/);
});

test('a value in the form of others is told in ours', (t) => {
  const words: readonly (readonly [object, RegExp])[] = [
    [inRoute({ timeouts: { read: '1s' } }), /"headers".*"idle"/],
    [inRoute({ request: { headers: { set: { Host: 'a' } } } }), /"preserveHost": true/],
    [inRoute({ request: { headers: { set: { 'x-user-id': 'a' } } } }), /another name/],
    [inRoute({ retry: true }), /leave "retry" out/],
    [inRoute({ retry: 3 }), /\{ "attempts": 3 \}/],
    [inRoute({ retry: 10 }), /\{ "attempts": 5 \}/],
    [inRoute({ retry: 0 }), /write false/],
    [inRoute({ cors: true }), /leave "cors" out/],
    [inRoute({ auth: ['none', 'jwt'] }), /\{ "any": \["jwt"\], "optional": true \}/],
    [inRoute({ pathRewrite: { '^/x/(.*)$': '/items?id=$1' } }), /"prefix".*"query".*params\.id/],
    [{ routes: [], services: { a: { targets: [{ url: 'http://a', weight: 0.9 }] } } }, /9 and 1/],
    [{ consumers: [{ name: 'a', keys: ['abc'] }] }, /turnpike key create/],
    [{ issuers: [{ issuer: 'https://a', jwks: 'https://a/k', algorithms: ['Ed25519'] }] }, /did you mean "EdDSA"/],
    [inRoute({ timeouts: { stream: '3s', heartbeat: '3s' } }), /raise "stream"/],
  ];
  for (const [file, hint] of words) assert.match(onlyFault(t, file).hint ?? '', hint, JSON.stringify(file));
  const [, withKey] = faultsIn(t, { consumers: [{ name: 'a', keys: [{ key: 'abc' }] }] });
  assert.match(withKey?.hint ?? '', /"sha256".*turnpike key create/);
  assert.match(
    onlyFault(t, inRoute({ cors: { origins: 'https://a.example/' } })).message,
    /mean "https:\/\/a\.example"\?/,
  );
  assert.match(onlyFault(t, inRoute({ cors: { origins: ['a.example'] } })).message, /mean "https:\/\/a\.example"\?/);
});

test('a field of a message is found by its name in any case', (t) => {
  const { message, column } = onlyFault(
    t,
    '{ "routes": [{ "prefix": "/a", "target": "http://a",\n"request": { "headers": { "set": { "Host": "a" } } } }] }',
  );
  assert.doesNotMatch(message, /is missing/);
  assert.equal(column, 44);
});

test('a target without http:// is told with it, and one that no name server could find is refused', (t) => {
  const targets: readonly (readonly [string, RegExp | undefined])[] = [
    ['localhost:4001', /mean "http:\/\/localhost:4001"\?/],
    ['users.internal/v2', /mean "http:\/\/users\.internal\/v2"\?/],
    ['ws://localhost:4001', /mean "http:\/\/localhost:4001"\?/],
    ['wss://a.example', /mean "https:\/\/a\.example"\?/],
    ['user:secret@host:1', undefined],
    ['http://{host}:1', undefined],
    ['http://a$b:1', undefined],
  ];
  for (const [target, hint] of targets) {
    const fault = onlyFault(t, { routes: [{ prefix: '/a', target }] });
    assert.match(fault.message, /expected an address/);
    if (hint === undefined) assert.equal(fault.hint, undefined, target);
    else assert.match(fault.hint ?? '', hint);
  }
});

test('an address without a name of a host is refused wherever it stands', (t) => {
  const auth = (url: string) => inRoute({ auth: { 'forward-auth': { url } } });
  const issuer = (jwks: string) => ({ issuers: [{ issuer: 'https://a', jwks }], routes: [] });
  const files: readonly (readonly [object, RegExp])[] = [
    [auth('http://${claims.tenant}/check'), /name of a host/],
    [issuer('https://${claims.tenant}/jwks'), /name of a host/],
    [issuer('https://{tenant}/jwks'), /name of a host/],
    [{ routes: [{ prefix: '/a', redirect: { to: 'https://$host/b' } }] }, /expected a path/],
  ];
  for (const [file, message] of files) assert.match(onlyFault(t, file).message, message, JSON.stringify(file));
});

test('an expression in a string of JSON needs its backslashes twice, and says so', (t) => {
  const text = String.raw`{ "routes": [{ "prefix": "/a", "pathRegex": "\.a|\.(png)$", "target": "http://a" }] }`;
  assert.match(onlyFault(t, text).hint ?? '', /backslash is written twice/);
});

test('a forgotten quote is called one, and a word without any is quoted', (t) => {
  const lines = (line: string) => `{\n  "routes": [\n${line}\n  ]\n}`;
  for (const line of [
    '{ "prefix: "/a", "target": "http://a" }',
    '{ "prefix": "/a, "target": "http://a" }',
    '{ "prefix": /a", "target": "http://a" }',
    '{ prefix": "/a", "target": "http://a" }',
    '{ "prefix": "/a", "target": "http://a }',
  ]) {
    const { message, line: at } = onlyFault(t, lines(line));
    assert.match(message, /a quote \("\) is missing/, line);
    assert.equal(at, 3, line);
  }
  assert.match(onlyFault(t, lines('{ prefix: "/a" }')).hint ?? '', /"prefix"/);
  assert.match(onlyFault(t, lines('{ "prefix": /a }')).hint ?? '', /"\/a"/);
  const backslash = onlyFault(t, lines(String.raw`{ "prefix": "\\", target: "http://a" }`));
  assert.match(backslash.hint ?? backslash.message, /"target"/, 'no quote is missing here');
  assert.match(onlyFault(t, lines("{ 'prefix': '/a' }")).hint ?? '', /double quotes/);
});

test('an unknown service suggests the nearest', (t) => {
  const services = { users: { targets: ['http://localhost:4001'] }, orders: { targets: ['http://localhost:4002'] } };
  const fault = onlyFault(t, { services, routes: [{ prefix: '/a', service: 'user' }] });
  assert.match(fault.hint ?? '', /did you mean "users"\?/);
});
