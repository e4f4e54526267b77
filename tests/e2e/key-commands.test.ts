import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse } from 'jsonc-parser';
import { parsePasswordHash, verifyPassword } from '../../src/auth/password.ts';
import { configFolder } from '../support/config-files.ts';
import { startProcess } from '../support/process.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const PROCESSES = 20;
const ROUTE = { prefix: '/a', target: 'http://localhost:4001' };

interface Row {
  readonly name: string;
  readonly keys: readonly { readonly id: string }[];
}

async function key(t: TestContext, argv: readonly string[], env: Record<string, string> = {}, cwd?: string) {
  const running = startProcess(t, { argv: ['key', ...argv], env, ...(cwd === undefined ? {} : { cwd }) });
  const code = await running.exited;
  return { code, out: running.stdout, err: running.stderr };
}

const rowsOf = (file: string): readonly Row[] => (parse(readFileSync(file, 'utf8')) as { consumers: Row[] }).consumers;
const idsOf = (rows: readonly Row[], name: string) =>
  rows
    .find((row) => row.name === name)
    ?.keys.map(({ id }) => id)
    .sort() ?? [];

/** Ten keys to revoke and ten to make, all at once; answers what is left, which must be the ten new ones. */
async function race(t: TestContext, call: (...argv: string[]) => ReturnType<typeof key>): Promise<void> {
  const half = PROCESSES / 2;
  const work = Array.from({ length: half }, (_, i) => [
    call('revoke', '--consumer', 'app', '--id', `old${i}`),
    call('create', '--consumer', i % 2 === 0 ? 'app' : `other${i}`, '--id', `new${i}`),
  ]).flat();
  for (const { code, err } of await Promise.all(work)) assert.equal(code, 0, err);
  t.diagnostic(`${PROCESSES} processes at once`);
}

const OLD_KEYS = Array.from({ length: PROCESSES / 2 }, (_, i) => ({ id: `old${i}`, sha256: `${i}`.repeat(64) }));

test('twenty processes at once change the file, and none loses what another wrote', async (t) => {
  const folder = configFolder(t, { 'routes.json': { consumers: [{ name: 'app', keys: OLD_KEYS }], routes: [ROUTE] } });
  const file = join(folder, 'routes.json');
  await race(t, (...argv) => key(t, [...argv, '--file', file]));
  const rows = rowsOf(file);
  assert.deepEqual(idsOf(rows, 'app'), ['new0', 'new2', 'new4', 'new6', 'new8']);
  for (const i of [1, 3, 5, 7, 9]) assert.deepEqual(idsOf(rows, `other${i}`), [`new${i}`]);
  assert.deepEqual(readdirSync(folder), ['routes.json'], 'no lock and no half-written file is left');
});

test('twenty processes at once change Redis, and none loses what another wrote', needsRedis, async (t) => {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const folder = configFolder(t, { 'routes.json': { consumerStore: 'redis', routes: [ROUTE] } });
  const call = (...argv: string[]) => key(t, argv, { REDIS_URL: redis.url }, folder);
  const made = await Promise.all(OLD_KEYS.map(({ id }) => call('create', '--consumer', 'app', '--id', id)));
  for (const { code, err } of made) assert.equal(code, 0, err);
  await race(t, call);
  const { out } = await call('list');
  const listed = [...out.matchAll(/^(\w+) +(\w+) /gm)].slice(1).map(([, name, id]) => `${name} ${id}`);
  const wanted = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => `${i % 2 === 0 ? 'app' : `other${i}`} new${i}`);
  assert.deepEqual(listed.sort(), wanted.sort());
  assert.match(await redis.command('HLEN', 'turnpike:{consumers}:keys'), /^:10/);
  assert.equal(readFileSync(join(folder, 'routes.json'), 'utf8').includes('sha256'), false);
});

const lockOf = (pid: number | undefined) => JSON.stringify({ pid, host: hostname(), token: 'x' });

test('the lock of a living process is waited for, until it is gone or older than any work takes', async (t) => {
  const folder = configFolder(t, { 'routes.json': { routes: [ROUTE] } });
  const file = join(folder, 'routes.json');
  const lock = `${file}.lock`;
  writeFileSync(lock, lockOf(process.pid));
  const waiting = key(t, ['create', '--consumer', 'app', '--file', file]);
  // Long enough for a process that would not wait to have ended.
  const early = await Promise.race([waiting, key(t, ['list', '--file', file]).then(() => 'still waiting')]);
  assert.equal(early, 'still waiting');
  assert.equal(readFileSync(file, 'utf8').includes('app'), false);
  rmSync(lock);
  assert.equal((await waiting).code, 0);
  writeFileSync(lock, lockOf(process.pid));
  const longAgo = Date.now() / 1000 - 60;
  utimesSync(lock, longAgo, longAgo);
  assert.equal((await key(t, ['create', '--consumer', 'app', '--file', file])).code, 0);
  assert.deepEqual(readdirSync(folder), ['routes.json']);
});

test('the lock of a process that was killed is taken over by one of those who wait', async (t) => {
  const folder = configFolder(t, { 'routes.json': { routes: [ROUTE] } });
  const file = join(folder, 'routes.json');
  const gone = spawn(process.execPath, ['-e', '']);
  await once(gone, 'exit');
  writeFileSync(`${file}.lock`, lockOf(gone.pid));
  const calls = Array.from({ length: 5 }, (_, i) => key(t, ['create', '--consumer', `c${i}`, '--file', file]));
  for (const { code, err } of await Promise.all(calls)) assert.equal(code, 0, err);
  assert.equal(rowsOf(file).length, 5);
  assert.deepEqual(readdirSync(folder), ['routes.json']);
});

test('processes that are killed at any moment leave a whole file, and whoever was told of a key has it', async (t) => {
  const folder = configFolder(t, { 'routes.json': { routes: [ROUTE] } });
  const file = join(folder, 'routes.json');
  const running = Array.from({ length: PROCESSES }, (_, i) =>
    startProcess(t, { argv: ['key', 'create', '--consumer', 'app', '--id', `k${i}`, '--file', file] }),
  );
  // Each time that the file has grown, somebody who is at work is ended.
  const victims = running.slice(0, PROCESSES / 2);
  let size = statSync(file).size;
  while (victims.length > 0) {
    await until(() => statSync(file).size > size || running.every(({ child }) => child.exitCode !== null), {
      timeoutMs: 60_000,
      what: 'another key in the file',
    });
    size = statSync(file).size;
    victims.pop()?.signal('SIGKILL');
  }
  const codes = await Promise.all(running.map(({ exited }) => exited));
  const made = codes.flatMap((code, i) => (code === 0 ? [`k${i}`] : []));
  assert.ok(made.length >= PROCESSES / 2, codes.join());
  const ids = idsOf(rowsOf(file), 'app');
  assert.deepEqual(
    made.filter((id) => !ids.includes(id)),
    [],
  );
  t.diagnostic(`${made.length} ended well, ${codes.filter((code) => code === 'SIGKILL').length} were killed`);
  const after = await key(t, ['create', '--consumer', 'app', '--id', 'last', '--file', file]);
  assert.equal(after.code, 0, after.err);
  assert.deepEqual(readdirSync(folder), ['routes.json']);
});

test('a reader that is gone gets one line, no stack, and the words how to take the key back', async (t) => {
  const folder = configFolder(t, { 'routes.json': { routes: [ROUTE] } });
  const running = startProcess(t, { argv: ['key', 'create', '--consumer', 'app'], cwd: folder });
  running.child.stdout?.destroy();
  assert.equal(await running.exited, 1);
  assert.doesNotMatch(running.stderr, /EPIPE|\bat \w/);
  assert.match(running.stderr, /key k1 .*was made.*revoke --consumer app --id k1/);
  assert.deepEqual(idsOf(rowsOf(join(folder, 'routes.json')), 'app'), ['k1']);
  const list = startProcess(t, { argv: ['key', 'list'], cwd: folder });
  list.child.stdout?.destroy();
  assert.deepEqual([await list.exited, list.stderr], [1, '']);
});

test('the file behind a link is written, and link, mode and rest of the folder stay', async (t) => {
  const folder = configFolder(t, { 'real/routes.json': { routes: [ROUTE] } });
  symlinkSync('real/routes.json', join(folder, 'routes.json'));
  chmodSync(join(folder, 'real/routes.json'), 0o664);
  // Only root may give a file away; for others the owner is the same anyway.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(join(folder, 'real/routes.json'), 1234, 1235);
  const { code } = await key(t, ['create', '--consumer', 'app'], {}, folder);
  assert.equal(code, 0);
  assert.equal(lstatSync(join(folder, 'routes.json')).isSymbolicLink(), true);
  assert.equal(statSync(join(folder, 'real/routes.json')).mode & 0o777, 0o664);
  const { uid, gid } = statSync(join(folder, 'real/routes.json'));
  if (isRoot) assert.deepEqual([uid, gid], [1234, 1235]);
  assert.deepEqual(readdirSync(join(folder, 'real')), ['routes.json']);
  assert.equal(rowsOf(join(folder, 'real/routes.json')).length, 1);
});

test('a password of one’s choosing comes by standard input, and from nowhere else', async (t) => {
  const folder = configFolder(t, { 'routes.json': { routes: [ROUTE] } });
  const file = join(folder, 'routes.json');
  const running = startProcess(t, {
    argv: ['key', 'create', '--consumer', 'ops', '--password', '--password-stdin', '--file', file],
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // The pipe stays open: the line is what counts.
  running.child.stdin?.write('correct horse battery\nanother line\n');
  assert.equal(await running.exited, 0, running.stderr);
  assert.ok(!running.stdout.includes('correct horse'));
  const [row] = (parse(readFileSync(file, 'utf8')) as { consumers: { password: string }[] }).consumers;
  assert.equal(await verifyPassword('correct horse battery', parsePasswordHash(row?.password ?? '')), true);
  const onTheLine = await key(t, ['create', '--consumer', 'ops', '--password=secret', '--file', file]);
  assert.equal(onTheLine.code, 64);
  assert.ok(!onTheLine.err.includes('secret'));
});
