import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyCounts } from '../../../src/lib/key-counts.ts';

test('a key counts what is under way, and is forgotten with the last of it', () => {
  const counts = new KeyCounts();
  counts.add('app');
  counts.add('app');
  counts.add('other');
  assert.deepEqual([counts.of('app'), counts.of('other'), counts.of('nobody')], [2, 1, 0]);
  counts.remove('app');
  counts.remove('app');
  counts.remove('nobody');
  assert.deepEqual([counts.of('app'), counts.size], [0, 1]);
});
