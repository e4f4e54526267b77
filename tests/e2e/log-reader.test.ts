import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const WRITER = join(import.meta.dirname, '../support/write-lines.ts');

/** The lines that a reader got, and how many the writer says that it dropped. */
async function writeTo(command: string): Promise<{ got: number; dropped: number }> {
  const child = spawn('sh', ['-c', command], {
    env: { ...process.env, NODE: process.execPath, WRITER },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30_000,
  });
  const dropped = text(child.stderr);
  let bytes = 0;
  let last = '';
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    last = chunk.toString('latin1', Math.max(0, chunk.length - 20));
  });
  await once(child, 'close');
  // Either the lines themselves, or what `wc -l` has counted.
  return { got: /^\s*\d+\s*$/.test(last) ? Number(last) : bytes / 2_501, dropped: Number(await dropped) };
}

test('a reader at the end of a pipe that keeps up loses no line', async () => {
  assert.deepEqual(await writeTo('"$NODE" "$WRITER" | wc -l'), { got: 8_000, dropped: 0 });
});

test('a reader at the end of a socket that keeps up loses no line', async () => {
  assert.deepEqual(await writeTo('exec "$NODE" "$WRITER"'), { got: 8_000, dropped: 0 });
});
