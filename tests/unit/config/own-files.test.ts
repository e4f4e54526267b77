import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ownStageStamps } from '../../../src/config/own-files.ts';
import { createFolder } from '../../support/folders.ts';

test('the stamps are those of a stage and of what it imports, and the folders are told', (t) => {
  const folder = createFolder(t, { 'stages/a.ts': `import '../lib/b.ts';`, 'lib/b.ts': '', 'lib/c.ts': '' });
  const text = '{ "use": ["./stages/a.ts", { "stage": "./stages/a.ts" }], "other": "./x.json" }';
  const folders = new Set<string>();
  const look = () => ownStageStamps(text, folder, folders).join('\n');
  const before = look();
  assert.equal(before.split('\n').length, 2);
  assert.deepEqual([...folders].sort(), [`${folder}/lib`, `${folder}/stages`]);
  writeFileSync(`${folder}/lib/c.ts`, 'changed');
  assert.equal(look(), before);
  writeFileSync(`${folder}/lib/b.ts`, `import './c.ts';`);
  const after = look();
  assert.equal(after.split('\n').length, 3);
  assert.notEqual(after, before);
});
