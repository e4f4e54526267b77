import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PieceList } from '../../../src/lib/piece-list.ts';

const listOf = (...pieces: string[]): PieceList => {
  const list = new PieceList();
  for (const piece of pieces) list.add(Buffer.from(piece));
  return list;
};

test('pieces of any size keep their order', () => {
  const pieces = ['a', 'b'.repeat(5000), 'c', '', 'd'.repeat(4000), 'e'.repeat(200), 'f'];
  const list = listOf(...pieces);
  assert.equal(list.bytes, pieces.join('').length);
  assert.equal(list.whole().toString(), pieces.join(''));
  list.add(Buffer.from('g'));
  assert.equal(list.whole().toString(), `${pieces.join('')}g`);
  assert.equal(Buffer.concat(list.pieces()).toString(), `${pieces.join('')}g`);
});

test('a hundred thousand pieces of one byte are kept as a few', () => {
  const list = listOf(...'abcdefghij'.repeat(10_000));
  assert.ok(list.pieces().length <= 30, `${list.pieces().length} pieces`);
  assert.equal(list.whole().toString(), 'abcdefghij'.repeat(10_000));
});

test('one piece alone is not copied', () => {
  const piece = Buffer.from('abc');
  const list = new PieceList();
  list.add(piece);
  assert.equal(list.whole(), piece);
});

test('what has been given away stays as it was', () => {
  const list = listOf('a', 'b', 'c');
  const before = list.pieces();
  list.add(Buffer.from('d'));
  assert.equal(Buffer.concat(before).toString(), 'abc');
  list.clear();
  list.add(Buffer.from('e'));
  assert.deepEqual([Buffer.concat(before).toString(), list.whole().toString(), list.bytes], ['abc', 'e', 1]);
});

test('nothing is no bytes', () => {
  assert.deepEqual([listOf().whole().length, listOf('').whole().length, listOf().pieces()], [0, 0, []]);
});
