import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { aiFile } from '../../scripts/demo/ai-parts.ts';
import { createOverlay } from '../../scripts/demo/routes-overlay.ts';
import { SECRET } from '../support/auth.ts';
import { configFolder } from '../support/config-files.ts';

const TURNPIKE = fileURLToPath(new URL('../../src/start.cjs', import.meta.url));

function turnpike(
  t: TestContext,
  files: Readonly<Record<string, unknown>>,
  env: NodeJS.ProcessEnv = {},
  ...argv: string[]
) {
  const cwd = configFolder(t, files);
  const { PATH } = process.env;
  return spawnSync(process.execPath, [TURNPIKE, 'check', ...argv], { cwd, env: { PATH, ...env }, encoding: 'utf8' });
}

/** What is told, without the path of the file that was checked, which stands last. */
const withoutPath = (text: string): string => text.replace(/: \/\S+\/\S+\n$/, '\n');

const LIMITS = [{ limit: 100, window: '1s' }];
const ROUTE = { prefix: '/a', target: 'http://localhost:4001', auth: 'none', rateLimits: LIMITS };

test('check of a folder reads its .env, its routes.json and its routes.d', (t) => {
  const { status, stdout, stderr } = turnpike(t, {
    '.env': 'ROUTES_FILE=gateway.json\nUSERS=http://localhost:4001\n',
    'gateway.json': { routes: [{ ...ROUTE, target: '${ENV:USERS}' }] },
    'routes.d/team.json': { routes: [{ ...ROUTE, prefix: '/b' }] },
  });
  assert.deepEqual([status, withoutPath(stdout), stderr], [0, 'ok: 2 routes in 2 files\n', '']);
  assert.match(stdout, /: \/.*\/gateway\.json\n$/);
});

test('a variable that is really set wins over .env', (t) => {
  const { stdout } = turnpike(
    t,
    { '.env': 'ROUTES_FILE=none.json\n', 'real.json': { routes: [ROUTE] } },
    { ROUTES_FILE: 'real.json' },
  );
  assert.match(stdout, /^ok: 1 route in 1 file: \/.*\/real\.json\n$/);
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

const PUBLIC = { prefix: '/b', target: 'http://localhost:4001', auth: 'none' };

test('--json is one document on standard output, with faults and findings, and the exit codes stay', (t) => {
  const open = { 'routes.json': { routes: [ROUTE, PUBLIC] } };
  const found = turnpike(t, open, {}, '--json');
  assert.deepEqual([found.status, found.stderr], [0, '']);
  const { ok, counts, routes, faults, findings } = JSON.parse(found.stdout);
  assert.deepEqual([ok, counts, routes, faults], [true, { error: 0, warning: 1, info: 0 }, 2, []]);
  assert.equal(findings[0].id, 'public-without-limit');
  assert.match(`${findings[0].file}:${findings[0].line}${findings[0].path}`, /^routes\.json:\d+\/routes\/1$/);
  assert.equal(turnpike(t, open, {}, '--json', '--strict').status, 1);
  const secret = 'changemechangemechangemechangeme';
  const faulty = turnpike(
    t,
    { 'routes.json': { routes: [{ ...PUBLIC, prefx: 1 }] } },
    { JWT_SECRET: secret },
    '--json',
  );
  assert.equal(faulty.status, 78);
  const told = JSON.parse(faulty.stdout);
  assert.deepEqual([told.ok, told.faults.length, told.findings[0].id], [false, 1, 'weak-secret']);
  assert.ok(!faulty.stdout.includes(secret));
});

test('faults come first, and findings after them, in one round', (t) => {
  const files = { 'routes.json': { routes: [{ ...PUBLIC, prefx: 1 }] } };
  const { status, stdout, stderr } = turnpike(t, files, { TRUST_PROXY: '9' });
  assert.deepEqual([status, stdout], [78, '']);
  assert.match(
    stderr,
    /^routes\.json:.*prefx[\s\S]*1 fault in the configuration\nenvironment TRUST_PROXY .*\[trust-many-hops\]\n/,
  );
});

test('a setting of .env is found at its line there', (t) => {
  const files = { '.env': 'PORT=3000\nTRUST_PROXY=9\n', 'routes.json': { routes: [] } };
  assert.match(turnpike(t, files).stderr, /^\.env:2:1 TRUST_PROXY {2}warning: /);
});

test('--strict fails on warnings and errors, not on what is worth knowing', (t) => {
  const slow = { ...ROUTE, timeouts: { headers: '2m' } };
  const { status, stdout, stderr } = turnpike(t, { 'routes.json': { routes: [slow] } }, {}, '--strict');
  assert.deepEqual([status, withoutPath(stdout)], [0, 'ok: 1 route in 1 file, 1 info\n']);
  assert.match(stderr, / {2}info: .* \[timeout-above-balancer\]\n/);
});

test('of what is found a thousand times twenty are told, and all of them in the document', (t) => {
  const routes = Array.from({ length: 1000 }, (_, at) => ({ ...PUBLIC, prefix: `/r${at}` }));
  const { stderr } = turnpike(t, { 'routes.json': { routes } });
  assert.equal(stderr.match(/\[public-without-limit\]/g)?.length, 20);
  assert.match(stderr, /\n980 more of public-without-limit: --json has all\n$/);
  assert.equal(JSON.parse(turnpike(t, { 'routes.json': { routes } }, {}, '--json').stdout).findings.length, 1000);
});

test('the example of the documentation silences all that is found in it', (t) => {
  const page = readFileSync(new URL('../../docs/checking.md', import.meta.url), 'utf8');
  const [, example = ''] = /```jsonc\n([\s\S]*?)```/.exec(page) ?? [];
  const env = { ADMIN_HOST: '0.0.0.0', ADMIN_TOKEN: 'Zm9vYmFyLW5vdC1hLXdvcmQtYXQtYWxs' };
  const { status, stdout, stderr } = turnpike(t, { 'routes.json': example }, env, '--strict');
  assert.deepEqual([status, withoutPath(stdout), stderr], [0, 'ok: 2 routes in 1 file, 5 silenced\n', '']);
});

test('nothing is found in the demo, nor in what is deployed with the project', (t) => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const more = aiFile(4001);
  const demo = createOverlay(join(root, 'routes.json'), {
    stubPort: 4001,
    usersPorts: [4001],
    keyHash: 'a'.repeat(64),
    more,
  });
  t.after(() => demo.remove());
  const exposed = { ADMIN_HOST: '0.0.0.0', ADMIN_TOKEN: SECRET };
  for (const [file, env] of [
    [demo.file, {}],
    [join(root, 'routes.json'), {}],
    [join(root, 'deploy/compose/config/routes.json'), exposed],
  ] as const) {
    const { status, stderr } = turnpike(t, {}, { JWT_SECRET: SECRET, ...env }, file, '--strict');
    assert.equal(status, 0, stderr);
  }
});
