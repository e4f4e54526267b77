import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadRoutesWith } from '../../../src/config/load-with.ts';
import { configFolder, faultsOf, writeConfig } from '../../support/config-files.ts';
import { SAMPLE_STAGES } from '../../support/sample-stages.ts';

function load(t: TestContext, main: unknown, files: Readonly<Record<string, unknown>> = {}) {
  const folder = configFolder(t, { 'routes.json': main, ...files });
  return loadRoutesWith(SAMPLE_STAGES, join(folder, 'routes.json'), { env: {} });
}

function faults(t: TestContext, main: unknown, files: Readonly<Record<string, unknown>> = {}) {
  const folder = configFolder(t, { 'routes.json': main, ...files });
  const found = faultsOf(() => loadRoutesWith(SAMPLE_STAGES, join(folder, 'routes.json'), { env: {} }));
  return found.map((fault) => ({ ...fault, file: fault.file.slice(folder.length + 1) }));
}

const target = 'http://localhost:4001';

test('comments, trailing commas and a byte order mark are no obstacle', (t) => {
  const { config } = load(
    t,
    `\uFEFF{ // users\n "routes": [{ "prefix": "/a", /* here */ "target": "${target}", }, ], }`,
  );
  assert.equal(config.routes[0]?.target, target);
});

test('values arrive in the units of the code', (t) => {
  const { config } = load(t, { routes: [{ prefix: '/a', target, bodyLimit: '1mb', timeouts: { total: '3s' } }] });
  const bytes: number | undefined = config.routes[0]?.bodyLimit;
  assert.equal(bytes, 1024 * 1024);
  assert.equal(config.routes[0]?.timeouts?.total, 3000);
});

test('defaults lie under every route: objects merge, lists replace', (t) => {
  const { config } = load(t, {
    defaults: { timeouts: { connect: '1s', total: '9s' }, auth: ['jwt', 'api-key'], bodyLimit: '1kb' },
    routes: [
      { prefix: '/a', target },
      { prefix: '/b', target, timeouts: { total: '2s' }, auth: ['jwt'] },
    ],
  });
  assert.deepEqual(
    config.routes.map(({ timeouts, auth, bodyLimit }) => ({ timeouts, auth, bodyLimit })),
    [
      { timeouts: { connect: 1000, total: 9000 }, auth: ['jwt', 'api-key'], bodyLimit: 1024 },
      { timeouts: { connect: 1000, total: 2000 }, auth: ['jwt'], bodyLimit: 1024 },
    ],
  );
});

test('null takes away a default, and is no value of its own', (t) => {
  const { config } = load(t, {
    defaults: { timeouts: { connect: '1s', total: '9s' }, bodyLimit: '1kb' },
    routes: [{ prefix: '/a', target, bodyLimit: null, timeouts: { total: null }, rateLimits: null }],
  });
  const [route] = config.routes;
  assert.equal(route?.bodyLimit, undefined);
  assert.equal(route?.rateLimits, undefined);
  assert.deepEqual(route?.timeouts, { connect: 1000 });
});

test('a fault in the defaults is told once, at its place there', (t) => {
  const text = `{\n"defaults": {\n  "bodyLimit": 5, "timeout": {} },\n"routes": [{ "prefix": "/a", "target": "x" }, { "prefix": "/b", "target": "x" }] }`;
  assert.deepEqual(
    faults(t, text).map(({ line, column, path, hint }) => [line, column, path, hint]),
    [
      [3, 16, '/defaults/bodyLimit', undefined],
      [3, 19, '/defaults/timeout', 'did you mean "timeouts"?'],
    ],
  );
});

test('a fault in the defaults stays one fault however many routes meet it', (t) => {
  const routes = Array.from({ length: 500 }, (_, index) => ({ prefix: `/r${index}`, target }));
  assert.equal(faults(t, { defaults: { bodyLimit: 5 }, routes }).length, 1);
});

test('of endless faults the first two hundred are told', (t) => {
  const routes = Array.from({ length: 500 }, (_, index) => ({ prefix: `/r${index}` }));
  assert.equal(faults(t, { routes }).length, 200);
});

test('a prefix or a name is no default', (t) => {
  assert.deepEqual(
    faults(t, { defaults: { prefix: '/a', name: 'x' }, routes: [] }).map(({ path }) => path),
    ['/defaults/prefix', '/defaults/name'],
  );
});

test('the files of routes.d are appended in the order of their names, each under its own defaults', (t) => {
  const { config, files } = load(
    t,
    { defaults: { bodyLimit: '1kb' }, routes: [{ prefix: '/main', target }] },
    {
      'routes.d/20-b.json': { routes: [{ prefix: '/b', target }] },
      'routes.d/10-a.json': { defaults: { bodyLimit: '2kb' }, routes: [{ prefix: '/a', target }] },
      'routes.d/notes.txt': 'not a configuration',
      'routes.d/.hidden.json': '{',
    },
  );
  assert.deepEqual(
    config.routes.map(({ prefix, bodyLimit }) => [prefix, bodyLimit]),
    [
      [['/main'], 1024],
      [['/a'], 2048],
      [['/b'], undefined],
    ],
  );
  assert.deepEqual(
    files.map((file) => file.split('/').slice(-1)[0]),
    ['routes.json', '10-a.json', '20-b.json'],
  );
});

test('services and consumers of all files are united, and a route may use those of another file', (t) => {
  const { config } = load(
    t,
    { services: { a: { targets: ['x'] } }, consumers: [{ name: 'one' }], routes: [{ prefix: '/b', service: 'b' }] },
    { 'routes.d/b.json': { services: { b: { targets: ['y'] } }, consumers: [{ name: 'two' }] } },
  );
  assert.deepEqual(Object.keys(config.services), ['a', 'b']);
  assert.deepEqual(
    config.consumers.map(({ name }) => name),
    ['one', 'two'],
  );
});

test('a name that two files give is a fault that names the first', (t) => {
  const own = { services: { a: { targets: ['x'] } }, consumers: [{ name: 'one' }], defaultPlan: 'free' };
  const found = faults(
    t,
    { ...own, routes: [{ name: 'r', prefix: '/r', target }] },
    {
      'routes.d/b.json': { ...own, routes: [{ name: 'r', prefix: '/s', target }] },
    },
  );
  assert.deepEqual(
    found.map(({ file, path, message }) => [file, path, message]),
    [
      ['routes.d/b.json', '/services/a', '"a" is already in services'],
      ['routes.d/b.json', '/consumers/0/name', '"one" is already in consumers'],
      ['routes.d/b.json', '/defaultPlan', '"defaultPlan" is already set'],
      ['routes.d/b.json', '/routes/0/name', '"r" is already in routes'],
    ],
  );
  assert.match(found[0]?.hint ?? '', /routes\.json:3/);
});

test('faults of routes.d carry the path within their own file', (t) => {
  const found = faults(
    t,
    { routes: [{ prefix: '/a', target }] },
    { 'routes.d/b.json': { routes: [{ prefix: '/b', target: 1 }] } },
  );
  assert.deepEqual(
    found.map(({ file, path }) => [file, path]),
    [['routes.d/b.json', '/routes/0/target']],
  );
});

test('a broken file of routes.d hides the echoes of what it would have declared', (t) => {
  const found = faults(t, { routes: [{ prefix: '/b', service: 'b' }] }, { 'routes.d/b.json': '{ "services": ' });
  assert.deepEqual(
    found.map(({ file }) => file),
    ['routes.d/b.json'],
  );
});

test('a route that stays as it is stays the very same object over a reload', (t) => {
  const folder = configFolder(t, {
    'routes.json': {
      routes: [
        { prefix: '/a', target },
        { prefix: '/b', target },
      ],
    },
  });
  const routes = () => loadRoutesWith(SAMPLE_STAGES, join(folder, 'routes.json')).config.routes;
  const [first] = routes();
  writeConfig(folder, 'routes.json', {
    routes: [
      { prefix: '/new', target },
      { prefix: '/a', target },
    ],
  });
  const [added, kept, ...others] = routes();
  assert.equal(kept, first);
  assert.deepEqual([added?.prefix, others], [['/new'], []]);
});

test('the hash changes with every file, and only with them', (t) => {
  const folder = configFolder(t, { 'routes.json': { routes: [] }, 'routes.d/a.json': { routes: [] } });
  const hash = () => loadRoutesWith(SAMPLE_STAGES, join(folder, 'routes.json')).hash;
  const first = hash();
  assert.equal(hash(), first);
  writeConfig(folder, 'routes.d/a.json', { routes: [{ prefix: '/a', target }] });
  assert.notEqual(hash(), first);
});
