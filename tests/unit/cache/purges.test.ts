import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LONGEST_USE_MS, Purges } from '../../../src/cache/purges.ts';

function setUp() {
  const clock = { ms: 1000, now: () => clock.ms };
  const purges = new Purges({ clock, log: { warn: () => ({}) as never }, redis: undefined });
  const covers = (path: string, { route = 'r', tags = [] as string[], askedAtMs = 1000 } = {}) =>
    purges.covers({ route, tags, askedAtMs, path } as unknown as Parameters<Purges['covers']>[0]);
  return { clock, purges, covers };
}

test('what was asked for before a purge is covered, and what was asked for later is not', () => {
  const { purges, covers, clock } = setUp();
  clock.ms = 2000;
  assert.ok(purges.add({ pattern: '/a/*' }));
  assert.deepEqual([covers('/a/1'), covers('/b'), covers('/a/1', { askedAtMs: 2001 })], [true, false, false]);
  assert.ok(purges.add({ tag: 't' }));
  assert.deepEqual([covers('/b', { tags: ['t'] }), covers('/b', { tags: ['u'] })], [true, false]);
  assert.ok(purges.add({ route: 'r' }));
  assert.deepEqual([covers('/b'), covers('/b', { route: 'other' })], [true, false]);
  assert.ok(purges.add({ all: true }));
  assert.equal(covers('/b', { route: 'other' }), true);
});

test('a pattern of a route covers that route alone', () => {
  const { purges, covers } = setUp();
  purges.add({ pattern: '*', ofRoute: 'r' });
  assert.deepEqual([covers('/x'), covers('/x', { route: 'other' })], [true, false]);
});

test('the same purge again covers what came between', () => {
  const { purges, covers, clock } = setUp();
  purges.add({ pattern: '/a*' });
  clock.ms = 5000;
  assert.equal(covers('/a', { askedAtMs: 3000 }), false);
  purges.add({ pattern: '/a*' });
  assert.equal(covers('/a', { askedAtMs: 3000 }), true);
});

test('more patterns than can be tried purge the whole route, or all', () => {
  const { purges, covers } = setUp();
  for (let i = 0; i < 200; i++) assert.ok(purges.add({ pattern: `/p${i}`, ofRoute: 'r' }));
  assert.equal(covers('/other'), false);
  assert.ok(purges.add({ pattern: '/p200', ofRoute: 'r' }));
  assert.deepEqual([covers('/other'), covers('/other', { route: 'x' })], [true, false]);
  assert.ok(purges.add({ pattern: '/p201' }));
  assert.equal(covers('/other', { route: 'x' }), true);
});

test('a purge is forgotten when nothing from before it can be used any more', () => {
  const { purges, covers, clock } = setUp();
  purges.add({ all: true });
  clock.ms += LONGEST_USE_MS + 1;
  assert.equal(covers('/a'), false);
  assert.equal(purges.add({ tag: 'a b' }), false);
  assert.equal(purges.add({ pattern: '' }), false);
});
