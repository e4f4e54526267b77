import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { decodeContent, isIdentity, type UndecodableContent } from '../../../src/lib/decode-content.ts';

const text = Buffer.from('{"a":1}'.repeat(100));

test('the codings that services use are undone', async () => {
  const coded: Record<string, Buffer> = {
    gzip: zlib.gzipSync(text),
    'X-GZIP': zlib.gzipSync(text),
    deflate: zlib.deflateSync(text),
    br: zlib.brotliCompressSync(text),
    zstd: zlib.zstdCompressSync(text),
    'gzip, br': zlib.brotliCompressSync(zlib.gzipSync(text)),
    identity: text,
  };
  for (const [field, bytes] of Object.entries(coded)) {
    assert.deepEqual(await decodeContent(bytes, field, 10_000), text, field);
  }
  assert.equal(isIdentity(' identity , '), true);
  assert.equal(isIdentity('gzip'), false);
});

test('what grows without end is given up at the bound', async () => {
  const bomb = zlib.gzipSync(zlib.gzipSync(Buffer.alloc(64 * 1024 * 1024)));
  const before = process.memoryUsage().rss;
  await assert.rejects(decodeContent(bomb, 'gzip, gzip', 1024 * 1024), (error: UndecodableContent) => {
    return error.reason === 'too large';
  });
  assert.ok(process.memoryUsage().rss - before < 32 * 1024 * 1024);
});

test('bytes after the end are refused', async () => {
  const coders = {
    gzip: zlib.gzipSync,
    deflate: zlib.deflateSync,
    br: zlib.brotliCompressSync,
    zstd: zlib.zstdCompressSync,
  };
  for (const [coding, code] of Object.entries(coders)) {
    for (const rest of [Buffer.from('x'), Buffer.alloc(4)]) {
      const coded = Buffer.concat([code(text), rest]);
      await assert.rejects(decodeContent(coded, coding, 10_000), { reason: 'broken' }, coding);
    }
  }
});

test('unknown codings, broken ones and many at once are told apart', async () => {
  const reasonOf = (bytes: Buffer, field: string): Promise<string> =>
    decodeContent(bytes, field, 10_000).then(
      () => 'none',
      (error: UndecodableContent) => error.reason,
    );
  assert.equal(await reasonOf(text, 'gzip'), 'broken');
  assert.equal(await reasonOf(zlib.gzipSync(text).subarray(0, 20), 'gzip'), 'broken');
  assert.equal(await reasonOf(text, 'compress'), 'unknown coding');
  assert.equal(await reasonOf(text, 'constructor'), 'unknown coding');
  assert.equal(await reasonOf(text, 'gzip, gzip, gzip'), 'unknown coding');
});
