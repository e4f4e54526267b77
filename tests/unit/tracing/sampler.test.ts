import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSampler } from '../../../src/tracing/sampler.ts';

/** A context whose trace id has a random part that is this share of the way from the lowest to the highest. */
const contextOf = (traceId: string): string => `00-${traceId}-b7ad6b7169203331-00`;
const idAt = (share: number): string => {
  const digits = Math.floor(share * 2 ** 52).toString(16);
  return contextOf(`${'a'.repeat(18)}${digits.padStart(13, '0')}7`);
};

test('a share of all trace ids is sampled: those with the highest random part', () => {
  const isSampled = createSampler({ ratio: 0.25 });
  assert.deepEqual([0, 0.5, 0.749, 0.751, 0.9999].map(idAt).map(isSampled), [false, false, false, true, true]);
});

test('who samples more samples what others sample', () => {
  const few = createSampler({ ratio: 0.1 });
  const more = createSampler({ ratio: 0.3 });
  for (let i = 0; i < 100; i += 1) assert.ok(!few(idAt(i / 100)) || more(idAt(i / 100)));
});

test('nothing and everything need no look at the id', () => {
  assert.equal(createSampler({ ratio: 0 })(idAt(0.999_999)), false);
  assert.equal(createSampler({ ratio: 1 })(idAt(0)), true);
});

test('the smallest shares are shares too', () => {
  const isSampled = createSampler({ ratio: 1e-9 });
  assert.equal(isSampled(contextOf('f'.repeat(32))), true);
  assert.equal(isSampled(idAt(0.999_99)), false);
});
