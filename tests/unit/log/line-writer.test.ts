import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineWriter, type LineWriterOptions, type WriteBytes } from '../../../src/log/line-writer.ts';
import { until } from '../../support/until.ts';

type Reply = number | 'all' | 'EAGAIN' | 'EPIPE' | 'ENOSPC' | 'never';

/** A descriptor that takes what the replies say, one a write; the last one again and again. */
function createDescriptor(...replies: Reply[]) {
  const writes: string[] = [];
  let calls = 0;
  const write: WriteBytes = (_descriptor, bytes, offset, length, _position, done) => {
    const reply = replies[Math.min(calls++, replies.length - 1)] as Reply;
    if (reply === 'never') return;
    setImmediate(() => {
      if (typeof reply === 'string' && reply !== 'all')
        return done(Object.assign(new Error(reply), { code: reply }), 0);
      const taken = reply === 'all' ? length : Math.min(reply, length);
      writes.push(bytes.toString('utf8', offset, offset + taken));
      done(null, taken);
    });
  };
  return { write, writes, text: () => writes.join(''), calls: () => calls };
}

function createWriter(write: WriteBytes, options: Partial<LineWriterOptions> = {}) {
  const drops: number[] = [];
  const onDrop = (lines: number): void => void drops.push(lines);
  return { writer: new LineWriter({ descriptor: 9, intervalMs: 5, write, onDrop, ...options }), drops };
}

test('lines that come together leave in one write', async () => {
  const descriptor = createDescriptor('all');
  const { writer } = createWriter(descriptor.write);
  writer.append('one');
  writer.append('zwölf €');
  assert.equal(await writer.flush(1000), true);
  assert.deepEqual(descriptor.writes, ['one\nzwölf €\n']);
});

test('what a write did not take is written next, in order', async () => {
  const descriptor = createDescriptor(3, 1, 'all');
  const { writer } = createWriter(descriptor.write);
  writer.append('first line');
  writer.append('second line');
  const flushed = writer.flush(1000);
  writer.append('third line');
  assert.equal(await flushed, true);
  assert.equal(descriptor.text(), 'first line\nsecond line\nthird line\n');
});

test('a full pipe is asked again with the same bytes', async () => {
  const descriptor = createDescriptor('EAGAIN', 'EAGAIN', 'all');
  const { writer, drops } = createWriter(descriptor.write);
  writer.append('patience');
  assert.equal(await writer.flush(1000), true);
  assert.equal(descriptor.text(), 'patience\n');
  assert.deepEqual(drops, []);
});

test('a reader that is gone or a full disk costs the lines, which are counted, and nothing else', async () => {
  for (const fault of ['EPIPE', 'ENOSPC'] as const) {
    const descriptor = createDescriptor(fault, 'all');
    const { writer, drops } = createWriter(descriptor.write);
    writer.append('lost');
    writer.append('lost too');
    assert.equal(await writer.flush(1000), true);
    assert.deepEqual(drops, [2], fault);
    writer.append('after');
    await writer.flush(1000);
    assert.equal(descriptor.text(), 'after\n');
  }
});

test('a stalled reader costs lines beyond the bound, not memory', async () => {
  const descriptor = createDescriptor('never');
  const { writer, drops } = createWriter(descriptor.write, { maxPendingBytes: 1024 });
  writer.append('stuck');
  assert.equal(await writer.flush(5), false);
  for (let i = 0; i < 100; i++) writer.append('x'.repeat(50));
  assert.equal(descriptor.calls(), 1, 'one write at a time');
  assert.equal(await writer.flush(5), false);
  assert.deepEqual(drops, [], 'told with the next write');
});

test('dropped lines are counted once the reader goes on', async () => {
  const descriptor = createDescriptor('EAGAIN', 'EAGAIN', 'all');
  const { writer, drops } = createWriter(descriptor.write, { maxPendingBytes: 300 });
  for (let i = 0; i < 10; i++) writer.append('y'.repeat(50));
  await writer.flush(1000);
  const written = descriptor.text().split('\n').length - 1;
  assert.ok(written > 0 && written < 10);
  assert.equal(
    drops.reduce((sum, lines) => sum + lines, 0),
    10 - written,
  );
});

test('a line is whole or not there', async () => {
  const descriptor = createDescriptor('all');
  const { writer } = createWriter(descriptor.write, { maxPendingBytes: 100_000 });
  for (let i = 0; i < 2000; i++) writer.append(`{"line":${i},"text":"€€€€€€"}`);
  await writer.flush(1000);
  const lines = descriptor.text().split('\n').slice(0, -1);
  for (const [i, line] of lines.entries()) assert.deepEqual(JSON.parse(line), { line: i, text: '€€€€€€' });
});

test('when there is enough for a write it begins, whatever the interval', async () => {
  const descriptor = createDescriptor('all');
  const { writer } = createWriter(descriptor.write, { intervalMs: 60_000 });
  for (let i = 0; i < 40; i++) writer.append('z'.repeat(999));
  await until(() => descriptor.writes.length > 0);
  assert.ok(descriptor.text().length >= 32 * 1024);
});

test('a write that calls back at once, and a pipe that takes a little at a time, lose no line', async () => {
  let text = '';
  let calls = 0;
  const write: WriteBytes = (_descriptor, bytes, offset, length, _position, done) => {
    calls += 1;
    if (calls % 3 === 0) return done(Object.assign(new Error('full'), { code: 'EAGAIN' }), 0);
    const taken = Math.min(4_096, length);
    text += bytes.toString('utf8', offset, offset + taken);
    done(null, taken);
  };
  const { writer, drops } = createWriter(write);
  for (let i = 0; i < 2_000; i++) writer.append(`${i} ${'€'.repeat(100)}`);
  assert.equal(await writer.flush(5_000), true);
  assert.deepEqual(drops, []);
  assert.deepEqual(
    text.split('\n').slice(0, -1).map(Number.parseFloat),
    Array.from({ length: 2_000 }, (_, i) => i),
  );
});

test('what may wait is counted in bytes, not in what they might have been', async () => {
  const { writer, drops } = createWriter(createDescriptor('all').write, { maxPendingBytes: 1_000 });
  for (let i = 0; i < 11; i++) writer.append('b'.repeat(99));
  await writer.flush(1_000);
  assert.deepEqual(drops, [1]);
});
