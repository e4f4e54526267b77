import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../../src/cli.ts';
import { SECRET } from '../../support/auth.ts';
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

const LIMITS = [{ limit: 100, window: '1s' }];
const ROUTE = { prefix: '/a', target: 'http://localhost:4001', auth: 'none', rateLimits: LIMITS };

test('check of a good file is one line and exit code 0', async (t) => {
  const file = routesFile(t, { routes: [ROUTE] });
  assert.deepEqual(await run(['check', file]), { code: 0, out: `ok: 1 route in 1 file: ${file}\n`, err: '' });
});

test('check without a file takes the one of ROUTES_FILE', async (t) => {
  const file = routesFile(t, { routes: [ROUTE, { ...ROUTE, prefix: '/b' }] });
  assert.equal((await run(['check'], { ROUTES_FILE: file, ADMIN_PORT: '1' })).out, `ok: 2 routes in 1 file: ${file}\n`);
});

test('check of a bad file tells every fault and exits with 78', async (t) => {
  const file = routesFile(
    t,
    '{ "routes": [\n{ "prefx": "/a", "target": "http://localhost:4001" },\n{ "prefix": "/b" }] }',
  );
  const { code, out, err } = await run(['check', file]);
  assert.equal(code, 78);
  assert.equal(out, '');
  assert.match(err, /routes\.json:2:3 \/routes\/0\/prefx {2}unknown key "prefx"\n {4}did you mean "prefix"\?/);
  assert.match(err, /routes\.json:3:1 \/routes\/1 {2}leads nowhere/);
  assert.match(err, /2 faults in the configuration\n$/);
});

test('check tells a wrong setting too', async (t) => {
  const { code, err } = await run(['check', routesFile(t, { routes: [] })], { PORT: 'x' });
  assert.equal(code, 78);
  assert.match(err, /environment PORT {2}is not a port/);
});

test('check tells what is wrong with the settings and with the file in one round', async (t) => {
  const file = routesFile(t, { routes: [{ ...ROUTE, prefx: '/b' }] });
  const { code, err } = await run(['check'], { PORT: 'x', ROUTES_FILE: file, JWT_SECRET: 'short' });
  assert.equal(code, 78);
  assert.match(err, /environment PORT .*\n.*\nenvironment JWT_SECRET [\s\S]*routes\.json:\d+:\d+ \/routes\/0\/prefx /);
  assert.match(err, /3 faults in the configuration\n$/);
});

test("the project's own routes.json passes", async () => {
  const file = fileURLToPath(new URL('../../../routes.json', import.meta.url));
  const { code, err } = await run(['check', file], { JWT_SECRET: SECRET });
  assert.deepEqual({ code, err }, { code: 0, err: '' });
});

test('an unknown command or argument is a usage error', async () => {
  assert.equal((await run(['chekc'])).code, 64);
  assert.match((await run(['chekc'])).err, /did you mean "check"\?/);
  assert.equal((await run(['toString'])).code, 64);
  assert.equal((await run(['check', '--fast'])).code, 64);
  assert.equal((await run(['check', 'a', 'b'])).code, 64);
});

test('help lists the commands', async () => {
  const { code, out } = await run(['--help']);
  assert.equal(code, 0);
  assert.match(out, /^ {2}check +check the settings and routes\.json/m);
});
