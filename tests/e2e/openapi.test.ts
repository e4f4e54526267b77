import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { configFolder } from '../support/config-files.ts';
import { startProcess } from '../support/process.ts';

test('openapi prints one document of all routes, as JSON or YAML, and nothing but it', async (t) => {
  const routes = [
    { prefix: '/users', target: 'http://localhost:4001' },
    { prefix: '/inside', target: 'http://localhost:4001', ipAllow: ['10.0.0.0/8'] },
  ];
  const cwd = configFolder(t, { 'routes.json': { routes } });
  const run = async (...argv: string[]) => {
    const running = startProcess(t, { argv: ['openapi', ...argv], cwd });
    return { code: await running.exited, out: running.stdout, err: running.stderr };
  };
  const json = await run('--server', 'https://api.example.com', '--title', 'Shop');
  assert.equal(json.code, 0);
  const document = JSON.parse(json.out);
  assert.deepEqual([document.info.title, document.servers], ['Shop', [{ url: 'https://api.example.com' }]]);
  assert.deepEqual(Object.keys(document.paths), ['/users']);
  assert.equal(json.err, '/inside: left out, for some addresses alone (--all has it)\n');
  const yaml = await run('--server', 'https://api.example.com', '--title', 'Shop', '--yaml');
  assert.deepEqual(parse(yaml.out), document);
  assert.deepEqual(Object.keys(JSON.parse((await run('--all')).out).paths), ['/inside', '/users']);
  assert.equal((await run('--server', 'nonsense')).code, 64);
  assert.equal((await run('none.json')).code, 78);
});
