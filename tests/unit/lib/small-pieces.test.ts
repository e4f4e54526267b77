import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SMALL_PIECE_BYTES, SmallPieces } from '../../../src/lib/small-pieces.ts';

test('small pieces become one, in their order, and the next ones another', () => {
  const pieces = new SmallPieces();
  for (const letter of 'abc') assert.equal(pieces.add(Buffer.from(letter)), true);
  const first = pieces.take();
  pieces.add(Buffer.from('d'));
  assert.deepEqual([first?.toString(), pieces.take()?.toString(), pieces.take()], ['abc', 'd', undefined]);
});

test('a piece is copied, whatever becomes of the buffer it came in', () => {
  const pieces = new SmallPieces();
  const piece = Buffer.from('a');
  pieces.add(piece);
  piece.write('b');
  assert.equal(pieces.take()?.toString(), 'a');
});

test('what has no room is left to whoever has it', () => {
  const pieces = new SmallPieces();
  assert.equal(pieces.add(Buffer.alloc(SMALL_PIECE_BYTES + 1)), false);
  assert.equal(pieces.add(Buffer.alloc(SMALL_PIECE_BYTES)), true);
  assert.equal(pieces.add(Buffer.from('a')), false);
  assert.equal(pieces.take()?.length, SMALL_PIECE_BYTES);
});
