import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { RequestBody } from '../../../src/body/request-body.ts';
import { until } from '../../support/until.ts';

test('an upload that comes byte by byte is kept, and sent again, in few pieces', async () => {
  const req = Object.assign(new Readable({ read: () => undefined }), { headers: {}, httpVersionMinor: 1 });
  const body = new RequestBody(req as never, { headersSent: false } as never, 1_000_000, 'a');
  body.open().resume();
  const sent = '0123456789'.repeat(5_000);
  for (const digit of sent) req.push(digit);
  await until(() => body.bytes === sent.length);
  const again: Buffer[] = [];
  body.open().on('data', (piece: Buffer) => void again.push(piece));
  await until(() => Buffer.concat(again).length === sent.length);
  assert.equal(Buffer.concat(again).toString(), sent);
  assert.ok(again.length <= 20, `${again.length} pieces`);
  req.destroy();
});

test('what was sent and is still here can be had whole, to be sent elsewhere', async () => {
  const req = Object.assign(new Readable({ read: () => undefined }), { headers: {}, httpVersionMinor: 1 });
  const res = { headersSent: false, once: () => undefined };
  const body = new RequestBody(req as never, res as never, 1_000, 'a');
  body.open().resume();
  req.push('hello');
  req.push(null);
  await until(() => body.isComplete);
  assert.equal((await body.whole()).toString(), 'hello');
  assert.equal(body.contentLength, '5');
});

test('what is sent on while somebody reads the whole is the same bytes, counted once, for each attempt', async () => {
  const req = Object.assign(new Readable({ read: () => undefined }), { headers: {}, httpVersionMinor: 1 });
  const res = { headersSent: false, once: () => undefined };
  const body = new RequestBody(req as never, res as never, 1_000, 'a');
  const whole = body.whole();
  req.push('a'.repeat(400));
  await until(() => body.bytes === 400);
  body.open().resume();
  const again = body.open();
  req.push('b'.repeat(400));
  req.push(null);
  const sent = Buffer.concat(await again.toArray()).toString();
  assert.equal(sent, 'a'.repeat(400) + 'b'.repeat(400));
  assert.equal((await whole).toString(), sent);
  assert.equal(body.bytes, 800);
});

test('where the reading of the whole fails, what is sent on ends with the same error', async () => {
  const req = Object.assign(new Readable({ read: () => undefined }), { headers: {}, httpVersionMinor: 1 });
  const res = { headersSent: false, once: () => undefined };
  const body = new RequestBody(req as never, res as never, 10, 'a');
  const whole = assert.rejects(body.whole(), { code: 'body_too_large' });
  const sent = assert.rejects(body.open().toArray(), { code: 'body_too_large' });
  req.push('a'.repeat(11));
  await Promise.all([whole, sent]);
});
