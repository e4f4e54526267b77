import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type StubProcess, startStubProcess } from '../support/stub-process.ts';
import { until } from '../support/until.ts';

const TARGETS = 4;
const CALLERS = 24;
const GOOD = { status: 200, delayMs: 5 };

/** One call in six is a POST, whose body names it. */
const POST_EVERY = 6;

interface Tally {
  gets: number;
  posts: number;
  /** Every answer but 200, or the error in its place. */
  readonly failedGets: string[];
  /** Names of the POSTs that failed. */
  readonly failedPosts: string[];
  /** How often each target has answered since the tally was last emptied. */
  readonly answered: Map<string, number>;
}

interface Load {
  readonly tally: Tally;
  stop(): Promise<void>;
}

/** Callers that ask one after the other, each on a connection of its own, until they are stopped. */
function startLoad(t: TestContext, url: string): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });
  const tally: Tally = { gets: 0, posts: 0, failedGets: [], failedPosts: [], answered: new Map() };
  let isRunning = true;
  let serial = 0;

  async function callOnce(): Promise<void> {
    serial += 1;
    const isPost = serial % POST_EVERY === 0;
    const name = `post-${serial};`;
    if (isPost) tally.posts += 1;
    else tally.gets += 1;
    const outcome = await ask(`${url}/x`, { agent, ...(isPost && { method: 'POST', body: name }) }).then(
      ({ status, text }) => (status === 200 ? { by: text } : { failure: `${status} ${text.slice(0, 200)}` }),
      (error: Error) => ({ failure: error.message }),
    );
    if ('by' in outcome) tally.answered.set(outcome.by, (tally.answered.get(outcome.by) ?? 0) + 1);
    else if (isPost) tally.failedPosts.push(name);
    else tally.failedGets.push(outcome.failure);
  }
  async function caller(): Promise<void> {
    while (isRunning) await callOnce();
  }
  const callers = Array.from({ length: CALLERS }, caller);
  const stop = async (): Promise<void> => {
    isRunning = false;
    await Promise.all(callers);
    agent.destroy();
  };
  t.after(stop);
  return { tally, stop };
}

interface Setup {
  readonly gateway: TestGateway;
  readonly stubs: readonly StubProcess[];
  readonly victim: StubProcess;
  readonly load: Load;
}

async function setUp(t: TestContext): Promise<Setup> {
  const stubs = await Promise.all(Array.from({ length: TARGETS }, () => startStubProcess(t)));
  const gateway = await startGateway(t, {
    file: {
      services: {
        it: {
          targets: stubs.map(({ url }) => url),
          healthCheck: { path: '/health', interval: '500ms', timeout: '400ms' },
          slowStart: '1s',
        },
      },
      routes: [
        {
          prefix: '/x',
          service: 'it',
          auth: 'none',
          // An attempt may take a part of the whole time, so that a frozen target can be left for another.
          timeouts: { connect: '300ms', headers: '500ms', total: '5s' },
          retry: { attempts: 3, on: ['reset', 'timeout', '502', '503', '504'] },
        },
      ],
    },
  });
  const load = startLoad(t, gateway.url);
  const { answered } = load.tally;
  await until(() => stubs.every(({ port }) => (answered.get(String(port)) ?? 0) > 50), {
    what: 'load on every target',
  });
  return { gateway, stubs, victim: stubs[0] as StubProcess, load };
}

/** Waits until the others have answered so many calls since now. */
async function pass(calls: number, { load }: Setup): Promise<void> {
  const { tally } = load;
  const goal = tally.gets + tally.posts + calls;
  await until(() => tally.gets + tally.posts >= goal, { timeoutMs: 30_000, what: `${calls} calls` });
}

async function isUsedAgain({ victim, load }: Setup): Promise<number> {
  const began = performance.now();
  load.tally.answered.clear();
  await until(() => (load.tally.answered.get(String(victim.port)) ?? 0) > 20, {
    timeoutMs: 15_000,
    what: 'the return of the target',
  });
  return performance.now() - began;
}

/** A POST may fail only where the victim had got it, or where that can't be known; and never arrives twice. */
async function checkPosts(setup: Setup, mayHaveReached: readonly string[] | 'any'): Promise<void> {
  const counts = await Promise.all(setup.stubs.map((stub) => stub.counts()));
  const arrived = counts.flatMap(({ posts }) => posts);
  assert.equal(new Set(arrived).size, arrived.length, 'a POST arrived twice');
  const { failedPosts } = setup.load.tally;
  if (mayHaveReached !== 'any')
    assert.deepEqual(
      failedPosts.filter((name) => !mayHaveReached.includes(name)),
      [],
    );
}

function report(t: TestContext, { load: { tally } }: Setup, backMs: number): void {
  t.diagnostic(
    `${tally.gets} GETs, ${tally.failedGets.length} failed; ${tally.posts} POSTs, ${tally.failedPosts.length} failed; ` +
      `used again after ${(backMs / 1000).toFixed(1)} s`,
  );
}

describe('one of four targets under load', () => {
  it('may be killed: no GET fails, and it is used again when it is back', async (t) => {
    const setup = await setUp(t);
    setup.victim.signal('SIGKILL');
    await pass(2_000, setup);
    await setup.victim.restart();
    const backMs = await isUsedAgain(setup);
    await setup.load.stop();
    report(t, setup, backMs);
    assert.deepEqual(setup.load.tally.failedGets, []);
    // Those on their way when it died, one a caller at the most.
    assert.ok(setup.load.tally.failedPosts.length <= CALLERS);
    await checkPosts(setup, 'any');
  });

  it('may freeze: no GET fails, and it is used again when it thaws', async (t) => {
    const setup = await setUp(t);
    setup.victim.signal('SIGSTOP');
    await pass(2_000, setup);
    setup.victim.signal('SIGCONT');
    const backMs = await isUsedAgain(setup);
    await setup.load.stop();
    report(t, setup, backMs);
    assert.deepEqual(setup.load.tally.failedGets, []);
    const { posts } = await setup.victim.counts();
    await checkPosts(setup, posts);
  });

  it('may become slow: nothing fails, and the others get its calls', async (t) => {
    const setup = await setUp(t);
    await setup.victim.become({ status: 200, delayMs: 250 });
    await pass(500, setup);
    setup.load.tally.answered.clear();
    await pass(2_000, setup);
    const share = (setup.load.tally.answered.get(String(setup.victim.port)) ?? 0) / 2_000;
    await setup.victim.become(GOOD);
    const backMs = await isUsedAgain(setup);
    await setup.load.stop();
    report(t, setup, backMs);
    t.diagnostic(`its share while slow: ${(share * 100).toFixed(1)} %`);
    assert.deepEqual(setup.load.tally.failedGets, []);
    assert.deepEqual(setup.load.tally.failedPosts, []);
    assert.ok(share < 0.0625, `a quarter of an equal share is 6.25 %, it got ${share * 100} %`);
  });

  it('may answer 503 to everything: no GET fails, and no POST reaches two targets', async (t) => {
    const setup = await setUp(t);
    await setup.victim.become({ status: 503, delayMs: 5 });
    await pass(2_000, setup);
    const { posts } = await setup.victim.become(GOOD);
    const backMs = await isUsedAgain(setup);
    await setup.load.stop();
    report(t, setup, backMs);
    assert.deepEqual(setup.load.tally.failedGets, []);
    await checkPosts(setup, posts);
  });

  it('may answer 500 to everything: no GET fails after its ejection', async (t) => {
    const setup = await setUp(t);
    await setup.victim.become({ status: 500, delayMs: 5 });
    await until(() => setup.gateway.messages.some((line) => line.includes('is left alone')), { what: 'its ejection' });
    // What was under way at that moment may still fail.
    await pass(CALLERS * 2, setup);
    const { failedGets } = setup.load.tally;
    const before = failedGets.length;
    await pass(1_000, setup);
    assert.deepEqual(failedGets.slice(before), []);
    await setup.victim.become(GOOD);
    const backMs = await isUsedAgain(setup);
    await setup.load.stop();
    report(t, setup, backMs);
    await checkPosts(setup, (await setup.victim.counts()).posts);
  });
});
