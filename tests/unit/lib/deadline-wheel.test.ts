import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Deadline, DeadlineWheel } from '../../../src/lib/deadline-wheel.ts';

function setUp() {
  let now = 1_000;
  const fired: string[] = [];
  const wheel = new DeadlineWheel({ tickMs: 10, slots: 16, now: () => now });
  const deadline = (name: string, onDue?: () => void): Deadline => ({
    dueAtMs: 0,
    nextDeadline: null,
    previousDeadline: null,
    onDue() {
      fired.push(name);
      onDue?.();
    },
  });
  const advance = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 10) {
      now += 10;
      wheel.tick();
    }
  };
  const jump = (ms: number): void => {
    now += ms;
    wheel.tick();
  };
  return { wheel, fired, deadline, advance, jump, now: () => now };
}

test('a deadline fires once, never early and at most a tick late', () => {
  const { wheel, fired, deadline, advance } = setUp();
  wheel.add(deadline('a'), 1_045);
  advance(40);
  assert.deepEqual(fired, []);
  advance(20);
  assert.deepEqual(fired, ['a']);
  advance(500);
  assert.deepEqual(fired, ['a']);
  wheel.stop();
});

test('a deadline several turns away waits for its turn', () => {
  const { wheel, fired, deadline, advance } = setUp();
  wheel.add(deadline('far'), 1_000 + 160 * 3 + 50);
  advance(160 * 3);
  assert.deepEqual(fired, []);
  advance(70);
  assert.deepEqual(fired, ['far']);
  wheel.stop();
});

test('a deadline moved later by a field write fires at its new time only', () => {
  const { wheel, fired, deadline, advance, now } = setUp();
  const moving = deadline('moving');
  wheel.add(moving, 1_050);
  advance(40);
  moving.dueAtMs = now() + 100;
  advance(90);
  assert.deepEqual(fired, []);
  advance(30);
  assert.deepEqual(fired, ['moving']);
  wheel.stop();
});

test('a deadline brought nearer by adding it again fires at the nearer time', () => {
  const { wheel, fired, deadline, advance } = setUp();
  const near = deadline('near');
  wheel.add(near, 5_000);
  wheel.add(near, 1_030);
  assert.equal(wheel.size, 1);
  advance(50);
  assert.deepEqual(fired, ['near']);
  wheel.stop();
});

test('a removed deadline never fires, even when another removes it while firing', () => {
  const { wheel, fired, deadline, advance } = setUp();
  const second = deadline('second');
  wheel.add(
    deadline('first', () => wheel.remove(second)),
    1_030,
  );
  wheel.add(second, 1_030);
  wheel.remove(deadline('never added'));
  advance(200);
  assert.deepEqual(fired, ['first']);
  assert.equal(wheel.size, 0);
});

test('after a long pause everything due fires at once', () => {
  const { wheel, fired, deadline, jump } = setUp();
  for (let i = 0; i < 50; i++) wheel.add(deadline(`d${i}`), 1_010 + i * 7);
  jump(60_000);
  assert.equal(fired.length, 50);
  assert.equal(wheel.size, 0);
});

test('a deadline added again while it fires is kept', () => {
  const { wheel, fired, advance, now } = setUp();
  const again: Deadline = {
    dueAtMs: 0,
    nextDeadline: null,
    previousDeadline: null,
    onDue() {
      fired.push('again');
      if (fired.length < 3) wheel.add(again, now() + 160);
    },
  };
  wheel.add(again, 1_020);
  advance(1_000);
  assert.deepEqual(fired, ['again', 'again', 'again']);
});
