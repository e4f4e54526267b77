import assert from 'node:assert/strict';
import { Agent, type ClientRequest, request } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, ask } from '../support/http.ts';
import { type StubService, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

interface Setup {
  readonly gateway: TestGateway;
  readonly slow: StubService;
  /** Lets the oldest call that the slow service has under way end. */
  release(): void;
  readonly waiting: number;
}

/** A gateway before a service that answers when it is told to, and one that always does. */
async function setUp(t: TestContext, bulkhead: object): Promise<Setup> {
  const held: (() => void)[] = [];
  const slow = await startService(t, (_req, res) => {
    const answer = (): void => void res.end('late');
    held.push(answer);
    res.on('close', () => {
      const index = held.indexOf(answer);
      if (index !== -1) held.splice(index, 1);
    });
  });
  const quick = await startService(t, (_req, res) => void res.end('quick'));
  const gateway = await startGateway(t, {
    file: {
      services: { slow: { targets: [slow.url], bulkhead }, quick: { targets: [quick.url] } },
      routes: [
        { prefix: '/slow', service: 'slow', auth: 'none' },
        { prefix: '/quick', service: 'quick', auth: 'none' },
      ],
    },
  });
  return {
    gateway,
    slow,
    release: () => held.shift()?.(),
    get waiting() {
      return held.length;
    },
  };
}

/** Calls of one measurement, and how often it is taken at most. */
const ROUND = 300;
const MOST_ROUNDS = 40;
/** What the clock and the scheduler do to a p99 by themselves. */
const NOISE_MS = 0.5;

async function timed(work: Promise<Answer>): Promise<{ readonly status: number; readonly tookMs: number }> {
  const began = performance.now();
  const { status } = await work;
  return { status, tookMs: performance.now() - began };
}

describe('the bulkhead of a service', () => {
  it('refuses at once what is over its bound and its queue', async (t) => {
    const it = await setUp(t, { inFlight: 3, queue: 0 });
    const inside = Array.from({ length: 3 }, () => ask(`${it.gateway.url}/slow`));
    await until(() => it.waiting === 3);
    const refused = await ask(`${it.gateway.url}/slow`);
    assert.equal(refused.status, 503);
    assert.equal(refused.json.code, 'overloaded');
    assert.equal(refused.headers['retry-after'], '1');
    assert.match(String(refused.headers['proxy-status']), /connection_limit_reached/);
    assert.equal((await ask(`${it.gateway.url}/quick`)).status, 200);
    for (let i = 0; i < 3; i++) it.release();
    assert.deepEqual(
      (await Promise.all(inside)).map(({ status }) => status),
      [200, 200, 200],
    );
    assert.equal(it.slow.requests.length, 3);
  });

  it('lets a call wait for a place, first come, first served', async (t) => {
    const it = await setUp(t, { inFlight: 1, queue: 2, wait: '10s' });
    const order: number[] = [];
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 3; i++) {
      calls.push(ask(`${it.gateway.url}/slow/${i}`).then(() => order.push(i)));
      await until(async () => new RegExp(`in_flight ${i + 1}\\b`).test(await it.gateway.metrics()));
    }
    assert.equal((await ask(`${it.gateway.url}/slow/3`)).status, 503);
    for (let i = 0; i < 3; i++) {
      await until(() => it.waiting === 1 && it.slow.requests.length === i + 1);
      it.release();
    }
    await Promise.all(calls);
    assert.deepEqual(order, [0, 1, 2]);
    assert.deepEqual(
      it.slow.requests.map(({ path }) => path),
      ['/0', '/1', '/2'],
    );
  });

  it('refuses a call that has waited its time', async (t) => {
    const it = await setUp(t, { inFlight: 1, queue: 5, wait: '200ms' });
    const inside = ask(`${it.gateway.url}/slow`);
    await until(() => it.waiting === 1);
    const { status, tookMs } = await timed(ask(`${it.gateway.url}/slow`));
    assert.equal(status, 503);
    assert.ok(tookMs >= 195 && tookMs < 3_000, `${tookMs} ms`);
    it.release();
    assert.equal((await inside).status, 200);
  });

  it('gives the place of a client that left the queue to the next', async (t) => {
    const it = await setUp(t, { inFlight: 1, queue: 1, wait: '10s' });
    const inside = ask(`${it.gateway.url}/slow`);
    await until(() => it.waiting === 1);
    const left: ClientRequest = request(`${it.gateway.url}/slow/left`);
    left.on('error', () => undefined);
    left.end();
    await until(async () => /in_flight 2\b/.test(await it.gateway.metrics()));
    left.destroy();
    await until(async () => /in_flight 1\b/.test(await it.gateway.metrics()));
    const next = ask(`${it.gateway.url}/slow/next`);
    await until(async () => /in_flight 2\b/.test(await it.gateway.metrics()));
    it.release();
    assert.equal((await inside).status, 200);
    await until(() => it.slow.requests.length === 2 && it.waiting === 1);
    it.release();
    assert.equal((await next).status, 200);
    assert.equal(it.slow.requests[1]?.path, '/next');
    assert.equal((await it.gateway.line({ path: '/slow/left' })).status, 499);
  });

  it('gets back the places of clients that leave', async (t) => {
    const it = await setUp(t, { inFlight: 5, queue: 0 });
    for (let round = 0; round < 3; round++) {
      const calls = Array.from({ length: 5 }, () => request(`${it.gateway.url}/slow`).on('error', () => undefined));
      for (const call of calls) call.end();
      await until(() => it.waiting === 5);
      for (const call of calls) call.destroy();
      await until(() => it.waiting === 0);
    }
    await until(async () => /in_flight 0\b/.test(await it.gateway.metrics()));
    const last = ask(`${it.gateway.url}/slow`);
    await until(() => it.waiting === 1);
    it.release();
    assert.equal((await last).status, 200);
  });

  it('keeps 300 calls to a service that hangs from slowing another down', async (t) => {
    const it = await setUp(t, { inFlight: 300 });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const measure = async (): Promise<number> => {
      const took: number[] = [];
      for (let i = 0; i < ROUND; i++) took.push((await timed(ask(`${it.gateway.url}/quick`, { agent }))).tookMs);
      return took.sort((a, b) => a - b)[Math.floor(ROUND * 0.99)] as number;
    };
    const measureBesideHanging = async (): Promise<number> => {
      const hanging = Array.from({ length: 300 }, () => request(`${it.gateway.url}/slow`).on('error', () => undefined));
      for (const call of hanging) call.end();
      await until(() => it.waiting === 300);
      const p99 = await measure();
      for (const call of hanging) call.destroy();
      await until(() => it.waiting === 0);
      return p99;
    };
    await measure();
    // The machine is shared: by turns, and the best of each, until they agree or it has been tried often enough.
    let alone = Number.POSITIVE_INFINITY;
    let beside = Number.POSITIVE_INFINITY;
    for (let round = 0; round < MOST_ROUNDS && (round < 3 || beside > alone * 1.2 + NOISE_MS); round++) {
      alone = Math.min(alone, await measure());
      beside = Math.min(beside, await measureBesideHanging());
    }
    t.diagnostic(`p99 ${alone.toFixed(2)} ms alone, ${beside.toFixed(2)} ms beside 300 hanging calls`);
    assert.ok(beside <= alone * 1.2 + NOISE_MS, `p99 went from ${alone} to ${beside} ms`);
  });
});
