import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentMap } from '../../../src/lib/recent-map.ts';

test('it never holds more than twice its capacity, and keeps what is used', () => {
  const map = new RecentMap<number, number>(10);
  for (let key = 0; key < 1000; key += 1) {
    map.set(key, key);
    assert.ok(map.size <= 20);
    assert.equal(map.get(0), 0, `in use, yet forgotten at ${key}`);
  }
  assert.equal(map.get(500), undefined);
  assert.equal(map.get(999), 999);
});

test('weights count instead of entries, and a deleted entry frees its weight', () => {
  const map = new RecentMap<string, string>(100);
  map.set('a', 'a', 60);
  map.delete('a');
  map.set('b', 'b', 60);
  map.set('c', 'c', 30);
  assert.deepEqual([map.get('a'), map.get('b'), map.get('c')], [undefined, 'b', 'c']);
  map.set('d', 'd', 90);
  map.set('e', 'e', 90);
  assert.equal(map.get('b'), undefined);
  map.clear();
  assert.equal(map.size, 0);
});
