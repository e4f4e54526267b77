import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError, renderConfigError } from '../../../src/config/config-error.ts';
import { loadRoutesWith } from '../../../src/config/load-with.ts';
import { configFolder, faultsOf, writeConfig } from '../../support/config-files.ts';
import { faultsIn, loadIn } from '../../support/sample-config.ts';
import { SAMPLE_STAGES } from '../../support/sample-stages.ts';

const target = 'http://localhost:4001';

test('all faults are told at once, in the order of the file, and counted', (t) => {
  const folder = configFolder(t, {
    'routes.json':
      '{\n"defaultPlan": 1,\n"services": { "BAD": { "targets": ["x"] } },\n"routes": [\n{ "prefix": "/a" },\n{ "prefix": "/b", "service": "nobody" },\n{ "prefix": "b" }] }',
  });
  const error = new ConfigError(
    faultsOf(() => loadRoutesWith(SAMPLE_STAGES, join(folder, 'routes.json'), { env: {} })),
  );
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

test('values arrive in the units of the code', (t) => {
  const { config } = loadIn(t, { routes: [{ prefix: '/a', target, bodyLimit: '1mb', timeouts: { total: '3s' } }] });
  const bytes: number | undefined = config.routes[0]?.bodyLimit;
  assert.equal(bytes, 1024 * 1024);
  assert.equal(config.routes[0]?.timeouts?.total, 3000);
});

test('of endless faults the first two hundred are told', (t) => {
  const routes = Array.from({ length: 500 }, (_, index) => ({ prefix: `/r${index}` }));
  assert.equal(faultsIn(t, { routes }).length, 200);
});

test('a broken file of routes.d hides the echoes of what it would have declared', (t) => {
  const found = faultsIn(t, { routes: [{ prefix: '/b', service: 'b' }] }, { 'routes.d/b.json': '{ "services": ' });
  assert.deepEqual(
    found.map(({ file }) => file),
    ['routes.d/b.json'],
  );
});

test('the hash changes with every file, and only with them', (t) => {
  const folder = configFolder(t, { 'routes.json': { routes: [] }, 'routes.d/a.json': { routes: [] } });
  const hash = () => loadRoutesWith(SAMPLE_STAGES, join(folder, 'routes.json')).hash;
  const first = hash();
  assert.equal(hash(), first);
  writeConfig(folder, 'routes.d/a.json', { routes: [{ prefix: '/a', target }] });
  assert.notEqual(hash(), first);
});
