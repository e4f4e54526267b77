import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { UnprovenUploads } from '../../../../src/auth/signed/unproven-uploads.ts';
import { RequestContext } from '../../../../src/context.ts';
import { GatewayError } from '../../../../src/errors.ts';
import { until } from '../../../support/until.ts';

const open: Readable[] = [];
after(() => {
  for (const req of open) req.destroy();
});

const tick = () => new Promise(setImmediate);

/** An upload that a test feeds, and what became of it. */
function upload(uploads: UnprovenUploads, clientAddress: string) {
  const headers = { 'transfer-encoding': 'chunked' };
  const req = Object.assign(new Readable({ read: () => undefined }), { headers, httpVersionMinor: 1 });
  open.push(req);
  const res = Object.assign(new EventEmitter(), { headersSent: false });
  const context = new RequestContext(req as never, res as never);
  context.clientAddress = clientAddress;
  const state: { ended?: string } = {};
  uploads.read(context).then(
    (bytes) => {
      state.ended = `${bytes.length} bytes`;
    },
    (error: unknown) => {
      state.ended = error instanceof GatewayError ? error.code : String(error);
    },
  );
  return {
    state,
    send: async (bytes: number) => {
      req.push(Buffer.alloc(bytes));
      await tick();
    },
    finish: async () => {
      req.push(null);
      await until(() => state.ended);
    },
  };
}

test('where a network has no room the upload ends that began first, and the newest goes on', async () => {
  const uploads = new UnprovenUploads({ maxBytesPerNetwork: 300 });
  const stalled = [upload(uploads, '192.0.2.1'), upload(uploads, '192.0.2.1'), upload(uploads, '192.0.2.1')];
  for (const each of stalled) await each.send(90);
  const other = upload(uploads, '192.0.2.2');
  await other.send(200);
  const newest = upload(uploads, '192.0.2.1');
  await newest.send(60);
  await newest.finish();
  assert.equal(newest.state.ended, '60 bytes');
  await until(() => stalled[0]?.state.ended);
  assert.deepEqual(
    stalled.map(({ state }) => state.ended),
    ['overloaded', undefined, undefined],
  );
  await other.finish();
  assert.equal(other.state.ended, '200 bytes', 'another network is not concerned');
  assert.equal(uploads.bytes, 180);
});

test('where nobody has room, and all are young, it is the network that holds most which loses', async () => {
  const uploads = new UnprovenUploads({ maxBytes: 500, maxBytesPerNetwork: 400 }, () => 0);
  const greedy = [upload(uploads, '192.0.2.1'), upload(uploads, '192.0.2.1')];
  for (const each of greedy) await each.send(190);
  const modest = upload(uploads, '192.0.2.2');
  await modest.send(150);
  await modest.finish();
  assert.equal(modest.state.ended, '150 bytes');
  assert.deepEqual(
    greedy.map(({ state }) => state.ended),
    ['overloaded', undefined],
  );
});

test('an upload that is larger than all there is ends itself', async () => {
  const uploads = new UnprovenUploads({ maxBytesPerNetwork: 300 });
  const huge = upload(uploads, '192.0.2.1');
  await huge.send(301);
  await until(() => huge.state.ended);
  assert.equal(huge.state.ended, 'body_too_large');
  assert.equal(uploads.bytes, 0);
});

test('where nobody has room, those lose that stand, whatever their size, and a larger one that is sent at once goes on', async () => {
  const time = { nowMs: 0 };
  const uploads = new UnprovenUploads({ maxBytes: 500, maxBytesPerNetwork: 400 }, () => time.nowMs);
  const standing = [upload(uploads, '192.0.2.1'), upload(uploads, '192.0.2.2'), upload(uploads, '192.0.2.3')];
  for (const each of standing) await each.send(100);
  time.nowMs = 900;
  // A byte now and then is no progress.
  for (const each of standing) await each.send(1);
  time.nowMs = 1100;
  const valid = upload(uploads, '192.0.2.4');
  await valid.send(150);
  await valid.send(150);
  await valid.finish();
  assert.equal(valid.state.ended, '300 bytes');
  assert.deepEqual(
    standing.map(({ state }) => state.ended),
    ['overloaded', 'overloaded', undefined],
  );
});

test('where none stands, those lose that take long', async () => {
  const KIB = 1024;
  const time = { nowMs: 0 };
  const bounds = { maxBytes: 500 * KIB, maxBytesPerNetwork: 400 * KIB };
  const uploads = new UnprovenUploads(bounds, () => time.nowMs);
  const slow = [upload(uploads, '192.0.2.1'), upload(uploads, '192.0.2.2')];
  for (; time.nowMs < 5500; time.nowMs += 500) for (const each of slow) await each.send(16 * KIB);
  const valid = upload(uploads, '192.0.2.4');
  await valid.send(200 * KIB);
  await valid.finish();
  assert.equal(valid.state.ended, `${200 * KIB} bytes`);
  assert.deepEqual(
    slow.map(({ state }) => state.ended),
    ['overloaded', undefined],
  );
});

test('an upload that dribbles ends when its time is over, however often a byte comes', async () => {
  const uploads = new UnprovenUploads({ maxMs: 200, idleMs: 60_000 });
  const dribble = upload(uploads, '192.0.2.1');
  await until(async () => {
    if (dribble.state.ended === undefined) await dribble.send(1);
    return dribble.state.ended;
  });
  assert.equal(dribble.state.ended, 'request_timeout');
  const idle = upload(new UnprovenUploads({ idleMs: 20 }), '192.0.2.1');
  await until(() => idle.state.ended);
  assert.equal(idle.state.ended, 'request_timeout');
});
