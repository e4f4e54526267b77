import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { RequestContext, type Sink } from '../../../src/context.ts';
import { GatewayError } from '../../../src/errors.ts';
import type { Deadline, Deadlines } from '../../../src/lib/deadlines.ts';
import { CompressingSink, OpenStreams } from '../../../src/transform/compressing-sink.ts';
import { compressOption, createCompression } from '../../../src/transform/compression.ts';
import { until } from '../../support/until.ts';

/** A client that reads as the test lets it, behind a sink that codes with gzip. */
function setUp() {
  const deadlines = new Set<Deadline>();
  const open = new OpenStreams();
  const pieces: Buffer[] = [];
  const ends: string[] = [];
  const reader = { isFull: false };
  const client: Sink = {
    head: () => void ends.push('head'),
    write(_context, chunk) {
      pieces.push(chunk);
      return !reader.isFull;
    },
    end(_context, last) {
      if (last !== undefined) pieces.push(last);
      ends.push('end');
    },
    fail: (_context, error) => void ends.push(error instanceof GatewayError ? error.code : String(error)),
  };
  const res = Object.assign(new EventEmitter(), { destroyed: false });
  const context = new RequestContext({ method: 'GET', headers: {} } as never, res as never, client);
  const fakeDeadlines = {
    add: (one: Deadline) => void deadlines.add(one),
    remove: (one: Deadline) => void deadlines.delete(one),
  };
  const deps = { deadlines: fakeDeadlines as unknown as Deadlines, open };
  const compression = createCompression(compressOption.parse({}));
  const sink = new CompressingSink(compression, { coding: 'gzip', refusesPlain: false }, deps, context);
  const begin = () => sink.head(context, 200, { 'content-type': 'text/plain' }, 'service');
  return {
    sink,
    context,
    res,
    reader,
    deadlines,
    open,
    ends,
    begin,
    text: () => zlib.gunzipSync(Buffer.concat(pieces)),
    textSoFar: () => zlib.gunzipSync(Buffer.concat(pieces), { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString(),
  };
}

const source = { resume: () => undefined };

test('what comes in one piece is coded in one, and holds nothing afterwards', () => {
  const { sink, context, begin, ends, open, res, text } = setUp();
  begin();
  assert.equal(open.count, 1);
  sink.end(context, Buffer.from('abc'));
  assert.equal(text().toString(), 'abc');
  assert.deepEqual([ends, open.count, res.listenerCount('close')], [['head', 'end'], 0, 0]);
});

test('an answer without a body ends as an empty one', () => {
  const { sink, context, begin, text } = setUp();
  begin();
  sink.end(context, undefined);
  assert.equal(text().length, 0);
});

test('a client that stops reading when all has come from the service has the time of the route, and no more', async () => {
  const { sink, context, begin, reader, deadlines, open, ends } = setUp();
  reader.isFull = true;
  begin();
  sink.write(context, Buffer.alloc(20_000, 'a'), source);
  sink.end(context, Buffer.alloc(20_000, 'b'));
  await until(() => deadlines.size === 1);
  sink.onDue();
  assert.deepEqual([ends, open.count, deadlines.size], [['head', 'client_closed'], 0, 0]);
});

test('a client that reads on gets the rest', async () => {
  const { sink, context, begin, reader, deadlines, ends, text } = setUp();
  reader.isFull = true;
  begin();
  sink.write(context, Buffer.alloc(20_000, 'a'), source);
  sink.end(context, Buffer.alloc(20_000, 'b'));
  await until(() => deadlines.size === 1);
  reader.isFull = false;
  sink.resume();
  await until(() => ends.includes('end'));
  assert.equal(text().length, 40_000);
  assert.equal(deadlines.size, 0);
});

test('a client that leaves frees everything, and what still comes is for nobody', () => {
  const { sink, context, begin, open, res, ends } = setUp();
  begin();
  sink.write(context, Buffer.from('abc'), source);
  res.emit('close');
  assert.equal(open.count, 0);
  assert.equal(sink.write(context, Buffer.from('def'), source), true);
  sink.end(context, undefined);
  assert.deepEqual(ends, ['head']);
});

test('an answer that breaks off never ends', async () => {
  const { sink, context, begin, open, ends } = setUp();
  begin();
  context.status = 200;
  sink.write(context, Buffer.from('abc'), source);
  sink.fail(context, new GatewayError('upstream_reset'));
  sink.end(context, undefined);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([ends, open.count], [['head', 'upstream_reset'], 0]);
});

test('beyond the bound an answer goes as it is', () => {
  const { sink, context, begin, open, ends } = setUp();
  open.count = 256;
  begin();
  assert.equal(sink.write(context, Buffer.from('abc'), source), true);
  assert.deepEqual([open.count, ends], [256, ['head']]);
});

test('small pieces are coded together, in their order', async (t) => {
  const { createGzip } = zlib;
  let written = 0;
  t.mock.method(zlib, 'createGzip', (options?: zlib.ZlibOptions) => {
    const stream = createGzip(options);
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    stream.write = (...args: unknown[]) => {
      written += 1;
      return write(...args);
    };
    return stream;
  });
  const { sink, context, begin, ends, text } = setUp();
  begin();
  const sent = Array.from({ length: 50_000 }, (_, index) => String(index % 10));
  for (const digit of sent) sink.write(context, Buffer.from(digit), source);
  sink.end(context, undefined);
  await until(() => ends.includes('end'));
  assert.equal(text().toString(), sent.join(''));
  assert.ok(written > 0 && written <= 20, `the stream was written to ${written} times`);
});

test('a small piece alone does not wait for more than a moment, and neither does the next one', async () => {
  const { sink, context, begin, ends, textSoFar } = setUp();
  begin();
  sink.write(context, Buffer.from('first '), source);
  await until(() => textSoFar() === 'first ');
  sink.write(context, Buffer.from('second'), source);
  await until(() => textSoFar() === 'first second');
  assert.deepEqual(ends, ['head']);
  sink.fail(context, new GatewayError('upstream_reset'));
});

test('small and large pieces keep their order', async () => {
  const { sink, context, begin, ends, text } = setUp();
  begin();
  const sent = ['a', 'b'.repeat(5000), 'c', 'd'.repeat(4000), 'e'.repeat(200), 'f'];
  for (const piece of sent) sink.write(context, Buffer.from(piece), source);
  sink.end(context, Buffer.from('g'));
  await until(() => ends.includes('end'));
  assert.equal(text().toString(), `${sent.join('')}g`);
});

test('whoever writes small pieces waits for a client that does not read, and goes on with it', async () => {
  const { sink, context, begin, reader, deadlines, ends } = setUp();
  reader.isFull = true;
  begin();
  let resumed = 0;
  const waiting = {
    resume: () => {
      resumed += 1;
    },
  };
  let taken = 0;
  await until(() => {
    // Noise, so that what comes out fills up as well.
    for (let more = 0; more < 1000; more += 1) {
      taken += 100;
      if (!sink.write(context, randomBytes(100), waiting)) return true;
    }
    return undefined;
  });
  assert.ok(taken < 1_000_000, `${taken} bytes were taken`);
  await until(() => deadlines.size === 1);
  const before = resumed;
  reader.isFull = false;
  sink.resume();
  await until(() => resumed > before);
  sink.end(context, undefined);
  await until(() => ends.includes('end'));
});
