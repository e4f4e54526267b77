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
