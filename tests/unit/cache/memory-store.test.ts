import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../../src/cache/entry.ts';
import { MemoryStore } from '../../../src/cache/memory-store.ts';
import { isEntry } from '../../../src/cache/store.ts';

const MB = 1024 * 1024;

function entry(bytes: number): Entry {
  return {
    status: 200,
    fields: {},
    body: Buffer.alloc(bytes),
    askedAtMs: 0,
    bornAtMs: 0,
    route: 'r',
    path: '/',
    tags: [],
    lifetimeMs: 1000,
    isAlwaysAsked: false,
    isStrict: false,
    staleWhileRevalidateMs: 0,
    staleIfErrorMs: 0,
  };
}

const has = (store: MemoryStore, name: string): boolean => isEntry(store.find({ url: 'u' }, [name]).stored[0]);

test('ten thousand entries of a megabyte stay within the bound', () => {
  const store = new MemoryStore(64 * MB, () => 0);
  const one = entry(MB);
  for (let i = 0; i < 10_000; i++) {
    store.put(`u${i}`, `n${i}`, one, 0, 1000);
    assert.ok(store.usage.bytes <= 64 * MB);
  }
  assert.equal(store.usage.entries, 63);
});

test('what was used last stays', () => {
  const store = new MemoryStore(10 * MB, () => 0);
  for (let i = 0; i < 30; i++) {
    store.put('u', `n${i}`, entry(MB), 0, 1000);
    assert.ok(has(store, 'n0'));
  }
  assert.deepEqual([has(store, 'n0'), has(store, 'n1'), has(store, 'n29')], [true, false, true]);
});

test('what is over is not found, and takes no place', () => {
  let now = 0;
  const store = new MemoryStore(MB, () => now);
  store.put('u', 'n', entry(10), 0, 1000);
  now = 1001;
  assert.equal(has(store, 'n'), false);
  assert.deepEqual(store.usage, { bytes: 0, entries: 0 });
});

test('a URL is invalidated with all that stands under it, and with what was asked for before', () => {
  const store = new MemoryStore(MB, () => 0);
  const { mark } = store.find({ url: 'u' }, []);
  store.put('u', 'a', entry(10), mark, 1000);
  store.put('u', 'b', { vary: ['x'] }, mark, 1000);
  store.put('other', 'c', entry(10), mark, 1000);
  store.invalidate('u');
  store.put('u', 'late', entry(10), mark, 1000);
  assert.deepEqual(
    ['a', 'b', 'c', 'late'].map((name) => has(store, name)),
    [false, false, true, false],
  );
  store.put('u', 'next', entry(10), store.find({ url: 'u' }, []).mark, 1000);
  assert.equal(has(store, 'next'), true);
  assert.equal(store.usage.entries, 2);
});

test('a smaller bound holds at once', () => {
  const store = new MemoryStore(10 * MB, () => 0);
  for (let i = 0; i < 9; i++) store.put('u', `n${i}`, entry(MB), 0, 1000);
  store.resize(3 * MB);
  assert.ok(store.usage.bytes <= 3 * MB && has(store, 'n8'));
});
