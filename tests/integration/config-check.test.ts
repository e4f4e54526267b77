import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { configFolder } from '../support/config-files.ts';

const TURNPIKE = fileURLToPath(new URL('../../src/start.cjs', import.meta.url));

function turnpike(t: TestContext, files: Readonly<Record<string, unknown>>, env: NodeJS.ProcessEnv = {}) {
  const cwd = configFolder(t, files);
  const { PATH } = process.env;
  return spawnSync(process.execPath, [TURNPIKE, 'check'], { cwd, env: { PATH, ...env }, encoding: 'utf8' });
}

const LIMITS = [{ limit: 100, window: '1s' }];
const ROUTE = { prefix: '/a', target: 'http://localhost:4001', auth: 'none', rateLimits: LIMITS };

test('check of a folder reads its .env, its routes.json and its routes.d', (t) => {
  const { status, stdout, stderr } = turnpike(t, {
    '.env': 'ROUTES_FILE=gateway.json\nUSERS=http://localhost:4001\n',
    'gateway.json': { routes: [{ ...ROUTE, target: '${ENV:USERS}' }] },
    'routes.d/team.json': { routes: [{ ...ROUTE, prefix: '/b' }] },
  });
  assert.deepEqual([status, stdout, stderr], [0, 'ok: 2 routes in 2 files\n', '']);
});

test('a variable that is really set wins over .env', (t) => {
  const { stdout } = turnpike(
    t,
    { '.env': 'ROUTES_FILE=none.json\n', 'real.json': { routes: [ROUTE] } },
    { ROUTES_FILE: 'real.json' },
  );
  assert.equal(stdout, 'ok: 1 route in 1 file\n');
});

test('a bad file ends with 78 and one readable message, without a stack', (t) => {
  const { status, stdout, stderr } = turnpike(t, { 'routes.json': '{\n  "routes": [\n    { "prefx": "/a" }\n  ]\n}' });
  assert.deepEqual([status, stdout], [78, '']);
  assert.equal(
    stderr,
    'routes.json:3:7 /routes/0/prefx  unknown key "prefx"\n    did you mean "prefix"?\n1 fault in the configuration\n',
  );
});

test('a folder without routes.json says how to make one', (t) => {
  const { status, stderr } = turnpike(t, {});
  assert.equal(status, 78);
  assert.match(stderr, /there is no such file\n {4}Make one: /);
});

test('what the message proposes for a missing file passes the check', (t) => {
  const { stderr } = turnpike(t, {});
  const [, example] = /Make one: (\{.*\}), or/.exec(stderr) ?? [];
  assert.equal(turnpike(t, { 'routes.json': example }).status, 0);
});

test('a secret that is missing is named, one that is there is never shown', (t) => {
  const secret = 'hunter2-hunter2';
  const files = { 'routes.json': { routes: [{ ...ROUTE, target: '${ENV:THERE}', name: '${ENV:GONE}' }] } };
  const { status, stderr } = turnpike(t, files, { THERE: secret });
  assert.equal(status, 78);
  assert.match(stderr, /\$\{ENV:GONE\}: this environment variable is not set/);
  assert.ok(!stderr.includes(secret));
});

test('a cors with credentials that names no origin is warned of; one that has origins is not', (t) => {
  const files = { 'routes.json': { routes: [{ ...ROUTE, cors: { credentials: true } }] } };
  const bare = turnpike(t, files);
  assert.equal(bare.status, 0);
  assert.match(bare.stdout + bare.stderr, /cors\.credentials of route "\/?a" lets nobody in/);
  const named = turnpike(t, files, { CORS_ORIGINS: 'https://app.example' });
  assert.doesNotMatch(named.stdout + named.stderr, /lets nobody in/);
});
