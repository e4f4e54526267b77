import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenList } from '../../../src/lib/open-list.ts';

const thing = (name: string) => ({ name, openAt: -1 });
const namesOf = (list: OpenList<ReturnType<typeof thing>>): string => [...list].map(({ name }) => name).join('');

test('what comes is in the list until it goes, once', () => {
  const list = new OpenList<ReturnType<typeof thing>>();
  const [a, b, c] = [thing('a'), thing('b'), thing('c')];
  for (const each of [a, b, c]) list.add(each);
  assert.deepEqual([list.size, namesOf(list)], [3, 'abc']);
  assert.deepEqual([list.delete(a), list.delete(a)], [true, false]);
  assert.deepEqual([list.size, namesOf(list)], [2, 'cb']);
  assert.equal(list.delete(thing('d')), false);
  assert.deepEqual([list.delete(b), list.delete(c), list.size], [true, true, 0]);
});

test('what leaves while the list is gone through is left out, and nothing else is', () => {
  const list = new OpenList<ReturnType<typeof thing>>();
  const all = ['a', 'b', 'c', 'd'].map(thing);
  for (const each of all) list.add(each);
  const seen: string[] = [];
  for (const each of list) {
    seen.push(each.name);
    if (each.name === 'a') for (const other of all.slice(0, 2)) list.delete(other);
  }
  assert.deepEqual(seen, ['a', 'c', 'd']);
});
