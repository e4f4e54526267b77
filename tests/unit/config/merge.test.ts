import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadRoutesWith } from '../../../src/config/load-with.ts';
import { configFolder, writeConfig } from '../../support/config-files.ts';
import { faultsIn, loadIn } from '../../support/sample-config.ts';
import { SAMPLE_STAGES } from '../../support/sample-stages.ts';

const target = 'http://localhost:4001';

test('defaults lie under every route: objects merge, lists replace', (t) => {
  const { config } = loadIn(t, {
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
  const { config } = loadIn(t, {
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
    faultsIn(t, text).map(({ line, column, path, hint }) => [line, column, path, hint]),
    [
      [3, 16, '/defaults/bodyLimit', undefined],
      [3, 19, '/defaults/timeout', 'did you mean "timeouts"?'],
    ],
  );
});

test('a fault in the defaults stays one fault however many routes meet it', (t) => {
  const routes = Array.from({ length: 500 }, (_, index) => ({ prefix: `/r${index}`, target }));
  assert.equal(faultsIn(t, { defaults: { bodyLimit: 5 }, routes }).length, 1);
});

test('a prefix or a name is no default', (t) => {
  assert.deepEqual(
    faultsIn(t, { defaults: { prefix: '/a', name: 'x' }, routes: [] }).map(({ path }) => path),
    ['/defaults/prefix', '/defaults/name'],
  );
});

test('services and consumers of all files are united, and a route may use those of another file', (t) => {
  const { config } = loadIn(
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
  const found = faultsIn(
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
  const found = faultsIn(
    t,
    { routes: [{ prefix: '/a', target }] },
    { 'routes.d/b.json': { routes: [{ prefix: '/b', target: 1 }] } },
  );
  assert.deepEqual(
    found.map(({ file, path }) => [file, path]),
    [['routes.d/b.json', '/routes/0/target']],
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
