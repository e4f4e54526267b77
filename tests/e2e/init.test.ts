import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadRoutes } from '../../src/config/load.ts';
import { configFolder } from '../support/config-files.ts';
import { startProcess } from '../support/process.ts';

async function turnpike(t: TestContext, cwd: string, ...argv: string[]) {
  const running = startProcess(t, { argv, cwd });
  const code = await running.exited;
  return { code, out: running.stdout, err: running.stderr };
}

const textOf = (...path: string[]) => readFileSync(join(...path), 'utf8');

test('init names what comes next by the command that it was called by', async (t) => {
  const cwd = configFolder(t, {});
  assert.match((await turnpike(t, cwd, 'init')).out, /\nNext: turnpike check, turnpike start\n$/);
  const running = startProcess(t, { argv: ['init'], cwd, env: { npm_lifecycle_event: 'turnpike' } });
  assert.equal(await running.exited, 0);
  assert.match(running.stdout, /for one beside it: npm run turnpike -- init FOLDER\n/);
  assert.match(running.stdout, /\nNext: npm run turnpike -- check, npm run turnpike -- start\n$/);
});

test('init writes a routes.json and a .env, and the gateway takes both without a warning', async (t) => {
  const cwd = configFolder(t, {});
  const { code, out } = await turnpike(t, cwd, 'init');
  assert.equal(code, 0);
  assert.match(out, /wrote routes\.json\nwrote \.env\n/);
  assert.equal(textOf(cwd, '.env'), textOf(import.meta.dirname, '../../.env.example'));
  assert.equal(statSync(join(cwd, '.env')).mode & 0o777, 0o600);
  const checked = await turnpike(t, cwd, 'check', '--strict');
  assert.deepEqual([checked.code, checked.err], [0, '']);
  assert.match(checked.out, /^ok: 1 route in 1 file: \/.*\/routes\.json\n$/);
  const [, schema = ''] = /"\$schema": "([^"]+)"/.exec(textOf(cwd, 'routes.json')) ?? [];
  assert.ok(existsSync(new URL(schema, `file://${cwd}/`)), schema);
});

test('what is commented out in it is right as well', async (t) => {
  const cwd = configFolder(t, {});
  await turnpike(t, cwd, 'init');
  const all = textOf(cwd, 'routes.json').replace(/^( *)\/\/ (?=[{"}\]])/gm, '$1');
  writeFileSync(join(cwd, 'routes.json'), all);
  const { config } = loadRoutes(join(cwd, 'routes.json'), { env: {} });
  assert.equal(config.routes.length, 2);
  assert.deepEqual(Object.keys(config.services), ['orders']);
  assert.equal(config.defaultPlan, 'free');
});

test('init with a folder puts the routes there and has .env point to them', async (t) => {
  const cwd = configFolder(t, { 'routes.json': { routes: [] } });
  const { code, out } = await turnpike(t, cwd, 'init', 'my-gateway');
  assert.equal(code, 0, out);
  assert.equal(textOf(cwd, 'routes.json').includes('"routes": []'), true);
  assert.match(textOf(cwd, '.env'), /^ROUTES_FILE=my-gateway\/routes\.json$/m);
  assert.match((await turnpike(t, cwd, 'key', 'create', '--consumer', 'app')).out, /my-gateway\/routes\.json/);
  assert.match(textOf(cwd, 'my-gateway/routes.json'), /"name": "app"/);
});

test('init never writes over anything, and says what to do instead', async (t) => {
  const cwd = configFolder(t, { 'routes.json': 'mine', '.env': 'MINE=1\n' });
  const { code, out } = await turnpike(t, cwd, 'init');
  assert.equal(code, 0);
  assert.match(out, /routes\.json is there already.*turnpike init FOLDER/);
  assert.match(out, /\.env is there already/);
  const elsewhere = await turnpike(t, cwd, 'init', 'other');
  assert.match(elsewhere.out, /add to it: ROUTES_FILE=other\/routes\.json/);
  const next =
    /\nNext: turnpike check other\/routes\.json, then ROUTES_FILE=other\/routes\.json in \.env, turnpike start\n$/;
  assert.match(elsewhere.out, next);
  assert.deepEqual([textOf(cwd, 'routes.json'), textOf(cwd, '.env')], ['mine', 'MINE=1\n']);
  writeFileSync(join(cwd, '.env'), 'MINE=1\nROUTES_FILE=other/routes.json\n');
  assert.match((await turnpike(t, cwd, 'init', 'other')).out, /\nNext: turnpike check, turnpike start\n$/);
  mkdirSync(join(cwd, 'linked'));
  symlinkSync(join(cwd, 'nowhere'), join(cwd, 'linked', 'routes.json'));
  await turnpike(t, cwd, 'init', 'linked');
  assert.equal(existsSync(join(cwd, 'nowhere')), false);
  assert.equal((await turnpike(t, cwd, 'init', 'a', 'b')).code, 64);
  assert.equal((await turnpike(t, cwd, 'init', '--help')).code, 0);
});

const SHOP = `openapi: 3.0.3
info: { title: Shop, version: "1" }
servers: [{ url: "http://localhost:4001/v1" }]
security: [{ key: [] }]
components:
  securitySchemes:
    key: { type: apiKey, in: header, name: X-API-Key }
paths:
  /products: { get: { security: [], responses: {} } }
  /orders: { get: { responses: {} }, post: { responses: {} } }
  /orders/{id}: { get: { responses: {} } }
`;

test('init makes the routes of an OpenAPI document, and the gateway takes them', async (t) => {
  const cwd = configFolder(t, { 'shop.yaml': SHOP });
  const { code, out } = await turnpike(t, cwd, 'init', 'gateway', '--from', 'shop.yaml');
  assert.equal(code, 0);
  assert.match(out, /wrote gateway\/routes\.json, with 2 routes from shop\.yaml\n {2}Keys \("key"\)/);
  const checked = await turnpike(t, cwd, 'check');
  assert.deepEqual([checked.code, checked.out.startsWith('ok: 2 routes in 1 file')], [0, true], checked.err);
  const { config } = loadRoutes(join(cwd, 'gateway/routes.json'), { env: {} });
  assert.deepEqual(
    config.routes.map(({ prefix, methods, auth }) => [prefix[0], methods, auth.mode]),
    [
      ['/products', ['GET'], 'none'],
      ['/orders', ['GET', 'POST'], 'any'],
    ],
  );
});

test('a document that is wrong is told where, and leaves nothing behind', async (t) => {
  const ref = 'openapi: 3.1.0\npaths:\n  /a:\n    $ref: "#/nowhere"\n';
  const cwd = configFolder(t, { 'old.yaml': 'swagger: "2.0"\n', 'broken.yaml': 'openapi: [', 'ref.yaml': ref });
  const from = async (file: string) => {
    const { code, err } = await turnpike(t, cwd, 'init', '--from', file);
    assert.equal(existsSync(join(cwd, 'routes.json')), false);
    return [code, err.split('\n')[0]];
  };
  assert.deepEqual(await from('old.yaml'), [78, 'old.yaml:1:10 /swagger  Swagger 2.0 is not read here']);
  assert.match(String((await from('broken.yaml'))[1]), /^broken\.yaml:1:\d+ /);
  assert.deepEqual(await from('ref.yaml'), [78, 'ref.yaml:4:11 /paths/~1a/$ref  "#/nowhere" leads to nothing']);
  assert.deepEqual(await from('none.yaml'), [78, `turnpike init: ${join(cwd, 'none.yaml')}: ENOENT`]);
});

/** What a terminal or an editor obeys, line breaks of texts apart. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;

test('what check would refuse is refused before anything is written', async (t) => {
  const { key, ...rest } = { key: { type: 'apiKey', in: 'header', name: 'X-API-Key' }, oauth: { type: 'oauth2' } };
  const oidc = {
    type: 'openIdConnect',
    openIdConnectUrl: 'https://x.example/${ENV:HOME}/.well-known/openid-configuration',
  };
  const documentWith = (operation: object, more: object = {}) => ({
    openapi: '3.1.0',
    info: { title: 'T', version: '1' },
    paths: { '/a': { get: { responses: {}, ...operation } } },
    components: { securitySchemes: { key, ...rest } },
    ...more,
  });
  const schema = ($ref: string) => ({
    responses: { 200: { description: '', content: { 'application/json': { schema: { $ref } } } } },
  });
  const cwd = configFolder(t, {
    'slip.json': documentWith({ security: ['key'] }),
    'nowhere.json': documentWith(schema('#/components/schemas/None')),
    'file.json': documentWith(schema('/etc/passwd')),
    'web.json': documentWith(schema('http://127.0.0.1:9/x')),
    'answers.json': documentWith({ responses: 5 }),
    'placeholder.json': documentWith({}, { components: { securitySchemes: { oidc } } }),
    'scope.json': documentWith({ security: [{ oauth: ['${ENV:HOME}'] }] }),
    'named.txt': documentWith({}),
    'long.yaml': `openapi: 3.1.0\n# ${'x'.repeat(4 * 1024 * 1024)}\npaths: {}\n`,
  });
  execFileSync('mkfifo', [join(cwd, 'pipe.yaml')]);
  symlinkSync('/dev/zero', join(cwd, 'zero.yaml'));
  for (const [file, told] of [
    ['slip.json', /^slip\.json:\d+:\d+ \/paths\/~1a\/get\/security\/0 {2}expected an object/],
    ['nowhere.json', /^nowhere\.json:\d+:\d+ .*leads to nothing/],
    ['file.json', /leads out of this document/],
    ['web.json', /leads out of this document/],
    ['answers.json', /^answers\.json:\d+:\d+ \/paths\/~1a\/get\/responses/],
    ['placeholder.json', /would be read as a placeholder/],
    ['scope.json', /would be read as a placeholder/],
    ['named.txt', /expected a path/],
    ['long.yaml', /more than 4 MiB/],
    ['pipe.yaml', /this is no file/],
    ['zero.yaml', /this is no file/],
  ] as const) {
    const { code, err } = await turnpike(t, cwd, 'init', 'made', '--from', file);
    assert.equal(code, 78, `${file}: ${err}`);
    assert.match(err, told);
    assert.deepEqual([existsSync(join(cwd, 'made')), existsSync(join(cwd, '.env'))], [false, false], file);
  }
});

test('what a document says is shown without credentials, and moves no terminal', async (t) => {
  const evil = '\u001b[31m\u202e\u2028\u2066x';
  const cwd = configFolder(t, {
    'evil.json': {
      openapi: '3.1.0',
      info: { title: `Shop ${evil} https://me:hunter2@title.example`, version: '1' },
      servers: [
        { url: 'https://a.example' },
        { url: `https://me:hunter2@b.example/${evil}` },
        { url: 'https://hunter2@c.example/?api_key=hunter2' },
      ],
      paths: { [`/${evil}`]: { get: { responses: {} } }, [`/:${evil}`]: { get: { responses: {} } } },
    },
    'broken.json': { openapi: '3.1.0', paths: { [`/${evil}`]: { $ref: `#/${evil}` } } },
  });
  const { code, out, err } = await turnpike(t, cwd, 'init', 'made', '--from', 'evil.json');
  assert.equal(code, 0, err);
  for (const text of [out, textOf(cwd, 'made/routes.json')]) {
    assert.doesNotMatch(text, OBEYED);
    assert.ok(!text.includes('hunter2') && text.includes('b.example'), text);
  }
  const broken = await turnpike(t, cwd, 'init', 'other', '--from', 'broken.json');
  assert.equal(broken.code, 78);
  assert.doesNotMatch(broken.err, OBEYED);
});

const KONG = join(import.meta.dirname, '../../docs/examples/kong/kong.yaml');

test('init of a file of Kong writes what check takes, keeps secrets in .env, and tells what it could not by line', async (t) => {
  const cwd = configFolder(t, {});
  const { code, out } = await turnpike(t, cwd, 'init', '--from', KONG);
  assert.equal(code, 0);
  assert.match(out, /wrote \.env\n {2}with secrets that routes\.json names: KONG_JWT_HTTPS_ANN_EXAMPLE_COM\n/);
  assert.match(out, /Not taken over:\n {2}- line 67: hmac-auth of route "partners"/);
  const secret = 'an-hmac-secret-of-more-than-32-bytes';
  assert.ok(!(out + textOf(cwd, 'routes.json')).includes(secret));
  assert.ok(textOf(cwd, '.env').includes(`='${secret}'`));
  assert.equal(statSync(join(cwd, '.env')).mode & 0o777, 0o600);
  const checked = await turnpike(t, cwd, 'check');
  assert.equal(checked.code, 0, checked.err);
});

test('turnpike alone in an empty folder says what there is, and starts nothing', async (t) => {
  const cwd = configFolder(t, {});
  const { code, out, err } = await turnpike(t, cwd);
  assert.deepEqual([code, out], [78, '']);
  assert.match(err, /^turnpike: there is no routes\.json here\. turnpike init writes one[\s\S]*To run it/);
});

test('init of a file of Kong fails with --strict where something was lost', async (t) => {
  const cwd = configFolder(t, { '.env': 'A=b\n' });
  const { code, out } = await turnpike(t, cwd, 'init', '--from', KONG, '--strict');
  assert.equal(code, 1);
  assert.match(out, /add to it, with their values: KONG_JWT_HTTPS_ANN_EXAMPLE_COM/);
  const whole = configFolder(t, {
    'kong.json': {
      _format_version: '3.0',
      services: [{ name: 's', url: 'http://localhost:4001', routes: [{ name: 'r', paths: ['/a'] }] }],
    },
  });
  assert.equal((await turnpike(t, whole, 'init', '--from', 'kong.json', '--strict')).code, 0);
});

test('a file of Kong with a fault leaves nothing behind, and the line is told', async (t) => {
  const cwd = configFolder(t, { 'kong.yaml': '_format_version: "3.0"\nservices:\n  - name: s\n' });
  const { code, err } = await turnpike(t, cwd, 'init', '--from', 'kong.yaml');
  assert.equal(code, 78);
  assert.match(err, /kong\.yaml:3:1 .*a service needs "url" or "host"/);
  assert.ok(!existsSync(join(cwd, 'routes.json')));
});
