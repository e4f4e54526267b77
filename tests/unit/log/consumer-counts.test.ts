import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONSUMER_STEPS, ConsumerCounts, type ConsumerEnd } from '../../../src/log/consumer-counts.ts';

function ask(counts: ConsumerCounts, name: string, times: number, route = '/a', end: ConsumerEnd = 'answered'): void {
  for (let i = 0; i < times; i += 1) counts.count(name, 'free', route, end);
}

const shown = (counts: ConsumerCounts, steps = CONSUMER_STEPS) =>
  counts.busiest(steps).map(({ count, requests, refused }) => [count.name, requests, refused]);

test('the busiest come first, with what was refused of theirs', () => {
  const counts = new ConsumerCounts();
  ask(counts, 'shop', 3);
  ask(counts, 'mobile', 5);
  ask(counts, 'mobile', 2, '/a', 'refused');
  counts.step();
  assert.deepEqual(shown(counts), [
    ['mobile', 7, 2],
    ['shop', 3, 0],
  ]);
});

test('what was refused and what has failed are told apart, and a refused key has a plan still', () => {
  const counts = new ConsumerCounts();
  ask(counts, 'shop', 1);
  ask(counts, 'shop', 3, '/a', 'failed');
  counts.countRefusal('shop', '/a');
  counts.countRefusal('gone', '/b');
  counts.step();
  assert.deepEqual(
    counts.busiest(1).map(({ count, ...sums }) => ({ name: count.name, plan: count.plan, ...sums })),
    [
      { name: 'shop', plan: 'free', requests: 5, refused: 1, failed: 3 },
      { name: 'gone', plan: undefined, requests: 1, refused: 1, failed: 0 },
    ],
  );
});

test('ten minutes are looked back on, or the last steps of them', () => {
  const counts = new ConsumerCounts();
  ask(counts, 'shop', 3);
  counts.step();
  ask(counts, 'shop', 1);
  counts.step();
  assert.deepEqual(shown(counts, 1), [['shop', 1, 0]]);
  assert.deepEqual(shown(counts), [['shop', 4, 0]]);
  for (let step = 0; step < CONSUMER_STEPS - 2; step += 1) counts.step();
  assert.deepEqual(shown(counts), [['shop', 4, 0]]);
  counts.step();
  assert.deepEqual(shown(counts), [['shop', 1, 0]]);
  counts.step();
  assert.deepEqual(shown(counts), []);
});

test('a flood of names pushes none of the busy ones out', () => {
  const counts = new ConsumerCounts();
  ask(counts, 'shop', 50);
  for (let step = 0; step < 3; step += 1) {
    for (let i = 0; i < 5000; i += 1) ask(counts, `stranger-${step}-${i}`, 1);
    counts.step();
    assert.ok(counts.busiest(CONSUMER_STEPS).length <= 500);
  }
  assert.deepEqual(shown(counts)[0], ['shop', 50, 0]);
});

test('the route that it asks for most is told, though there are many', () => {
  const counts = new ConsumerCounts();
  for (let i = 0; i < 100; i += 1) {
    ask(counts, 'shop', 2, '/much');
    ask(counts, 'shop', 1, `/rare-${i}`);
  }
  counts.step();
  assert.equal(counts.busiest(1)[0]?.count.topRoute, '/much');
});
