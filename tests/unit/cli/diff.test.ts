import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli } from '../../../src/cli.ts';
import { configFolder } from '../../support/config-files.ts';

async function run(argv: readonly string[]) {
  let out = '';
  let err = '';
  const code = await runCli(argv, { out: (text) => (out += text), err: (text) => (err += text), env: {} });
  return { code, out, err };
}

const ROUTE = { prefix: '/a', target: 'http://localhost:4001', auth: 'jwt' };

test('diff says in words what is different, and nothing where nothing is', async (t) => {
  const folder = configFolder(t, {
    'old.json': { routes: [ROUTE] },
    'new.json': { routes: [{ ...ROUTE, authorize: { roles: { any: ['admin'] } } }] },
    'bad.json': { routes: [{ prefx: '/a' }] },
  });
  const [old, next, bad] = ['old.json', 'new.json', 'bad.json'].map((name) => join(folder, name));
  assert.deepEqual(await run(['diff', old as string, next as string]), {
    code: 1,
    out: '/a now requires role admin\n',
    err: '',
  });
  assert.deepEqual(await run(['diff', old as string, old as string]), { code: 0, out: '', err: '' });
  assert.equal((await run(['diff', old as string])).code, 64);
  const broken = await run(['diff', old as string, bad as string]);
  assert.equal(broken.code, 78);
  assert.match(broken.err, /bad\.json/);
});
