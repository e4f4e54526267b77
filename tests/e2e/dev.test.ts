import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { configFolder } from '../support/config-files.ts';
import { ask } from '../support/http.ts';
import { startProcess } from '../support/process.ts';
import { closedPort, freePort, listenOn } from '../support/service.ts';

test('dev serves, shows requests, writes no secret to disk, and ends with Ctrl-C', async (t) => {
  const port = await closedPort();
  const cwd = configFolder(t, { 'routes.json': { routes: [{ prefix: '/a', target: `http://127.0.0.1:${port}` }] } });
  const running = startProcess(t, { cwd, argv: ['dev', '--port', '0', '--admin-port', '0'] });
  const [, key = '', url = ''] = await running.says(/curl -H 'X-API-Key: (\S+)' (\S+)\n/);
  assert.match(url, /^http:\/\/127\.0\.0\.1:/);
  assert.equal((await ask(url, { headers: { 'x-api-key': key } })).status, 200);
  await running.says(/GET +200 .*\(stub\)/);
  for (const name of readdirSync(cwd)) assert.ok(!readFileSync(join(cwd, name), 'utf8').includes(key));
  running.signal('SIGINT');
  assert.equal(await running.exited, 0);
  assert.equal(running.stderr, '');
});

test('dev takes another file, and names the port that is taken', async (t) => {
  const port = await freePort();
  const taken = createServer();
  await listenOn(taken, port);
  t.after(() => void taken.close());
  const cwd = configFolder(t, {
    'other.json': { routes: [{ prefix: '/a', target: 'http://127.0.0.1:9', auth: 'none' }] },
  });
  const running = startProcess(t, { cwd, argv: ['dev', 'other.json', '--port', String(port), '--admin-port', '0'] });
  assert.equal(await running.exited, 1);
  assert.match(running.stderr, new RegExp(`port ${port} is in use by another process: take another one by --port`));
});

test('dev says what is wrong with its words, and with the file', async (t) => {
  const cwd = configFolder(t, { 'routes.json': { routes: [{ prefx: '/a' }] } });
  for (const [argv, code, word] of [
    [['--latency', 'soon'], 64, /--latency takes a duration/],
    [['--fail', 'some'], 64, /--fail takes a percentage/],
    [['a.json', 'b.json'], 64, /one file at a time/],
    [[], 78, /unknown key "prefx"/],
  ] as const) {
    const running = startProcess(t, { cwd, argv: ['dev', ...argv] });
    assert.equal(await running.exited, code);
    assert.match(running.stderr, word);
  }
});
