import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { RedisStore } from '../../../src/idempotency/redis-store.ts';
import type { Claim } from '../../../src/idempotency/store.ts';
import { RedisUnavailableError } from '../../../src/redis/in-flight.ts';
import type { RedisLink } from '../../../src/redis/link.ts';

const CLAIM: Claim = {
  id: 'k',
  caller: 'c',
  owner: 'me',
  fingerprint: 'f',
  ttlMs: 60_000,
  leaseMs: 3000,
  retriesLost: true,
};

/** One command as it was sent: the step, the mark that was known, and what follows the terms. */
interface Sent {
  readonly step: unknown;
  readonly mark: unknown;
  readonly words: readonly unknown[];
}

/** A Redis that answers what the test says. */
function createBench(t: TestContext) {
  const sent: Sent[] = [];
  const distrusted: string[] = [];
  let tell: (isUp: boolean, reason: string) => void = () => undefined;
  const bench = {
    isUp: true,
    answer: ((_step: unknown): unknown => ['m1', 'begun', 0]) as (step: unknown) => unknown,
  };
  const link: RedisLink = {
    get isUp() {
      return bench.isUp;
    },
    address: 'redis://none',
    lastError: '',
    isCluster: false,
    prefix: 't:',
    async send(...command) {
      // EVAL, the script, 2, and two keys come first.
      const [step, , , mark, , , , , ...words] = command.slice(5);
      sent.push({ step, mark, words });
      return await bench.answer(step);
    },
    distrust: (reason) => void distrusted.push(reason),
    onChange(listener) {
      tell = listener;
      return () => undefined;
    },
    subscribe: () => () => undefined,
    close: () => Promise.resolve(),
  };
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const store = new RedisStore(link, { warn: () => undefined } as never);
  t.after(() => store.close());
  return {
    store,
    sent,
    distrusted,
    bench,
    steps: () => sent.map(({ step }) => step).filter((step) => step !== 'look'),
    change(isUp: boolean) {
      bench.isUp = isUp;
      tell(isUp, '');
    },
  };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const answered = { state: 'answered', answer: { status: 200, fields: {}, body: Buffer.from('é') } } as const;

test('what no Redis answers is no answer', async (t) => {
  const { store, bench, distrusted } = createBench(t);
  const nonsense = [
    1,
    'OK',
    null,
    [],
    ['m1'],
    ['m1', 'begun'],
    ['m1', 'begun', '0'],
    [1, 'begun', 0],
    ['m1', 'what', 0],
  ];
  for (const reply of [
    ...nonsense,
    ['m1', 'answered', 0],
    ['m1', 'answered', 0, 'null', ''],
    ['m1', 'answered', 0, '{', ''],
  ]) {
    bench.answer = () => reply;
    distrusted.length = 0;
    await assert.rejects(async () => store.begin(CLAIM), JSON.stringify(reply));
    assert.equal(distrusted.length, 1, JSON.stringify(reply));
  }
});

test('a lease is renewed until the request has ended, and its answer goes there byte by byte', async (t) => {
  const { store, steps, sent } = createBench(t);
  const realNow = performance.now.bind(performance);
  let aheadMs = 0;
  t.mock.method(performance, 'now', () => realNow() + aheadMs);
  await store.begin(CLAIM);
  aheadMs += 1100;
  t.mock.timers.tick(1100);
  await settle();
  assert.deepEqual(steps(), ['begin', 'hold']);
  await store.finish(CLAIM, answered);
  t.mock.timers.tick(5000);
  await settle();
  assert.deepEqual(steps(), ['begin', 'hold', 'end']);
  assert.deepEqual(sent.at(-1)?.words, ['answered', '[200,{}]', 'Ã©']);
});

test('a begin that nobody waited for is taken back', async (t) => {
  const { store, bench, steps, sent } = createBench(t);
  const late = new Promise<unknown>(() => undefined);
  bench.answer = () => Promise.reject(new RedisUnavailableError('late', late));
  await assert.rejects(async () => store.begin(CLAIM));
  assert.deepEqual(steps(), ['begin', 'begin', 'begin']);
  bench.answer = () => ['m1', 'done', 0];
  t.mock.timers.tick(1000);
  await settle();
  assert.deepEqual([steps().at(-1), sent.at(-1)?.words], ['end', ['free']]);
});

test('an end that does not reach Redis is told when it is back; one that is only late is not told twice', async (t) => {
  const { store, bench, steps, change } = createBench(t);
  await store.begin(CLAIM);
  change(false);
  bench.answer = () => Promise.reject(new RedisUnavailableError('down'));
  await store.finish(CLAIM, answered);
  bench.answer = () => ['m1', 'done', 0];
  change(true);
  await settle();
  assert.deepEqual(steps(), ['begin', 'end', 'end']);

  const { promise, resolve } = Promise.withResolvers<unknown>();
  bench.answer = (step) =>
    step === 'end' ? Promise.reject(new RedisUnavailableError('late', promise)) : ['m1', 'begun', 0];
  await store.begin(CLAIM);
  await store.finish(CLAIM, answered);
  resolve(['m1', 'done', 0]);
  t.mock.timers.tick(5000);
  await settle();
  assert.deepEqual(steps().slice(3), ['begin', 'end']);
});

test('a Redis with another mark has lost what runs here, and is told of it at once', async (t) => {
  const { store, bench, steps, sent } = createBench(t);
  await store.begin(CLAIM);
  bench.answer = () => ['m2', 'mismatch', 0];
  await store.begin({ ...CLAIM, id: 'other', owner: 'other' });
  await settle();
  assert.deepEqual(steps(), ['begin', 'begin', 'hold']);
  assert.equal(sent.at(-2)?.mark, 'm1', 'what it knew is said with each step');
});

test('who has just come back takes nothing over, and uses no new key', async (t) => {
  const { store, bench, sent, change } = createBench(t);
  bench.answer = () => ['m1', 'lost', -1];
  const may = () => sent.filter(({ step }) => step === 'begin').at(-1)?.words;
  assert.deepEqual(await store.begin(CLAIM), { state: 'lost', againMs: 5000 });
  assert.deepEqual(may(), ['0', '1'], 'who has just started uses new keys');
  const realNow = performance.now.bind(performance);
  let aheadMs = 6000;
  t.mock.method(performance, 'now', () => realNow() + aheadMs);
  await store.begin(CLAIM);
  assert.deepEqual(may(), ['1', '1']);
  aheadMs += 1000;
  change(false);
  change(true);
  await store.begin(CLAIM);
  assert.deepEqual(may(), ['0', '0']);
  assert.deepEqual(await store.begin({ ...CLAIM, retriesLost: false }), { state: 'lost', againMs: undefined });
  aheadMs += 5000;
  await store.begin(CLAIM);
  assert.deepEqual(may(), ['1', '1']);
});
