import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeAudited, type ToldOfChange } from '../../../src/auth/audited-change.ts';
import { ConsumersUnavailable, RedisConsumers } from '../../../src/auth/redis-consumers.ts';
import type { RedisLink } from '../../../src/redis/link.ts';

/** The lines that come of making a consumer in a store whose script is answered so. */
async function linesOf(script: () => Promise<unknown>, make = () => ({ name: 'ghost' })) {
  const send = (command: string) => (command === 'EVAL' ? script() : Promise.resolve(null));
  const store = new RedisConsumers({ prefix: '', send } as unknown as RedisLink);
  const lines: ToldOfChange[] = [];
  const thrown = await changeAudited(store, {
    name: 'ghost',
    make: () => ({ after: make(), result: undefined }),
    withinMs: 0,
    told: () => ({ action: 'consumer.create' }),
    write: (line) => void lines.push(line),
  }).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { lines, thrown };
}

const LINE = { action: 'consumer.create', consumer: 'ghost' };

test('a change has its line, and one of which nobody knows whether it was made says so', async () => {
  assert.deepEqual((await linesOf(() => Promise.resolve(1))).lines, [LINE]);
  const { lines, thrown } = await linesOf(() => Promise.reject(new Error('no answer in 75 ms')));
  assert.ok(thrown instanceof ConsumersUnavailable && thrown.isDoubtful);
  assert.deepEqual(lines, [{ ...LINE, outcome: 'unknown' }]);
});

test('what was certainly not made has none', async () => {
  assert.deepEqual((await linesOf(() => Promise.resolve(0))).lines, []);
  const refused = await linesOf(
    () => Promise.resolve(1),
    () => {
      throw new Error('there is one already');
    },
  );
  assert.deepEqual(refused.lines, []);
});
