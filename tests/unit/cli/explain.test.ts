import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCli } from '../../../src/cli.ts';
import { configFolder } from '../../support/config-files.ts';

async function run(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  let out = '';
  let err = '';
  const code = await runCli(argv, { out: (text) => (out += text), err: (text) => (err += text), env });
  return { code, out, err };
}

function routesFile(t: TestContext, content: unknown): string {
  return join(configFolder(t, { 'routes.json': content }), 'routes.json');
}

const FILE = {
  routes: [
    { prefix: '/open', target: 'http://localhost:4001', auth: 'none' },
    { prefix: '/closed', target: 'http://localhost:4001', auth: 'none', maintenance: true },
    { prefix: '/mine', target: 'http://localhost:4001', auth: 'api-key' },
  ],
};

test('the exit code is the class of the status: 0, 4 or 5', async (t) => {
  const file = routesFile(t, FILE);
  for (const [url, code] of [
    ['/open/x', 0],
    ['/mine', 4],
    ['/nowhere', 4],
    ['/closed', 5],
  ] as const)
    assert.equal((await run(['explain', '--file', file, url])).code, code, url);
});

test('the words of curl are understood, and what the service would get is told without the secret', async (t) => {
  const file = routesFile(t, FILE);
  const argv = [
    '--',
    'curl',
    '-s',
    '-X',
    'PUT',
    '-H',
    'Authorization: Bearer s3cret-value',
    '-d',
    'a',
    'localhost:3000/open/1?x=2',
  ];
  const { code, out } = await run(['explain', '--file', file, ...argv]);
  assert.equal(code, 0);
  assert.match(out, /^PUT \/open\/1\?x=2 would pass to http:\/\/localhost:4001/);
  assert.match(out, /The service would get PUT http:\/\/localhost:4001\/1\?x=2/);
  assert.match(out, /authorization: \*\*\*/);
  assert.doesNotMatch(out, /s3cret/);
});

test('--json tells all of it, for a program', async (t) => {
  const { out } = await run(['explain', '--file', routesFile(t, FILE), '--json', '/mine']);
  const told = JSON.parse(out);
  assert.deepEqual([told.outcome, told.code, told.route], ['refused', 'unauthenticated', '/mine']);
});

test('without a gateway the file is explained, and that is said; with --admin it is an error', async (t) => {
  const env = { ROUTES_FILE: routesFile(t, FILE), ADMIN_PORT: '1' };
  const offline = await run(['explain', 'GET', '/open/x'], env);
  assert.equal(offline.code, 0);
  assert.match(offline.err, /^No gateway runs/);
  const asked = await run(['explain', '--admin', 'http://127.0.0.1:1', '/open/x'], env);
  assert.equal(asked.code, 69);
  assert.match(asked.err, /nobody answers at http:\/\/127\.0\.0\.1:1/);
});

test('a wrong call says what is wrong', async () => {
  assert.equal((await run(['explain'])).code, 64);
  assert.match((await run(['explain', '--', 'curl', '-F', 'a=b', 'h/'])).err, /curl --form/);
  assert.match((await run(['explain', '/x', '--address', 'here'])).err, /IP address/);
});
