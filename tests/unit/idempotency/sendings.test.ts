import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { test } from 'node:test';
import type { RequestSpan } from '../../../src/facts.ts';
import { Sendings } from '../../../src/idempotency/sendings.ts';

const SPAN = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const send = (socket: { bytesRead: number }, headers: unknown = `POST / HTTP/1.1\r\ntraceparent: ${SPAN}\r\n`) =>
  channel('undici:client:sendHeaders').publish({ headers, socket });

test('a request is heard of once a byte has come after it was sent', (t) => {
  const sendings = new Sendings();
  t.after(() => sendings.close());
  const sending = sendings.watch({ traceparent: SPAN, span: undefined });
  assert.equal(sending.isHeard, false);
  const socket = { bytesRead: 100 };
  send(socket);
  assert.equal(sending.isHeard, false, 'what came before was for another request');
  socket.bytesRead += 1;
  assert.equal(sending.isHeard, true);
  sending.end();
  assert.equal(sendings.size, 0);
});

test('copies for a mirror, requests of others and shared connections say nothing of it', (t) => {
  const sendings = new Sendings();
  t.after(() => sendings.close());
  const sending = sendings.watch({ traceparent: SPAN, span: undefined });
  const socket = { bytesRead: 0 };
  send(socket, `POST / HTTP/1.1\r\ntraceparent: ${SPAN}\r\nX-Gateway-Mirror: true\r\n`);
  send(socket, `POST / HTTP/1.1\r\ntraceparent: ${SPAN.replace('b7', 'b8')}\r\n`);
  send(socket, `POST / HTTP/1.1\r\nhost: x\r\n`);
  send(socket, { traceparent: SPAN });
  socket.bytesRead = 10;
  assert.equal(sending.isHeard, false);
});

test('a traced request is known by the spans of its attempts too, and by none any more when it is over', (t) => {
  const sendings = new Sendings();
  t.after(() => sendings.close());
  const span: Pick<RequestSpan, 'told'> = { told: undefined };
  const sending = sendings.watch({ traceparent: SPAN, span: span as RequestSpan });
  const attempts = [SPAN.replace('b7', 'c1'), SPAN.replace('b7', 'c2')];
  for (const attempt of attempts) {
    const socket = { bytesRead: 5 };
    span.told?.(attempt);
    send(socket, `POST / HTTP/1.1\r\ntraceparent: ${attempt}\r\n`);
    assert.equal(sending.isHeard, false);
    socket.bytesRead = 6;
    assert.equal(sending.isHeard, true);
  }
  sending.end();
  assert.equal(sendings.size, 0);
});
