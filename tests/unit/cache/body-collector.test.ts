import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyCollector, CollectBudget } from '../../../src/cache/body-collector.ts';

test('collects what came, in memory of its own', () => {
  const collector = new BodyCollector(new CollectBudget(100_000), 50_000);
  const chunk = Buffer.alloc(3000, 'a');
  for (let i = 0; i < 5; i++) assert.ok(collector.add(chunk));
  chunk.fill('b');
  const body = collector.take();
  assert.equal(body.toString(), 'a'.repeat(15_000));
  assert.equal(body.buffer.byteLength, 15_000);
});

test('a body that is too long is given up', () => {
  const collector = new BodyCollector(new CollectBudget(100_000), 10);
  assert.ok(collector.add(Buffer.alloc(10)));
  assert.equal(collector.add(Buffer.alloc(1)), false);
});

test('all together are bounded, and give back what they took', () => {
  const budget = new CollectBudget(10_000);
  const first = new BodyCollector(budget, 10_000);
  const second = new BodyCollector(budget, 10_000);
  assert.ok(first.add(Buffer.alloc(9000)));
  assert.equal(second.add(Buffer.alloc(5000)), false);
  first.discard();
  assert.ok(second.add(Buffer.alloc(5000)));
  second.take();
  assert.ok(first.add(Buffer.alloc(10_000)));
});
