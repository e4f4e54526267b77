import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogLevel, loudnessOf } from '../../../src/log/level.ts';

function create(t: { mock: { timers: { enable(options: { apis: ['setTimeout'] }): void } } }) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const logger = { level: 'info' };
  return { logger, level: new LogLevel('info', [logger]) };
}

test('a level that is set for a while goes back by itself', (t) => {
  const { logger, level } = create(t);
  const went: string[] = [];
  level.setFor('debug', { nowMs: 1000, forMs: 500, wentBack: () => went.push(level.now) });
  assert.deepEqual([level.now, level.standing, level.untilMs, logger.level], ['debug', 'info', 1500, 'debug']);
  assert.equal(level.loudness, loudnessOf('debug'));
  t.mock.timers.tick(499);
  assert.equal(level.now, 'debug');
  t.mock.timers.tick(1);
  assert.deepEqual([level.now, level.untilMs, logger.level], ['info', undefined, 'info']);
  assert.deepEqual(went, ['info']);
});

test('a while that is cut short by another, or by a level that stays, goes back once and to the right one', (t) => {
  const { level } = create(t);
  const wentBack = () => assert.fail('an end that is over');
  level.setFor('debug', { nowMs: 0, forMs: 100, wentBack });
  let ends = 0;
  level.setFor('error', { nowMs: 0, forMs: 1000, wentBack: () => (ends += 1) });
  t.mock.timers.tick(100);
  assert.equal(level.now, 'error');
  t.mock.timers.tick(900);
  assert.deepEqual([level.now, ends], ['info', 1]);
  level.setFor('debug', { nowMs: 0, forMs: 100, wentBack });
  level.set('warn');
  t.mock.timers.tick(100);
  assert.deepEqual([level.now, level.standing], ['warn', 'warn']);
});
