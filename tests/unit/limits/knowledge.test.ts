import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Knowledge } from '../../../src/limits/knowledge.ts';
import { QuotaLedger } from '../../../src/limits/quota-ledger.ts';
import { planSchema, rateLimitSchema } from '../../../src/limits/schema.ts';
import { compilePlan, compileWindow, type Window } from '../../../src/limits/window.ts';
import { FakeClock } from '../../support/limits.ts';

const SECOND_MS = 1000;
const FREE = { refusedMs: 0, booked: 0, held: 0 };
const compile = (options: object): Window =>
  compileWindow(rateLimitSchema.parse({ limit: 100, window: '1m', ...options }), { kind: 'route', name: 'r' }, 'r');
const [quota] = compilePlan('pro', planSchema.parse({ quota: { limit: 100, period: 'month' } }), 'r') as [Window];

function setUp() {
  const clock = new FakeClock();
  const quotas = new QuotaLedger({ isUp: false } as never, clock, (name) => name);
  return { clock, quotas, knowledge: new Knowledge(clock, quotas) };
}

test('what is not known is a share of the whole limit, and never less than one call of any cost', () => {
  const { knowledge } = setUp();
  const limits = [1, 40, 100, 101].map((cost) => knowledge.limitOf(compile({}), 'k', cost, 1 / 3));
  assert.deepEqual(limits, [33, 40, 100, 0]);
});

test('of what was used a sliding window forgets evenly, a fixed one all at once', () => {
  const { clock, knowledge } = setUp();
  for (const algorithm of ['sliding', 'fixed'])
    knowledge.learn(compile({ algorithm }), algorithm, { told: 40, ...FREE });
  const left = () =>
    ['sliding', 'fixed'].map((algorithm) => knowledge.limitOf(compile({ algorithm }), algorithm, 1, 1));
  assert.deepEqual(left(), [40, 40]);
  clock.pass(30 * SECOND_MS);
  assert.deepEqual(left(), [70, 40]);
  clock.pass(30 * SECOND_MS);
  assert.deepEqual(left(), [100, 100]);
});

test('what Redis refused stays refused for as long as it said', () => {
  const { clock, knowledge } = setUp();
  for (const algorithm of ['sliding', 'token-bucket'] as const) {
    const window = compile({ algorithm, ...(algorithm === 'token-bucket' && { burst: 9 }) });
    knowledge.learn(window, algorithm, { told: 0, refusedMs: 5000, booked: 0, held: 0 });
    assert.equal(knowledge.limitOf(window, algorithm, 1, 1), 0);
    assert.equal(knowledge.waitMs(window, algorithm, 1), 5000);
  }
  clock.pass(6 * SECOND_MS);
  assert.equal(knowledge.limitOf(compile({}), 'sliding', 1, 1), 10);
  assert.equal(knowledge.limitOf(compile({ algorithm: 'token-bucket', burst: 9 }), 'token-bucket', 1, 1), 100);
  assert.equal(knowledge.limitOf(compile({}), 'sliding', 20, 1), 0, 'so much has not left yet');
  assert.equal(knowledge.waitMs(compile({}), 'sliding', 20), 6000);
});

test('a quota is known for its period, with what is on its way to Redis', () => {
  const { clock, quotas, knowledge } = setUp();
  knowledge.learn(quota, 'k', { told: 90, ...FREE });
  assert.equal(knowledge.limitOf(quota, 'k', 1, 1 / 2), 5);
  assert.equal(knowledge.limitOf(quota, 'k', 11, 1 / 2), 0);
  let sent = 0;
  quotas.add(quota, 'k', 4, () => {
    sent += 1;
  });
  assert.equal(knowledge.limitOf(quota, 'k', 1, 1), 10, 'what passed here is counted here');
  assert.deepEqual([quotas.isOwing, sent], [true, 0]);
  clock.pass(31 * 24 * 3600 * SECOND_MS);
  assert.equal(knowledge.limitOf(quota, 'k', 1, 1 / 2), 50);
});

test('what is used up is listed for as long as Redis said, and nothing that has something left', () => {
  const { clock, knowledge } = setUp();
  const window = compile({});
  knowledge.learn(window, 'used up', { told: 0, refusedMs: 5000, booked: 0, held: 0 });
  knowledge.learn(window, 'refused a call of cost 20', { told: 10, refusedMs: 5000, booked: 0, held: 0 });
  knowledge.learn(window, 'fresh', { told: 99, ...FREE });
  knowledge.learn(window, 'held', { told: 0, refusedMs: 5000, booked: 0, held: 1 });
  knowledge.learn(quota, 'quota', { told: 100, ...FREE });
  assert.deepEqual([...knowledge.usedUp()], [{ window, key: 'used up', leftMs: 5000 }]);
  clock.pass(4 * SECOND_MS);
  assert.deepEqual([...knowledge.usedUp()], [{ window, key: 'used up', leftMs: 1000 }]);
  clock.pass(SECOND_MS);
  assert.deepEqual([...knowledge.usedUp()], []);
});
