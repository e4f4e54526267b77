import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { nextMessage, openSocket } from '../support/websocket.ts';

const STUB = path.resolve(import.meta.dirname, '../../scripts/stub.ts');

/** Starts `npm run stub` on a free port and answers its address; it ends with the test. */
async function startStub(t: TestContext, ...flags: readonly string[]): Promise<{ url: string; stub: ChildProcess }> {
  const stub = spawn(process.execPath, [STUB, '--port', '0', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => stub.kill('SIGKILL'));
  const [line] = (await once(stub.stdout, 'data')) as [Buffer];
  const url = /http:\/\/localhost:(\d+)/.exec(String(line))?.[1];
  assert.ok(url, String(line));
  return { url: `http://127.0.0.1:${url}`, stub };
}

test('a stub answers with what it received', async (t) => {
  const { url } = await startStub(t, '--name', 'users');
  const answer = await fetch(`${url}/a/b?c=d`, { method: 'POST', body: 'hello', headers: { 'X-Colour': 'red' } });
  const echo = (await answer.json()) as Record<string, unknown>;
  assert.equal(answer.status, 200);
  assert.deepEqual(
    [echo['service'], echo['method'], echo['path'], echo['bodyBytes']],
    ['users', 'POST', '/a/b?c=d', 5],
  );
  assert.equal((echo['headers'] as Record<string, string>)['x-colour'], 'red');
});

test('a stub listens on the address that it is told', async (t) => {
  const { url } = await startStub(t, '--host', '127.0.0.2');
  assert.equal((await fetch(url.replace('127.0.0.1', '127.0.0.2'))).status, 200);
  await assert.rejects(fetch(url));
});

test('a stub fails as often, and answers as late, as it is told to', async (t) => {
  const { url } = await startStub(t, '--fail', '100%', '--delay', '300ms');
  const began = performance.now();
  const answer = await fetch(`${url}/`);
  assert.equal(answer.status, 500);
  assert.ok(performance.now() - began >= 290);
  assert.equal((await fetch(`${url}/health`)).status, 200);
  assert.equal((await fetch(`${url}/status/404`)).status, 404);
});

test('a stub sends the messages of a WebSocket back, and its end does not wait for one', async (t) => {
  const { url, stub } = await startStub(t);
  const socket = await openSocket(t, url);
  for (const message of ['hello', 'x'.repeat(1000)]) {
    socket.send(message);
    assert.equal((await nextMessage(socket)).bytes.toString(), message);
  }
  stub.kill('SIGTERM');
  const [code] = await once(stub, 'exit');
  assert.equal(code, 0);
});

test('a stub ends when it is asked to', async (t) => {
  const { url, stub } = await startStub(t);
  await (await fetch(`${url}/stop`, { method: 'POST' })).text();
  const [code] = await once(stub, 'exit');
  assert.equal(code, 0);
});

test('a stub that is called wrongly says how to call it', async (t) => {
  const stub = spawn(process.execPath, [STUB, '--delay', '2'], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => stub.kill('SIGKILL'));
  const [[text], [code]] = await Promise.all([once(stub.stdout, 'data'), once(stub, 'exit')]);
  assert.match(String(text), /npm run stub -- --port/);
  assert.equal(code, 2);
});

test('a stub whose port is taken says so in one line', async (t) => {
  const { url } = await startStub(t);
  const second = spawn(process.execPath, [STUB, '--port', new URL(url).port, '--name', 'late'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => second.kill('SIGKILL'));
  let said = '';
  second.stderr.on('data', (chunk) => {
    said += String(chunk);
  });
  const [code] = await once(second, 'close');
  assert.equal(code, 1);
  assert.match(said, /^late can't listen on \d+: listen EADDRINUSE.*\n$/);
});
