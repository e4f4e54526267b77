import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError, type Fault, renderConfigError } from '../../../src/config/config-error.ts';
import { loadRoutesWith } from '../../../src/config/load-with.ts';
import { configFolder, faultsOf } from '../../support/config-files.ts';
import { SAMPLE_STAGES } from '../../support/sample-stages.ts';

type Context = Parameters<typeof configFolder>[0];

function faultsIn(t: Context, text: unknown, files: Readonly<Record<string, unknown>> = {}): readonly Fault[] {
  const folder = configFolder(t, { 'routes.json': text, ...files });
  const faults = faultsOf(() => loadRoutesWith(SAMPLE_STAGES, join(folder, 'routes.json'), { env: {} }));
  return faults.map((fault) => ({ ...fault, file: fault.file.slice(folder.length + 1) }));
}

/** The one fault that a route with these keys has. */
function faultOfRoute(t: Context, route: object): Fault {
  const faults = faultsIn(t, { routes: [{ prefix: '/a', target: 'http://a', ...route }] });
  assert.equal(faults.length, 1, JSON.stringify(faults));
  return faults[0] as Fault;
}

test('an unknown key is told with file, line, column, path and what was meant', (t) => {
  const text =
    '{\n  "routes": [\n    { "prefix": "/a", "target": "http://a" },\n    { "prefx": "/b", "target": "http://a" }\n  ]\n}\n';
  assert.deepEqual(faultsIn(t, text), [
    {
      file: 'routes.json',
      line: 4,
      column: 7,
      path: '/routes/1/prefx',
      message: 'unknown key "prefx"',
      hint: 'did you mean "prefix"?',
    },
  ]);
});

test('a fault deep inside a route points at the very value', (t) => {
  const text =
    '{ "routes": [{ "prefix": "/a", "target": "http://a",\n  "rateLimits": [\n    { "limit": 0, "window": "1m" }] }] }';
  const [fault, ...others] = faultsIn(t, text);
  assert.deepEqual(others, []);
  assert.deepEqual([fault?.line, fault?.column, fault?.path], [3, 16, '/routes/0/rateLimits/0/limit']);
  assert.equal(fault?.message, 'must be at least 1');
});

test('all faults are told at once, in the order of the file, and counted', (t) => {
  const folder = configFolder(t, {
    'routes.json':
      '{\n"defaultPlan": 1,\n"services": { "BAD": { "targets": ["x"] } },\n"routes": [\n{ "prefix": "/a" },\n{ "prefix": "/b", "service": "nobody" },\n{ "prefix": "b" }] }',
  });
  const error = errorOf(() => loadRoutesWith(SAMPLE_STAGES, join(folder, 'routes.json'), { env: {} }));
  assert.deepEqual(
    error.faults.map(({ line, path }) => [line, path]),
    [
      [2, '/defaultPlan'],
      [3, '/services/BAD'],
      [5, '/routes/0'],
      [7, '/routes/2/prefix'],
    ],
  );
  assert.match(renderConfigError(error), /4 faults in the configuration\n$/);
});

test('what stages check stands beside what the schema found', (t) => {
  const faults = faultsIn(t, {
    routes: [
      { prefix: '/a', service: 'nobody' },
      { prefix: '/b', target: 7 },
    ],
  });
  assert.deepEqual(
    faults.map(({ path, message }) => [path, message]),
    [
      ['/routes/0/service', 'there is no service "nobody"'],
      ['/routes/1/target', 'expected a string, got a number'],
    ],
  );
});

test('the index of a checked route counts the routes that are faulty themselves', (t) => {
  const faults = faultsIn(t, { routes: [{ prefix: 1 }, { prefix: '/b', service: 'nobody' }] });
  assert.deepEqual(
    faults.map(({ path }) => path),
    ['/routes/0/prefix', '/routes/1/service'],
  );
});

test('a missing key is told at the object that lacks it', (t) => {
  const fault = faultOfRoute(t, { rateLimits: [{ limit: 1 }] });
  assert.equal(fault.path, '/routes/0/rateLimits/0/window');
  assert.equal(fault.message, 'is missing: expected a duration such as "30s" (units: ms, s, m, h, d)');
});

test('a bare number for a duration says that a unit is missing', (t) => {
  assert.match(
    faultOfRoute(t, { rateLimits: [{ limit: 1, window: 60 }] }).message,
    /needs a unit: "30s", not a bare number/,
  );
});

test('a fraction where a whole number is needed is called one', (t) => {
  const fault = faultOfRoute(t, { rateLimits: [{ limit: 1.5, window: '1m' }] });
  assert.equal(fault.message, 'expected a whole number, got a fraction');
});

test('a value that fits no form of a union names the forms in words, and the nearest one', (t) => {
  const fault = faultOfRoute(t, { auth: 'jtw' });
  assert.equal(fault.message, 'expected "none", "jwt", "api-key" or a list');
  assert.equal(fault.hint, 'did you mean "jwt"?');
});

test('a value that has one form of a union is judged by that form alone', (t) => {
  const fault = faultOfRoute(t, { auth: ['jwt', 'api_key'] });
  assert.deepEqual(
    [fault.path, fault.message, fault.hint],
    ['/routes/0/auth/1', 'expected "jwt" or "api-key"', 'did you mean "api-key"?'],
  );
});

test('a key that no form of a union knows is compared with the keys of all of them', (t) => {
  const fault = faultOfRoute(t, { balance: { stiky: 'session' } });
  assert.deepEqual([fault.path, fault.hint], ['/routes/0/balance/stiky', 'did you mean "sticky"?']);
  assert.equal(faultOfRoute(t, { balance: { xyz: 1 } }).hint, 'Known here: hash, sticky.');
});

test('the same wrong word on two routes gets its own suggestion each', (t) => {
  const routes = [
    { prefix: '/a', target: 'x', auth: ['jwtt'] },
    { prefix: '/b', target: 'x', auth: ['apikey'] },
  ];
  assert.deepEqual(
    faultsIn(t, { routes }).map(({ hint }) => hint),
    ['did you mean "jwt"?', 'did you mean "api-key"?'],
  );
});

test('keys in another style are recognised', (t) => {
  assert.equal(faultOfRoute(t, { rate_limits: [] }).hint, 'did you mean "rateLimits"?');
  assert.equal(faultOfRoute(t, { ratelimit: [] }).hint, 'did you mean "rateLimits"?');
  assert.equal(faultOfRoute(t, { zzzzzzzzzzz: 1 }).hint, undefined);
});

test('unknown keys at the top of the file and inside a list are told', (t) => {
  const faults = faultsIn(t, {
    servces: {},
    services: { a: { targets: [{ url: 'x', weight: 1, wait: 2 }] } },
    routes: [],
  });
  assert.deepEqual(
    faults.map(({ path }) => path),
    ['/servces', '/services/a/targets/0/wait'],
  );
});

test('a key that is written twice is a fault', (t) => {
  const [fault] = faultsIn(t, '{ "routes": [{ "prefix": "/a",\n "target": "x",\n "target": "y" }] }');
  assert.deepEqual(
    [fault?.line, fault?.message, fault?.hint],
    [3, 'the key "target" is written twice', 'The first is on line 2.'],
  );
});

test('the name __proto__ is refused', (t) => {
  const [fault] = faultsIn(t, '{ "services": { "__proto__": { "targets": [] } }, "routes": [] }');
  assert.match(fault?.message ?? '', /can't be used/);
});

test('a path in the fault escapes slashes as JSON Pointer does', (t) => {
  const [fault] = faultsIn(t, { services: { 'a/b~c': { targets: ['x'] } }, routes: [] });
  assert.equal(fault?.path, '/services/a~1b~0c');
});

test('only the first syntax error is told, at its place', (t) => {
  const faults = faultsIn(t, '{\n "routes": [\n  { "prefix" "/a" }\n ]\n}');
  assert.deepEqual(
    faults.map(({ line, column, message }) => [line, column, message]),
    [[3, 14, 'is not JSON: expected ":" after the key']],
  );
});

for (const [what, text, message] of [
  ['an empty file', ' \n', /the file is empty/],
  ['a list', '[]', /expected an object/],
  ['routes that are no list', '{ "routes": {} }', /expected a list/],
  ['a route that is no object', '{ "routes": [7] }', /expected an object/],
  ['thousands of open brackets', '['.repeat(200_000), /nested too deeply|not JSON/],
] as const) {
  test(`${what} is told as a fault`, (t) => {
    assert.match(faultsIn(t, text)[0]?.message ?? '', message);
  });
}

test('a missing file says how to make one', (t) => {
  const folder = configFolder(t, {});
  const [fault] = faultsOf(() => loadRoutesWith(SAMPLE_STAGES, join(folder, 'routes.json')));
  assert.equal(fault?.message, 'there is no such file');
  assert.match(fault?.hint ?? '', /"prefix": "\/api\/users"/);
});

test('two routes with the very same conditions are a fault that names the first', (t) => {
  const text =
    '{ "routes": [\n{ "prefix": "/a/:id", "target": "x", "methods": ["GET", "POST"] },\n{ "prefix": "/a/:name", "target": "y", "methods": ["POST", "GET"] }] }';
  const [fault, ...others] = faultsIn(t, text);
  assert.deepEqual(others, []);
  assert.equal(fault?.path, '/routes/1/prefix');
  assert.match(fault?.message ?? '', /very same conditions as the route at .*routes\.json:2/);
});

test('routes that differ in methods, hosts or headers may share a prefix', (t) => {
  const route = { prefix: '/a', target: 'x' };
  const routes = [
    route,
    { ...route, methods: ['GET'] },
    { ...route, hosts: ['a.example'] },
    { ...route, headers: { 'x-beta': '1' } },
  ];
  const folder = configFolder(t, { 'routes.json': { routes } });
  assert.equal(loadRoutesWith(SAMPLE_STAGES, join(folder, 'routes.json')).config.routes.length, 4);
});

for (const prefix of ['/health', '/health/live', '/-', '/-/me']) {
  test(`a route that claims ${prefix} is refused`, (t) => {
    assert.match(faultOfRoute(t, { prefix }).message, /belongs to the gateway/);
  });
}

test('a route near the reserved paths is fine', (t) => {
  const routes = ['/healthy', '/-x', '/api/health'].map((prefix) => ({ prefix, target: 'x' }));
  const folder = configFolder(t, { 'routes.json': { routes } });
  assert.equal(loadRoutesWith(SAMPLE_STAGES, join(folder, 'routes.json')).config.routes.length, 3);
});

test('a route has exactly one ending', (t) => {
  assert.match(faultOfRoute(t, { target: undefined }).message, /leads nowhere/);
  const services = { a: { targets: ['x'] } };
  const [fault] = faultsIn(t, { services, routes: [{ prefix: '/a', service: 'a', target: 'x' }] });
  assert.match(fault?.message ?? '', /one ending, and this one has "service" too/);
});

function errorOf(run: () => unknown): ConfigError {
  return new ConfigError(faultsOf(run));
}
