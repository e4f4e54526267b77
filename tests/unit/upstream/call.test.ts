import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Deadlines } from '../../../src/lib/deadlines.ts';
import { createCalls } from '../../../src/upstream/call.ts';
import { createAuthority, NO_OPENSSL } from '../../support/certificates.ts';
import { closedPort, startLyingService, startService } from '../../support/service.ts';

const call = createCalls(new Deadlines());
const TERMS = { timeoutMs: 2_000, maxBytes: 1_000 };

test('a question gets its whole answer', async (t) => {
  const service = await startService(t);
  const { status, headers, body } = await call({
    to: new URL(`${service.url}/ask?about=this`),
    method: 'POST',
    headers: ['content-type', 'text/plain'],
    body: 'hello',
    ...TERMS,
  });
  const seen = JSON.parse(body.toString()) as { path: string; method: string; bodyBytes: number };
  assert.deepEqual([status, headers['content-type']], [200, 'application/json']);
  assert.deepEqual([seen.method, seen.path, seen.bodyBytes], ['POST', '/ask?about=this', 5]);
});

test('a redirect is an answer: nobody else is asked', async (t) => {
  const service = await startService(t, (_req, res) => res.writeHead(302, { location: '/elsewhere' }).end());
  const { status } = await call({ to: new URL(service.url), ...TERMS });
  assert.deepEqual([status, service.requests.length], [302, 1]);
});

test('an answer over the bound is an error, or is cut off where that is enough', async (t) => {
  const service = await startService(t, (_req, res) => res.end(Buffer.alloc(5_000)));
  const to = new URL(service.url);
  await assert.rejects(call({ to, ...TERMS }), /larger than 1000 bytes/);
  const { status } = await call({ to, ...TERMS, isCut: true });
  assert.equal(status, 200);
});

test('silence ends at the deadline, in the head and in the middle of a body', async (t) => {
  const mute = await startService(t, () => undefined);
  await assert.rejects(call({ to: new URL(mute.url), ...TERMS, timeoutMs: 100 }), /no answer within 100 ms/);
  const halting = await startService(t, (_req, res) => void res.write('half'));
  await assert.rejects(call({ to: new URL(halting.url), ...TERMS, timeoutMs: 100 }), /no answer within 100 ms/);
});

test('a dead address, half an answer and an unasked upgrade are errors', async (t) => {
  const dead = new URL(`http://127.0.0.1:${await closedPort()}`);
  await assert.rejects(call({ to: dead, ...TERMS }), { code: 'ECONNREFUSED' });
  const half = await startLyingService(t, (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'));
  await assert.rejects(call({ to: new URL(half.url), ...TERMS }));
  const switching = await startLyingService(
    t,
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
  );
  await assert.rejects(call({ to: new URL(switching.url), ...TERMS }));
});

test('a certificate is vouched for by the authority of that one question', { skip: NO_OPENSSL }, async (t) => {
  const [ours, another] = [createAuthority(), createAuthority()];
  const server = createServer(ours.sign('auth', 'IP:127.0.0.1'), (_req, res) => res.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const to = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
  // The connection of the first is kept, and serves no question that trusts somebody else.
  assert.equal((await call({ to, tls: { ca: ours.ca }, ...TERMS })).status, 200);
  await assert.rejects(call({ to, ...TERMS }));
  await assert.rejects(call({ to, tls: { ca: another.ca }, ...TERMS }));
});
