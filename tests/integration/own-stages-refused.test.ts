import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFolder } from '../support/folders.ts';
import { ask } from '../support/http.ts';
import { stageSource, startOwn } from '../support/own-modules.ts';

test('what is no stage is refused with the reason at the route that uses it', async (t) => {
  const { gateway, config } = await startOwn(t, stageSource('request() {}'));
  const folder = createFolder(t);
  const use = async (name: string, source: string | undefined) => {
    const file = join(folder, name);
    if (source !== undefined) writeFileSync(file, source);
    const routes = [config.routes[1], { ...config.routes[0], use: [file] }];
    const { result, faults } = await gateway.reload({ routes });
    return [result, faults.length, faults[0]?.path?.startsWith('/routes/1'), faults[0]?.message].join(' ');
  };
  const circle = "const s = { type: 'object', properties: {} }; s.properties.s = s;\n";
  const stage = stageSource('request() {}', 'schema: s,');
  assert.match(await use('circle.mjs', circle + stage), /^refused 1 true .*its schema is none: .*circular/);
  const named = stage.replace("'probe'", "'constructor'").replace('schema: s,', '');
  assert.match(await use('named.mjs', named), /^refused 1 true .*member of every object/);
  const odd = 'export default new Proxy({}, { getOwnPropertyDescriptor() { throw new Error("odd"); } });';
  assert.match(await use('odd.mjs', odd), /^refused 1 true .*odd/);
  execFileSync('mkfifo', [join(folder, 'pipe.mjs')]);
  assert.match(await use('pipe.mjs', undefined), /^refused 1 true .*it is no file/);
  const importing = `import './pipe.mjs';\n${stageSource('request() {}')}`;
  assert.match(await use('importing.mjs', importing), /^refused 1 true .*pipe\.mjs, which it imports, is no file/);
  assert.equal((await ask(`${gateway.url}/a`)).status, 200);
});

test('a stage that adds to every object is refused, each time, and what it added is gone', async (t) => {
  const { gateway, config } = await startOwn(t, stageSource('request() {}'));
  const file = join(createFolder(t), 'adds.mjs');
  for (const source of [
    `Object.prototype.added = 1;\n${stageSource('request() {}')}`,
    stageSource('request() {}').replace('{ return', '{ Object.prototype.added = 1; return'),
  ]) {
    writeFileSync(file, source);
    for (let i = 0; i < 2; i += 1) {
      const { result, faults } = await gateway.reload({ routes: [{ ...config.routes[0], use: [file] }] });
      assert.equal(result, 'refused');
      assert.match(String(faults[0]?.message), /adds "added" to Object\.prototype/);
      assert.equal('added' in {}, false);
    }
  }
});
