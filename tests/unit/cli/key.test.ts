import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'jsonc-parser';
import jwt from 'jsonwebtoken';
import { ApiKeys } from '../../../src/auth/api-keys.ts';
import { consumerRow } from '../../../src/auth/consumers.ts';
import { Refusal } from '../../../src/auth/identity.ts';
import { parsePasswordHash, verifyPassword } from '../../../src/auth/password.ts';
import { runKey } from '../../../src/cli/key.ts';
import { runToken } from '../../../src/cli/token.ts';
import { NOW_MS, NOW_SECONDS, SECRET } from '../../support/auth.ts';

const folder = mkdtempSync(join(tmpdir(), 'turnpike-keys-'));
after(() => rmSync(folder, { recursive: true }));
const clock = { now: () => NOW_MS };
const START = `{
  // who may call
  "plans": { "free": {} },
  "routes": [{ "prefix": "/a", "target": "http://localhost:1" }] // the only one
}
`;

function createIo(env: NodeJS.ProcessEnv) {
  const stdout: string[] = [];
  const stderr: string[] = [];
  return {
    env,
    stdout,
    stderr,
    out: (text: string) => void stdout.push(text),
    err: (text: string) => void stderr.push(text),
  };
}

function setUp(text = START) {
  const file = join(folder, `${Math.random()}.json`);
  writeFileSync(file, text);
  const run = async (...argv: string[]) => {
    const io = createIo({ ROUTES_FILE: file });
    const code = await runKey(argv, io, clock);
    const [out, err] = [io.stdout.join(''), io.stderr.join('')];
    return { code, out, err, key: /^tpk_\w+/m.exec(out)?.[0] ?? '' };
  };
  const read = () => readFileSync(file, 'utf8');
  /** What a gateway that reads the file now would say to a key. */
  const accepts = (key: string, nowMs = NOW_MS) => {
    const { consumers = [] } = parse(read()) as { consumers?: object[] };
    return !(new ApiKeys(consumers.map((row) => consumerRow.parse(row))).check(key, nowMs) instanceof Refusal);
  };
  return { run, read, accepts, file };
}

test('a created key is shown once, works, and only its hash is in the file, whose comments stay', async () => {
  const { run, read, accepts } = setUp();
  const { code, key } = await run('create', '--consumer', 'app', '--roles', 'reader,writer', '--plan', 'free');
  assert.equal(code, 0);
  assert.match(key, /^tpk_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
  assert.equal(accepts(key), true);
  assert.ok(!read().includes(key));
  assert.match(read(), /\/\/ who may call[\s\S]*\/\/ the only one/);
  assert.deepEqual((parse(read()) as { consumers: { roles: string[]; plan: string }[] }).consumers[0]?.roles, [
    'reader',
    'writer',
  ]);
});

test('a second key that changes the plan or the roles of its consumer says so, and one that changes nothing does not', async () => {
  const { run } = setUp(START.replace('"free": {}', '"free": {}, "silver": {}'));
  const first = await run('create', '--consumer', 'core', '--plan', 'free', '--roles', 'reader');
  assert.doesNotMatch(first.out, /in place of/);
  assert.doesNotMatch((await run('create', '--consumer', 'core')).out, /in place of/);
  const { out } = await run('create', '--consumer', 'core', '--plan', 'silver', '--roles', 'reader,admin');
  assert.match(out, /^The plan of consumer "core" now: silver, in place of free; for all of its keys\.$/m);
  assert.match(out, /^The roles of consumer "core" now: reader, admin, in place of reader; for all of its keys\.$/m);
});

test('the list leaves out when a key was used last, which no file knows', async () => {
  const { run } = setUp();
  await run('create', '--consumer', 'app', '--plan', 'free');
  const [head, row] = (await run('list')).out.split('\n').map((line) => line.split(/ {2,}/));
  assert.deepEqual(
    [head, row],
    [
      ['CONSUMER', 'KEY', 'PLAN', 'EXPIRES', 'STATE'],
      ['app', 'k1', 'free', 'never', 'valid'],
    ],
  );
});

test('rotation makes a new key and lets the old one live for the overlap', async () => {
  const { run, accepts } = setUp();
  const old = await run('create', '--consumer', 'app');
  const fresh = await run('rotate', '--consumer', 'app', '--overlap', '1h');
  assert.equal(fresh.code, 0);
  assert.deepEqual([accepts(old.key), accepts(fresh.key)], [true, true]);
  const later = NOW_MS + 3_600_000;
  assert.deepEqual([accepts(old.key, later), accepts(fresh.key, later)], [false, true]);
});

test('a rotation says of each key before when it ends, and nothing of keys that there are not', async () => {
  const { run, accepts } = setUp();
  const short = await run('create', '--consumer', 'app', '--expires', '1h');
  await run('create', '--consumer', 'app', '--expires', '90d');
  const { out } = await run('rotate', '--consumer', 'app', '--overlap', '24h');
  assert.match(
    out,
    /Key k1 ends at 2026-01-01T01:00:00\.000Z, as before\.\nKey k2 ends at 2026-01-02T00:00:00\.000Z\.\n/,
  );
  assert.equal(accepts(short.key, NOW_MS + 3_600_000), false);
  await run('create', '--consumer', 'ops', '--password');
  const first = await run('rotate', '--consumer', 'ops');
  assert.equal(first.code, 0);
  assert.doesNotMatch(first.out, /ends? at/);
});

test('an end that no date can be written of, and one that is no time away, are refused', async () => {
  const { run, read } = setUp();
  await run('create', '--consumer', 'app');
  const before = read();
  for (const [option, action] of [
    ['--expires', 'create'],
    ['--expires', 'rotate'],
    ['--overlap', 'rotate'],
  ] as const) {
    for (const length of ['99999999d', '3000000d', ...(option === '--expires' ? ['0d', '0ms'] : [])]) {
      const { code, err } = await run(action, '--consumer', 'app', option, length);
      assert.equal(code, 1, `${action} ${option} ${length}`);
      assert.match(err, /^turnpike key: --\w+ [^\n]+\n$/);
    }
  }
  assert.equal(read(), before);
  assert.equal((await run('rotate', '--consumer', 'app', '--overlap', '0s')).code, 0);
});

test('a revoked key is gone, the others stay', async () => {
  const { run, accepts } = setUp();
  const first = await run('create', '--consumer', 'app');
  const second = await run('create', '--consumer', 'app', '--expires', '90d');
  assert.match((await run('revoke', '--consumer', 'app')).err, /2 keys \(k1, k2\)/);
  assert.equal((await run('revoke', '--consumer', 'app', '--id', 'k1')).code, 0);
  assert.deepEqual([accepts(first.key), accepts(second.key)], [false, true]);
  const { out } = await run('list');
  assert.match(out, /app +k2 +- +2026-04-01T00:00:00\.000Z +valid/);
  assert.ok(!out.includes(second.key));
});

test('a password is shown once too, and only its scrypt hash is in the file', async () => {
  const { run, read } = setUp();
  const { code, out } = await run('create', '--consumer', 'ops', '--password', '--roles', 'operator');
  assert.equal(code, 0);
  const password = out.split('\n')[0] ?? '';
  const row = consumerRow.parse((parse(read()) as { consumers: object[] }).consumers[0]);
  assert.equal(await verifyPassword(password, parsePasswordHash(row.password ?? '')), true);
  assert.equal(await verifyPassword(`${password}x`, parsePasswordHash(row.password ?? '')), false);
  assert.ok(!read().includes(password));
});

test('what can not be done is said, and the file stays as it was', async () => {
  const { run, read } = setUp('{ "consumers": [ ');
  assert.match((await run('create', '--consumer', 'app')).err, /not valid JSON/);
  assert.equal(read(), '{ "consumers": [ ');
  const good = setUp();
  assert.match((await good.run('revoke', '--consumer', 'nobody')).err, /no consumer "nobody"/);
  assert.match((await good.run('create', '--consumer', 'a b')).err, /letters, digits/);
  assert.match((await good.run('create', '--consumer', 'app', '--expires', '90')).err, /duration/);
  assert.equal((await good.run('create')).code, 64);
  assert.equal((await good.run('frobnicate')).code, 64);
  assert.equal((await good.run('create', '--consummer', 'x')).code, 64);
  assert.equal(good.read(), START);
});

test('turnpike token signs with JWT_SECRET, and says when there is none', async () => {
  const io = createIo({ JWT_SECRET: SECRET, JWT_ISSUER: 'me' });
  const argv = ['--sub', 'u1', '--role', 'a', '--role', 'b', '--expires', '1h', '--claim', 'org={"id":7}'];
  assert.equal(await runToken(argv, io, clock), 0);
  const claims = jwt.verify(io.stdout.join('').trim(), SECRET, { clockTimestamp: NOW_SECONDS });
  const times = { iat: NOW_SECONDS, exp: NOW_SECONDS + 3600 };
  assert.deepEqual(claims, { iss: 'me', org: { id: 7 }, sub: 'u1', role: ['a', 'b'], ...times });
  const bare = createIo({});
  assert.equal(await runToken(['--sub', 'u1'], bare, clock), 78);
  assert.match(bare.stderr.join(''), /JWT_SECRET is not set/);
  assert.equal(await runToken([], io, clock), 64);
});
