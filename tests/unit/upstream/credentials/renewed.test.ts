import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GatewayError } from '../../../../src/errors.ts';
import { type Fetched, Renewed } from '../../../../src/upstream/credentials/renewed.ts';

/** Fetches end when the test says so. */
function createBench(random = () => 0) {
  let nowMs = 1_000_000;
  const waiting: PromiseWithResolvers<Fetched>[] = [];
  const changes: unknown[] = [];
  let asked = 0;
  const renewed = new Renewed({
    ask: () => {
      asked += 1;
      const one = Promise.withResolvers<Fetched>();
      waiting.push(one);
      return one.promise;
    },
    clock: { now: () => nowMs },
    random,
    onChange: (error) => changes.push(error),
  });
  return {
    renewed,
    changes,
    /** As a request does that has something to do with it meanwhile. */
    use: () => void renewed.get(),
    asked: () => asked,
    pass: (ms: number) => {
      nowMs += ms;
    },
    give: async (text: string, livesMs = 100_000) => {
      waiting.shift()?.resolve({ text, livesMs });
      await new Promise(setImmediate);
    },
    fail: async () => {
      waiting.shift()?.reject(new Error('no'));
      await new Promise(setImmediate);
    },
  };
}

describe('a secret that is renewed', () => {
  it('is fetched once for all who ask meanwhile', async () => {
    const bench = createBench();
    const all = [bench.renewed.get(), bench.renewed.get()];
    await bench.give('one');
    assert.deepEqual(await Promise.all(all), ['one', 'one']);
    assert.equal(bench.renewed.get(), 'one');
    assert.equal(bench.asked(), 1);
  });

  it('is renewed at 80 to 90 percent of its life, as chance has it', async () => {
    for (const [random, atMs] of [
      [0, 80_000],
      [0.5, 85_000],
    ] as const) {
      const bench = createBench(() => random);
      const first = bench.renewed.get();
      await bench.give('one');
      await first;
      bench.pass(atMs - 1);
      bench.use();
      assert.equal(bench.asked(), 1);
      bench.pass(1);
      assert.equal(bench.renewed.get(), 'one', 'nobody waits for it');
      bench.use();
      assert.equal(bench.asked(), 2);
      await bench.give('two');
      assert.equal(bench.renewed.get(), 'two');
    }
  });

  it('is used to its end while renewals fail, which are tried again after longer and longer pauses', async () => {
    const bench = createBench();
    const first = bench.renewed.get();
    await bench.give('one');
    await first;
    bench.pass(80_000);
    bench.use();
    await bench.fail();
    bench.use();
    assert.equal(bench.asked(), 2);
    bench.pass(10_000);
    assert.equal(bench.renewed.get(), 'one');
    await bench.fail();
    assert.equal(bench.asked(), 3);
    assert.equal(bench.changes.length, 1, 'told once');
    bench.pass(5_000);
    const late = assert.rejects(Promise.resolve(bench.renewed.get()), { code: 'credential_unavailable' });
    await bench.fail();
    await late;
    assert.throws(() => bench.renewed.get(), GatewayError, 'who comes right after is refused at once');
    bench.pass(30_000);
    const again = bench.renewed.get();
    await bench.give('two');
    assert.equal(await again, 'two');
    assert.deepEqual(bench.changes.at(-1), undefined);
  });

  it('is dropped once for all who hear that it is refused, and not again for a while', async () => {
    const bench = createBench();
    const first = bench.renewed.get();
    await bench.give('one');
    await first;
    assert.equal(bench.renewed.refuse('one'), true);
    const second = bench.renewed.get();
    assert.equal(bench.renewed.refuse('one'), true, 'another is on its way');
    await bench.give('two');
    assert.equal(await second, 'two');
    assert.equal(bench.renewed.refuse('one'), true, 'another is there');
    assert.equal(bench.renewed.refuse('two'), false);
    assert.equal(bench.renewed.get(), 'two');
    bench.pass(30_000);
    assert.equal(bench.renewed.refuse('two'), true);
  });
});
