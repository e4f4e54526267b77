import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { FakeTime } from '../../../src/cases/fake-time.ts';

function install(t: TestContext): FakeTime {
  const time = new FakeTime(Date.parse('2027-03-01T12:00:00Z'));
  time.install();
  t.after(() => time.uninstall());
  return time;
}

test('timers run in the order in which they are due, at their time, and set off others', async (t) => {
  const time = install(t);
  const ran: [string, string][] = [];
  const note = (name: string) => ran.push([name, new Date().toISOString().slice(14, 23)]);
  setTimeout(note, 2000, 'second');
  setTimeout(() => {
    note('first');
    setTimeout(note, 500, 'between');
  }, 1000);
  clearTimeout(setTimeout(note, 10, 'never'));
  setTimeout(note, 3001, 'later');
  await time.moveTo(time.now() + 3000);
  assert.deepEqual(ran, [
    ['first', '00:01.000'],
    ['between', '00:01.500'],
    ['second', '00:02.000'],
  ]);
  assert.equal(time.nextDueMs(0), time.now() + 1);
});

test('a month passes at once, and intervals are told of it often enough', async (t) => {
  const time = install(t);
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 1000);
  const before = performance.now();
  await time.moveTo(time.now() + 30 * 86_400_000);
  assert.equal(ticks, 100);
  assert.equal(Math.round(performance.now() - before), 30 * 86_400_000);
  await time.moveTo(time.now() + 1000);
  assert.equal(ticks, 101);
  clearInterval(timer);
});

test('afterwards time is what it was', (t) => {
  const { setTimeout: before } = globalThis;
  const time = install(t);
  assert.notEqual(globalThis.setTimeout, before);
  assert.equal(Date.now(), Date.parse('2027-03-01T12:00:00Z'));
  assert.equal(new Date(0).getTime(), 0);
  assert.ok(new Date() instanceof Date);
  time.uninstall();
  assert.equal(globalThis.setTimeout, before);
  assert.ok(Math.abs(performance.timeOrigin + performance.now() - Date.now()) < 60_000);
});
