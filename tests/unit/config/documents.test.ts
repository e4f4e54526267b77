import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DocumentReader, documentStamps } from '../../../src/config/documents.ts';
import { loadRoutes } from '../../../src/config/load.ts';
import { configFolder, writeConfig } from '../../support/config-files.ts';

test('a document comes with all that it refers to, and what goes round is read once', (t) => {
  const folder = configFolder(t, {
    'a.json': { $ref: './sub/b.json#/x' },
    'sub/b.json': { x: { $ref: 'c.yaml' }, y: { $ref: 'https://a.example/d.json' } },
    'sub/c.yaml': 'items: { $ref: "../a.json" }\n',
  });
  const found = new DocumentReader().attach('./a.json', folder);
  assert.ok(!('problem' in found));
  assert.deepEqual([...found.beside.keys()].sort(), [join(folder, 'sub/b.json'), join(folder, 'sub/c.yaml')]);
});

test('a document that is as it was is the very same object, and one that has changed is another', (t) => {
  const folder = configFolder(t, { 'a.json': { $ref: 'b.json' }, 'b.json': {} });
  const first = new DocumentReader();
  const before = first.attach('./a.json', folder);
  const second = new DocumentReader(first.documents);
  assert.equal(second.attach('./a.json', folder), before);
  writeConfig(folder, 'b.json', { type: 'string' });
  assert.notEqual(new DocumentReader(second.documents).attach('./a.json', folder), before);
});

test('the state of a document tells of its changes, and of those of what it refers to', (t) => {
  const folder = configFolder(t, { 'a.json': { $ref: 'b.json' }, 'b.json': {} });
  const text = '{"routes":[{"openapi":"./a.json","prefix":"/b.json"}]}';
  const before = documentStamps(text, folder).join('\n');
  assert.equal(documentStamps(text, folder).join('\n'), before);
  utimesSync(join(folder, 'b.json'), 1, 1);
  assert.notEqual(documentStamps(text, folder).join('\n'), before);
});

test('the hash of a configuration is over its documents too, and a route whose document has changed is another', (t) => {
  const route = { prefix: '/x', target: 'http://localhost:4001', auth: 'none', validate: { body: './a.json' } };
  const folder = configFolder(t, {
    'routes.json': { routes: [route, { ...route, prefix: '/y', validate: {} }] },
    'a.json': {},
  });
  const load = () => loadRoutes(join(folder, 'routes.json'), { env: {} });
  const before = load();
  const same = load();
  assert.equal(same.hash, before.hash);
  assert.equal(same.config.routes[0], before.config.routes[0]);
  writeConfig(folder, 'a.json', { type: 'object' });
  const after = load();
  assert.notEqual(after.hash, before.hash);
  assert.notEqual(after.config.routes[0], before.config.routes[0]);
  assert.equal(after.config.routes[1], before.config.routes[1]);
});
