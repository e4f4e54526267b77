import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Deadline, Deadlines } from '../../../src/lib/deadlines.ts';
import { until } from '../../support/until.ts';

/** Deadlines on a clock that the test moves. Only the look itself takes a turn of the real loop. */
function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 1_000;
  let looks = 0;
  const fired: string[] = [];
  const deadlines = new Deadlines({
    now: () => {
      looks += 1;
      return now;
    },
  });
  const deadline = (name: string, onDue?: () => void): Deadline => ({
    dueAtMs: 0,
    nextDeadline: null,
    previousDeadline: null,
    onDue() {
      fired.push(name);
      onDue?.();
    },
  });
  /** Time passes while the loop does something else. */
  const stall = (ms: number): Promise<void> => {
    now += ms;
    t.mock.timers.tick(ms);
    return nextTurn();
  };
  /** Time passes, and the loop is never late. */
  const advance = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 5) await stall(5);
  };
  return { deadlines, fired, deadline, advance, stall, now: () => now, looks: () => looks };
}

test('a deadline fires once, never early and at most 20 ms late', async (t) => {
  const { deadlines, fired, deadline, advance } = setUp(t);
  deadlines.add(deadline('a'), 1_045);
  await advance(40);
  assert.deepEqual(fired, []);
  await advance(25);
  assert.deepEqual(fired, ['a']);
  await advance(500);
  assert.deepEqual(fired, ['a']);
});

test('deadlines fire each at its own time, whatever the order in which they came', async (t) => {
  const { deadlines, fired, deadline, advance } = setUp(t);
  for (const dueAtMs of [1_300, 1_100, 90_000, 1_200]) deadlines.add(deadline(String(dueAtMs)), dueAtMs);
  await advance(120);
  assert.deepEqual(fired, ['1100']);
  await advance(100);
  assert.deepEqual(fired, ['1100', '1200']);
  await advance(100);
  assert.deepEqual(fired, ['1100', '1200', '1300']);
  assert.equal(deadlines.size, 1);
});

test('a deadline moved later by a field write fires at its new time only', async (t) => {
  const { deadlines, fired, deadline, advance, now } = setUp(t);
  const moving = deadline('moving');
  deadlines.add(moving, 1_050);
  await advance(40);
  moving.dueAtMs = now() + 100;
  await advance(95);
  assert.deepEqual(fired, []);
  await advance(30);
  assert.deepEqual(fired, ['moving']);
});

test('a deadline brought nearer by adding it again fires at the nearer time', async (t) => {
  const { deadlines, fired, deadline, advance } = setUp(t);
  const near = deadline('near');
  deadlines.add(near, 5_000);
  deadlines.add(near, 1_030);
  assert.equal(deadlines.size, 1);
  await advance(50);
  assert.deepEqual(fired, ['near']);
});

test('a removed deadline never fires, even when another removes it while firing', async (t) => {
  const { deadlines, fired, deadline, advance } = setUp(t);
  const second = deadline('second');
  deadlines.add(
    deadline('first', () => deadlines.remove(second)),
    1_030,
  );
  deadlines.add(second, 1_030);
  deadlines.remove(deadline('never added'));
  await advance(200);
  assert.deepEqual(fired, ['first']);
  assert.equal(deadlines.size, 0);
});

test('a deadline that another one moves later while it fires waits for its new time', async (t) => {
  const { deadlines, fired, deadline, advance, now } = setUp(t);
  const second = deadline('second');
  deadlines.add(
    deadline('first', () => deadlines.add(second, now() + 100)),
    1_030,
  );
  deadlines.add(second, 1_030);
  await advance(80);
  assert.deepEqual(fired, ['first']);
  assert.equal(deadlines.size, 1);
  await advance(100);
  assert.deepEqual(fired, ['first', 'second']);
});

test('a deadline added again while it fires is kept', async (t) => {
  const { deadlines, fired, advance, now } = setUp(t);
  const again: Deadline = {
    dueAtMs: 0,
    nextDeadline: null,
    previousDeadline: null,
    onDue() {
      fired.push('again');
      if (fired.length < 3) deadlines.add(again, now() + 160);
    },
  };
  deadlines.add(again, 1_020);
  await advance(1_000);
  assert.deepEqual(fired, ['again', 'again', 'again']);
});

test('thousands of deadlines that are far away cost nothing while near ones come and go', async (t) => {
  const { deadlines, deadline, advance, now, looks } = setUp(t);
  for (let i = 0; i < 5_000; i++) deadlines.add(deadline('socket'), now() + 300_000 + i);
  await advance(1_000);
  const before = looks();
  for (let i = 0; i < 1_000; i++) {
    const call = deadline('call');
    deadlines.add(call, now() + 2_000);
    await advance(10);
    deadlines.remove(call);
  }
  assert.equal(deadlines.size, 5_000);
  // Ten seconds of calls with 2 s each: the list is walked when the first of the known calls would be due.
  assert.ok(looks() - before < 40, `the clock was read ${looks() - before} times`);
});

test('what is due after a stall is held for as long as the loop was late, and fires then', async (t) => {
  const { deadlines, fired, deadline, advance, stall } = setUp(t);
  for (let i = 0; i < 50; i++) deadlines.add(deadline('due'), 1_100 + i);
  await stall(400);
  await advance(290);
  assert.deepEqual(fired, []);
  await advance(40);
  assert.equal(fired.length, 50);
  assert.equal(deadlines.size, 0);
});

test('a deadline that is met while it is held does not fire', async (t) => {
  const { deadlines, fired, deadline, advance, stall } = setUp(t);
  const met = deadline('met');
  const moved = deadline('moved');
  deadlines.add(met, 1_100);
  deadlines.add(moved, 1_100);
  await stall(400);
  deadlines.remove(met);
  moved.dueAtMs = 5_000;
  await advance(2_000);
  assert.deepEqual(fired, []);
});

test('a hold lasts a second at most, and what comes during it waits for its end', async (t) => {
  const { deadlines, fired, deadline, advance, stall, now } = setUp(t);
  deadlines.add(deadline('old'), 1_100);
  await stall(60_000);
  deadlines.add(deadline('new'), now() + 100);
  await advance(990);
  assert.deepEqual(fired, []);
  await advance(40);
  assert.deepEqual(fired, ['old', 'new']);
});

test('under a loop that is always late each deadline is held once, and fires', async (t) => {
  const { deadlines, fired, deadline, stall, now } = setUp(t);
  deadlines.add(deadline('first'), 1_100);
  deadlines.add(deadline('second'), 1_700);
  const firedAtMs: number[] = [];
  while (fired.length < 2 && now() < 20_000) {
    const before = fired.length;
    await stall(300);
    if (fired.length > before) firedAtMs.push(now());
  }
  assert.deepEqual(fired, ['first', 'second']);
  // Late by a turn, a hold of as much, and the turn in which the hold ends.
  assert.ok((firedAtMs[0] as number) <= 1_100 + 3 * 300, String(firedAtMs));
  assert.ok((firedAtMs[1] as number) <= 1_700 + 3 * 300, String(firedAtMs));
});

test('nothing fires after the stop', async (t) => {
  const { deadlines, fired, deadline, advance } = setUp(t);
  deadlines.add(deadline('a'), 1_045);
  deadlines.stop();
  await advance(500);
  assert.deepEqual(fired, []);
});

/** Keeps the loop from doing anything else. */
function block(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

test('an answer that waited behind a blocked loop is read before its deadline fires', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [service] = await once(server, 'connection');
  t.after(() => client.destroy());
  const deadlines = new Deadlines();
  t.after(() => deadlines.stop());
  for (const blockMs of [300, 120]) {
    const fired: string[] = [];
    const deadline: Deadline = {
      dueAtMs: 0,
      nextDeadline: null,
      previousDeadline: null,
      onDue: () => fired.push('due'),
    };
    client.once('data', () => {
      fired.push('answered');
      deadlines.remove(deadline);
    });
    // In the check phase: timers come next, and input only after them.
    setImmediate(() => {
      deadlines.add(deadline, performance.now() + 100);
      service.write('answer');
      block(blockMs);
    });
    await until(() => fired.length > 0);
    assert.deepEqual(fired, ['answered'], `blocked for ${blockMs} ms`);
  }
});
