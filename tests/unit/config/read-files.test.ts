import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadRoutesWith } from '../../../src/config/load-with.ts';
import { configFolder, faultsOf } from '../../support/config-files.ts';
import { loadIn } from '../../support/sample-config.ts';
import { SAMPLE_STAGES } from '../../support/sample-stages.ts';

const target = 'http://localhost:4001';

test('a missing file says how to make one', (t) => {
  const folder = configFolder(t, {});
  const [fault] = faultsOf(() => loadRoutesWith(SAMPLE_STAGES, join(folder, 'routes.json')));
  assert.equal(fault?.message, 'there is no such file');
  assert.match(fault?.hint ?? '', /"prefix": "\/api\/users"/);
});

test('the files of routes.d are appended in the order of their names, each under its own defaults', (t) => {
  const { config, files } = loadIn(
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
