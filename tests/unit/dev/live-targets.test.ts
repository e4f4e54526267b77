import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchTargets } from '../../../src/dev/live-targets.ts';
import { until } from '../../support/until.ts';

test('who comes and goes is told, and the first look is not', async (t) => {
  let isUp = false;
  const changes: string[] = [];
  const live = watchTargets((origin, isLive) => changes.push(`${origin} ${isLive}`), {
    lookEveryMs: 5,
    probe: async () => isUp,
  });
  t.after(() => live.close());
  assert.equal(live.seen('http://a'), undefined);
  assert.equal(await live.isLive('http://a'), false);
  assert.deepEqual(changes, []);
  isUp = true;
  await until(() => live.seen('http://a'));
  assert.deepEqual(changes, ['http://a true']);
  isUp = false;
  live.noteGone('http://a');
  assert.deepEqual(changes, ['http://a true', 'http://a false']);
});

test('an address is looked at once, however many ask', async (t) => {
  let looks = 0;
  const live = watchTargets(() => undefined, {
    lookEveryMs: 60_000,
    probe: async () => {
      looks += 1;
      return true;
    },
  });
  t.after(() => live.close());
  await Promise.all([live.isLive('http://a'), live.isLive('http://a')]);
  assert.equal(await live.isLive('http://a'), true);
  assert.equal(looks, 1);
});
