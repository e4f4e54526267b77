import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedisChanges } from '../../../src/overview/redis-changes.ts';

type Listener = (isUp: boolean, reason: string) => void;

function linkTo({ isUp = true, lastError = 'no connection yet' } = {}) {
  const link = {
    address: 'redis://10.0.0.1:6379',
    isUp,
    lastError,
    hasStopped: false,
    change: ((): void => {}) as Listener,
    onChange(listener: Listener) {
      link.change = listener;
      return () => {
        link.hasStopped = true;
      };
    },
  };
  return link;
}

test('changes of the last ten minutes are counted, and the last one is told', () => {
  let nowMs = 1000;
  const link = linkTo();
  const changes = new RedisChanges(link, { now: () => nowMs });
  const { address } = link;
  assert.deepEqual(changes.report(), { address, since: 1000, lastTenMinutes: 0, changes: [] });
  for (nowMs of [2000, 3000, 400_000]) link.change(true, 'it answers');
  const { since, lastTenMinutes } = changes.report();
  assert.deepEqual({ since, lastTenMinutes }, { since: 400_000, lastTenMinutes: 3 });
  nowMs = 700_000;
  assert.equal(changes.report().lastTenMinutes, 1);
  for (let i = 0; i < 5000; i += 1) link.change(true, 'it answers');
  assert.ok(changes.report().lastTenMinutes <= 1000);
  changes.close();
  assert.ok(link.hasStopped);
});

test('the last twenty are told one by one, the newest first, with their reasons and no secrets', () => {
  let nowMs = 0;
  const link = linkTo();
  const changes = new RedisChanges(link, { now: () => nowMs });
  for (nowMs = 1; nowMs <= 30; nowMs += 1) link.change(nowMs % 2 === 1, `reason ${nowMs}`);
  link.change(false, 'no way to redis://me:hush@10.0.0.1');
  const [last, before] = changes.report().changes;
  assert.equal(changes.report().changes.length, 20);
  assert.deepEqual(before, { at: 30, to: 'down', reason: 'reason 30' });
  assert.ok(last !== undefined && !last.reason.includes('hush'), last?.reason);
});

test('one that was never up says why all the same', () => {
  const link = linkTo({ isUp: false, lastError: 'connect ECONNREFUSED' });
  const changes = new RedisChanges(link, { now: () => 7 });
  assert.deepEqual(changes.report().changes, [{ at: 7, to: 'down', reason: 'connect ECONNREFUSED' }]);
});
