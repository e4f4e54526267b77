import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownTurn } from '../../../src/lib/own-turn.ts';

test('heavy work is done one piece a turn of the loop, of each caller in turns', async () => {
  const done: string[] = [];
  let turn = 0;
  let isOver = false;
  const count = (): void => {
    turn += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const work = async (caller: string): Promise<void> => {
    assert.equal(await ownTurn(caller), true);
    done.push(`${caller}${turn}`);
  };
  await Promise.all([work('a'), work('a'), work('a'), work('b')]);
  isOver = true;
  assert.equal(new Set(done.map((each) => each.slice(1))).size, 4, `each had a turn of its own: ${done}`);
  assert.deepEqual(
    done.map((each) => each[0]),
    ['a', 'b', 'a', 'a'],
  );
});

test('nobody waits in a line without an end', async () => {
  const outcomes = await Promise.all(Array.from({ length: 1_001 }, () => ownTurn('greedy')));
  assert.deepEqual([outcomes.filter(Boolean).length, outcomes.at(-1)], [1_000, false]);
});
