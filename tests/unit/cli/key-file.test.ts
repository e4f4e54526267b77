import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runKey } from '../../../src/cli/key.ts';
import { NOW_MS } from '../../support/auth.ts';
import { configFolder } from '../../support/config-files.ts';

const HASH = 'a'.repeat(64);

function setUp(t: TestContext, files: Readonly<Record<string, unknown>>, env: NodeJS.ProcessEnv = {}) {
  const folder = configFolder(t, files);
  const run = async (...argv: string[]) => {
    let [out, err] = ['', ''];
    const io = {
      env: { ROUTES_FILE: join(folder, 'routes.json'), ...env },
      out: (text: string) => {
        out += text;
      },
      err: (text: string) => {
        err += text;
      },
    };
    const code = await runKey(argv, io, { now: () => NOW_MS });
    return { code, out, err };
  };
  return {
    folder,
    run,
    read: (name = 'routes.json') => readFileSync(join(folder, name), 'utf8').replace(/"[0-9a-f]{64}"/g, '#'),
  };
}

const ODD = `{
\t// mine
\t"routes": [   { "prefix":"/a",   "target":"http://localhost:1" }   ], // odd, and to stay so
\t"plans": {"free":{}},
\t"consumers": [
\t\t{ "name": "app",   "plan":"free", "keys": [{"id":"k1",  "sha256":"${HASH}"}] }, // the phone
\t\t{
\t\t\t"name": "web", // the page
\t\t\t"keys": [
\t\t\t\t{ "id": "k1", "sha256": "${'b'.repeat(64)}" }, // first
\t\t\t\t{ "id": "k2", "sha256": "${'c'.repeat(64)}" } // second
\t\t\t]
\t\t}
\t]
}
`;

const linesThatDiffer = (before: string, after: string) => {
  const old = new Set(before.replace(/"[0-9a-f]{64}"/g, '#').split('\n'));
  return after.split('\n').filter((line) => !old.has(line));
};

test('a new key touches one line, in the indentation of the file', async (t) => {
  const { run, read } = setUp(t, { 'routes.json': ODD });
  assert.equal((await run('create', '--consumer', 'web')).code, 0);
  assert.deepEqual(linesThatDiffer(ODD, read()), [
    '\t\t\t\t{ "id": "k2", "sha256": # }, // second',
    '\t\t\t\t{ "id": "k3", "sha256": # }',
  ]);
});

test('a key in a one-line row stays in its line, and the rest of the line as it was', async (t) => {
  const { run, read } = setUp(t, { 'routes.json': ODD });
  assert.equal((await run('create', '--consumer', 'app', '--id', 'n')).code, 0);
  assert.deepEqual(linesThatDiffer(ODD, read()), [
    '\t\t{ "name": "app",   "plan":"free", "keys": [{"id":"k1",  "sha256":#}, { "id": "n", "sha256": # }] }, // the phone',
  ]);
});

test('a new consumer is added after the last, and a first one makes the list', async (t) => {
  const { run, read } = setUp(t, { 'routes.json': ODD });
  assert.equal((await run('create', '--consumer', 'new', '--plan', 'free', '--roles', 'a,b')).code, 0);
  assert.deepEqual(linesThatDiffer(ODD, read()), [
    '\t\t},',
    '\t\t\t"name": "new",',
    '\t\t\t"plan": "free",',
    '\t\t\t"roles": ["a", "b"],',
    '\t\t\t\t{ "id": "k1", "sha256": # }',
  ]);
  const bare = setUp(t, { 'routes.json': '{\r\n    "routes": [] // none yet\r\n}\r\n' });
  assert.equal((await bare.run('create', '--consumer', 'new')).code, 0);
  assert.equal(
    bare.read(),
    '{\r\n    "routes": [], // none yet\r\n    "consumers": [\r\n        {\r\n            "name": "new",\r\n            "keys": [\r\n                { "id": "k1", "sha256": # }\r\n            ]\r\n        }\r\n    ]\r\n}\r\n',
  );
  const line = setUp(t, { 'routes.json': '{ "consumers": [], "routes": [] }' });
  assert.equal((await line.run('create', '--consumer', 'new')).code, 0);
  assert.equal(
    line.read(),
    '{ "consumers": [{ "name": "new", "keys": [{ "id": "k1", "sha256": # }] }], "routes": [] }',
  );
});

test('a revoked key takes its own line with it, and no comment of another', async (t) => {
  const { run, read } = setUp(t, { 'routes.json': ODD });
  assert.equal((await run('revoke', '--consumer', 'web', '--id', 'k2')).code, 0);
  assert.deepEqual(linesThatDiffer(ODD, read()), ['\t\t\t\t{ "id": "k1", "sha256": # } // first']);
  assert.doesNotMatch(read(), /second/);
  assert.equal((await run('revoke', '--consumer', 'web')).code, 0);
  assert.equal((await run('revoke', '--consumer', 'app')).code, 0);
  assert.match(read(), /"plan":"free", "keys": \[\] \}, \/\/ the phone/);
  assert.match(read(), /"web", \/\/ the page/);
});

test('rotation touches the end of the old key and adds the new', async (t) => {
  const { run, read } = setUp(t, { 'routes.json': ODD });
  assert.equal((await run('rotate', '--consumer', 'web', '--id', 'k1', '--overlap', '1h')).code, 0);
  assert.deepEqual(linesThatDiffer(ODD, read()), [
    '\t\t\t\t{ "id": "k1", "sha256": #, "expiresAt": "2026-01-01T01:00:00.000Z" }, // first',
    '\t\t\t\t{ "id": "k2", "sha256": # }, // second',
    '\t\t\t\t{ "id": "k3", "sha256": # }',
  ]);
});

test('rotation keeps the end of the key that it takes the place of', async (t) => {
  const { run } = setUp(t, { 'routes.json': { routes: [] } });
  await run('create', '--consumer', 'app', '--expires', '90d');
  assert.match((await run('rotate', '--consumer', 'app', '--overlap', '1h')).out, /Key k2 .* until 2026-04-01T00:00/);
  assert.match((await run('rotate', '--consumer', 'app', '--expires', '10d')).out, /Key k3 .* until 2026-01-11T00:00/);
  assert.match((await run('rotate', '--consumer', 'app', '--expires', 'never')).out, /Key k4 .* without an end/);
  const old = setUp(t, {
    'routes.json': {
      consumers: [{ name: 'app', keys: [{ id: 'k1', sha256: HASH, expiresAt: '2020-01-01T00:00:00Z' }] }],
    },
  });
  assert.match((await old.run('rotate', '--consumer', 'app')).err, /ended.*--expires/);
});

test('consumers of routes.d are found and changed where they stand', async (t) => {
  const { run, read } = setUp(t, {
    'routes.json': { routes: [], plans: { free: {} } },
    'routes.d/team.json': { consumers: [{ name: 'team' }], plans: { pro: {} } },
  });
  const made = await run('create', '--consumer', 'team', '--plan', 'pro');
  assert.equal(made.code, 0, made.err);
  assert.match(made.out, /routes\.d\/team\.json/);
  assert.match(read('routes.d/team.json'), /"id": "k1"/);
  assert.doesNotMatch(read(), /team/);
  assert.match((await run('list')).out, /^team +k1 +pro/m);
  assert.equal((await run('revoke', '--consumer', 'team')).code, 0);
});

test('a plan that no file has is refused, with the nearest', async (t) => {
  const { run, read } = setUp(t, { 'routes.json': { plans: { free: {}, pro: {} }, routes: [] } });
  const before = read();
  const { code, err } = await run('create', '--consumer', 'app', '--plan', 'pros');
  assert.equal(code, 1);
  assert.match(err, /no plan "pros".*did you mean "pro"\?/s);
  assert.equal(read(), before);
});

test('the plan of a consumer in a file of its own is looked for in the file that it is a part of, else told', async (t) => {
  const files = {
    'routes.json': { plans: { gold: {} }, routes: [] },
    'routes.d/consumers.json': { consumers: [] },
    'consumers.json': { consumers: [] },
  };
  const { run, folder } = setUp(t, files);
  const beside = setUp(t, files, { ROUTES_FILE: '/nowhere/routes.json' });
  const create = (file: string, plan: string) => ['create', '--consumer', 'app', '--plan', plan, '--file', file];

  const ofFolder = await beside.run(...create(join(beside.folder, 'routes.d/consumers.json'), 'gold'));
  assert.deepEqual([ofFolder.code, ofFolder.err], [0, '']);
  assert.match((await beside.run(...create(join(beside.folder, 'routes.d/consumers.json'), 'gol'))).err, /mean "gold"/);

  const ofSetting = await run(...create(join(folder, 'consumers.json'), 'gold'));
  assert.deepEqual([ofSetting.code, ofSetting.err], [0, '']);

  const loose = await beside.run(...create(join(beside.folder, 'consumers.json'), 'gold'));
  assert.equal(loose.code, 0);
  assert.match(loose.err, /^turnpike key: there is no plan "gold" in this file, which is a part of others/);
});

test('consumerStore "redis" sends keys there without being told', async (t) => {
  const { run, read } = setUp(t, { 'routes.json': { consumerStore: 'redis', routes: [] } });
  const before = read();
  const { code, err } = await run('create', '--consumer', 'app');
  assert.equal(code, 78);
  assert.match(err, /consumerStore.*"redis".*REDIS_URL/s);
  assert.equal(read(), before);
  const password = await run('create', '--consumer', 'ops', '--password');
  assert.equal(password.code, 0, 'passwords are kept in the file in either case');
});
