import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { test } from 'node:test';
import { readModuleTree } from '../../../src/own/module-tree.ts';
import { createFolder } from '../../support/folders.ts';

test('a tree is the file and what it imports by relative paths, circles and all', (t) => {
  const folder = createFolder(t, {
    'a.ts': `import { x } from './b.ts';\nexport * from "./deep/c.ts";\nimport fs from 'node:fs';\nimport z from 'zod';`,
    'b.ts': `import './a.ts';\nconst d = await import('./d.json', { with: { type: 'json' } });`,
    'deep/c.ts': `const e = require('../e');`,
    'd.json': '{}',
    'e.js': '',
    'other.ts': '',
  });
  const { files, digest } = readModuleTree(`${folder}/a.ts`);
  assert.deepEqual(files.map((file) => relative(folder, file)).sort(), ['a.ts', 'b.ts', 'd.json', 'deep/c.ts', 'e.js']);
  assert.equal(readModuleTree(`${folder}/a.ts`).digest, digest);
  writeFileSync(`${folder}/other.ts`, '1');
  assert.equal(readModuleTree(`${folder}/a.ts`).digest, digest);
  writeFileSync(`${folder}/e.js`, '1');
  assert.notEqual(readModuleTree(`${folder}/a.ts`).digest, digest);
});

test('a file that is missing is part of the tree', (t) => {
  const folder = createFolder(t, { 'a.ts': `import './later.ts';` });
  const before = readModuleTree(`${folder}/a.ts`);
  assert.deepEqual(before.files, [`${folder}/a.ts`, `${folder}/later.ts`]);
  writeFileSync(`${folder}/later.ts`, '');
  assert.notEqual(readModuleTree(`${folder}/a.ts`).digest, before.digest);
});
