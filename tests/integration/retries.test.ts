import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, ask } from '../support/http.ts';
import { closedPort, echo, type StubHandler, startLyingService, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

interface At {
  readonly url: string;
}

/** A gateway that asks these targets in turns; the breaker stays out of the way. */
function front(t: TestContext, targets: readonly At[], route: object = {}, service: object = {}): Promise<TestGateway> {
  const urls = targets.map(({ url }) => url);
  return startGateway(t, {
    file: {
      services: {
        it: {
          targets: urls,
          balance: 'round-robin',
          circuitBreaker: { minimumRequests: 100_000 },
          passiveHealth: { failures: 1_000 },
          ...service,
        },
      },
      routes: [{ prefix: '/x', service: 'it', auth: 'none', bodyLimit: '1mb', ...route }],
    },
  });
}

async function nobody(): Promise<At> {
  return { url: `http://127.0.0.1:${await closedPort()}` };
}

const fails =
  (status: number, headers: Record<string, string> = {}): StubHandler =>
  (_req, res) => {
    res.writeHead(status, headers);
    res.end('failed');
  };

/** Asks so often that round-robin has begun at every target. */
async function askAll(gateway: TestGateway, targets: number, method = 'GET', body?: Buffer): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let i = 0; i < targets * 2; i++)
    answers.push(await ask(`${gateway.url}/x`, { method, ...(body !== undefined && { body }) }));
  return answers;
}

function statusesOf(answers: readonly Answer[]): number[] {
  return [...new Set(answers.map(({ status }) => status))].sort();
}

describe('a target that refuses the connection', { concurrency: 4 }, () => {
  for (const method of ['GET', 'POST', 'PATCH']) {
    it(`is passed over for ${method}: nothing was sent yet`, async (t) => {
      const good = await startService(t);
      const gateway = await front(t, [await nobody(), good]);
      const answers = await askAll(gateway, 2, method, Buffer.from(method === 'GET' ? '' : 'hello'));
      assert.deepEqual(statusesOf(answers), [200]);
      assert.equal(good.requests.length, 4);
      if (method !== 'GET') assert.equal(good.requests[0]?.body.toString(), 'hello');
    });
  }

  it('is not asked again when there is no other', async (t) => {
    const gateway = await front(t, [await nobody()]);
    assert.equal((await ask(`${gateway.url}/x`)).json.code, 'upstream_refused');
    assert.equal((await gateway.line({ path: '/x' }))['attempts'], 1);
  });

  it('is passed over once: a request is no search', async (t) => {
    const gateway = await front(t, [await nobody(), await nobody(), await nobody()]);
    assert.equal((await ask(`${gateway.url}/x`)).status, 502);
    assert.equal((await gateway.line({ path: '/x' }))['attempts'], 2);
  });

  it('does not cost a large upload: not a byte of it was taken', async (t) => {
    const good = await startService(t);
    const gateway = await front(t, [await nobody(), good]);
    const body = Buffer.alloc(300 * 1024, 'abc');
    assert.deepEqual(statusesOf(await askAll(gateway, 2, 'POST', body)), [200]);
    for (const { body: arrived } of good.requests) assert.ok(arrived.equals(body));
  });
});

describe('a target that fails after the request was sent', { concurrency: 4 }, () => {
  for (const status of [502, 503, 504]) {
    it(`with ${status} is not the answer to a GET where another target has one`, async (t) => {
      const [bad, good] = [await startService(t, fails(status)), await startService(t)];
      const gateway = await front(t, [bad, good]);
      assert.deepEqual(statusesOf(await askAll(gateway, 2)), [200]);
      assert.equal(bad.requests.length, 2);
    });
  }

  it('with 500 is the answer: the request may be to blame', async (t) => {
    const [bad, good] = [await startService(t, fails(500)), await startService(t)];
    const gateway = await front(t, [bad, good]);
    assert.deepEqual(statusesOf(await askAll(gateway, 2)), [200, 500]);
  });

  it('with a reset is passed over for a GET, and the retry goes to the other target', async (t) => {
    const bad = await startLyingService(t, (socket) => socket.resetAndDestroy());
    const good = await startService(t);
    const gateway = await front(t, [bad, good]);
    assert.deepEqual(statusesOf(await askAll(gateway, 2)), [200]);
    assert.equal(bad.received.length, 2);
    assert.equal(good.requests.length, 4);
  });

  for (const [name, bad] of [
    ['a reset', (t: TestContext) => startLyingService(t, (socket) => socket.resetAndDestroy())],
    ['a 503', (t: TestContext) => startService(t, fails(503))],
  ] as const) {
    for (const method of ['POST', 'PATCH']) {
      it(`never gets a ${method} sent twice for ${name}`, async (t) => {
        const good = await startService(t);
        const gateway = await front(t, [await bad(t), good]);
        const answers = await askAll(gateway, 2, method, Buffer.from('pay 100'));
        assert.equal(answers.filter(({ status }) => status === 200).length, 2);
        assert.equal(good.requests.length, 2);
      });
    }
  }

  it('is passed over for a PUT of 64 KiB, which arrives unchanged', async (t) => {
    const body = Buffer.alloc(64 * 1024, 'abcdefghij');
    const [bad, good] = [await startService(t, fails(503)), await startService(t)];
    const gateway = await front(t, [bad, good]);
    assert.deepEqual(statusesOf(await askAll(gateway, 2, 'PUT', body)), [200]);
    const hashes = good.requests.map((seen) => createHash('sha256').update(seen.body).digest('hex'));
    assert.deepEqual(new Set(hashes), new Set([createHash('sha256').update(body).digest('hex')]));
    assert.equal(good.requests.length, 4);
  });

  it('is passed over for a PUT that it did not even read to the end', async (t) => {
    const body = Buffer.alloc(60 * 1024, 'abcdefghij');
    const bad = await startLyingService(t, 'HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    const good = await startService(t);
    const gateway = await front(t, [bad, good]);
    assert.deepEqual(statusesOf(await askAll(gateway, 2, 'PUT', body)), [200]);
    for (const seen of good.requests) assert.ok(seen.body.equals(body));
  });

  it('is the answer to a PUT that is larger than what is kept', async (t) => {
    const [bad, good] = [await startService(t, fails(503)), await startService(t)];
    const gateway = await front(t, [bad, good]);
    const answers = await askAll(gateway, 2, 'PUT', Buffer.alloc(64 * 1024 + 1));
    assert.deepEqual(statusesOf(answers), [200, 503]);
    assert.equal(good.requests.length, 2);
  });

  it('in the middle of its answer is not repeated: a byte has left', async (t) => {
    const bad = await startLyingService(t, (socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', () => socket.resetAndDestroy()),
    );
    const good = await startService(t);
    const gateway = await front(t, [bad, good]);
    const results = await Promise.allSettled([ask(`${gateway.url}/x`), ask(`${gateway.url}/x`)]);
    assert.equal(results.filter(({ status }) => status === 'rejected').length, 1);
    assert.equal(good.requests.length, 1);
  });

  it('alone is asked once more', async (t) => {
    const answers = [fails(503), echo];
    const service = await startService(t, (...all) => answers.shift()?.(...all));
    const gateway = await front(t, [service]);
    assert.equal((await ask(`${gateway.url}/x`)).status, 200);
    assert.equal(service.requests.length, 2);
  });

  it('is the answer where the route never retries', async (t) => {
    const [bad, good] = [await startService(t, fails(503)), await startService(t)];
    const gateway = await front(t, [bad, good], { retry: false });
    assert.deepEqual(statusesOf(await askAll(gateway, 2)), [200, 503]);
  });

  it('shows in the log and in the metrics as attempts', async (t) => {
    const [bad, good] = [await startService(t, fails(503)), await startService(t)];
    const gateway = await front(t, [bad, good]);
    await askAll(gateway, 2);
    const lines = await until(() => gateway.accessLines.length === 4 && gateway.accessLines.map((l) => JSON.parse(l)));
    assert.deepEqual(lines.map(({ attempts }) => attempts).sort(), [1, 1, 2, 2]);
    for (const { target, status } of lines) assert.deepEqual([target, status], [good.url, 200]);
    const text = await gateway.metrics();
    assert.match(text, /turnpike_upstream_attempts_total\{service="it",outcome="ok"\} 4/);
    assert.match(text, /turnpike_upstream_attempts_total\{service="it",outcome="status"\} 2/);
  });
});

describe('a target that does not answer within a try', { concurrency: 4 }, () => {
  const silent: StubHandler = () => undefined;
  const timeouts = { try: '200ms', headers: '8s', total: '8s' };

  for (const method of ['GET', 'HEAD']) {
    it(`is left for another by ${method}`, async (t) => {
      const good = await startService(t);
      const gateway = await front(t, [await startService(t, silent), good], { timeouts });
      const began = performance.now();
      assert.deepEqual(statusesOf(await askAll(gateway, 2, method)), [200]);
      assert.ok(performance.now() - began < 6_000);
      assert.equal(good.requests.length, 4);
      assert.deepEqual([...new Set(good.requests.map((seen) => seen.method))], [method]);
    });
  }

  it('has all of `headers` for a POST, for the last attempt, and where `retry` is off', async (t) => {
    const slow: StubHandler = (_req, res) => void setTimeout(() => res.end('slow'), 600);
    const [one, other] = [await startService(t, slow), await startService(t, slow)];
    const gateway = await front(t, [one, other], { timeouts });
    assert.equal((await ask(`${gateway.url}/x`, { method: 'POST', body: 'hi' })).text, 'slow');
    assert.equal(one.requests.length + other.requests.length, 1);
    assert.equal((await ask(`${gateway.url}/x`)).text, 'slow');
    assert.equal(one.requests.length + other.requests.length, 3);
    const patient = await front(t, [one, other], { timeouts, retry: false });
    assert.equal((await ask(`${patient.url}/x`)).text, 'slow');
    assert.equal(one.requests.length + other.requests.length, 4);
  });

  it('is to blame, also where the caller has shortened the whole; for a shorter time of the caller nobody is', async (t) => {
    const gateway = await front(
      t,
      [await startService(t, silent), await startService(t)],
      { timeouts },
      { passiveHealth: { failures: 1 } },
    );
    const ejected = async (): Promise<boolean> =>
      (await ask(`${gateway.adminUrl}/state`)).json.targets.some(({ isEjected }: { isEjected: boolean }) => isEjected);
    const askWithin = (ms: number) =>
      ask(`${gateway.url}/x`, { headers: { 'x-request-timeout-ms': String(ms) } }).then(({ status }) => status);
    const short = [await askWithin(100), await askWithin(100)];
    assert.deepEqual(short.sort(), [200, 504]);
    assert.equal(await ejected(), false);
    assert.deepEqual([await askWithin(5_000), await askWithin(5_000)], [200, 200]);
    assert.equal(await ejected(), true);
  });
});

describe('the budget of retries', () => {
  it('keeps a service that is down from being asked twice as often', async (t) => {
    const waiting: (() => void)[] = [];
    const service = await startService(t, (...all) => void waiting.push(() => fails(503)(...all)));
    const gateway = await front(t, [service]);
    const answers = Array.from({ length: 100 }, () => ask(`${gateway.url}/x`));
    await until(() => waiting.length === 100);
    // All fail at one moment: a fifth of those in flight may be repeated.
    for (const answer of waiting.splice(0)) answer();
    const release = setInterval(() => {
      for (const answer of waiting.splice(0)) answer();
    }, 10);
    t.after(() => clearInterval(release));
    assert.deepEqual(statusesOf(await Promise.all(answers)), [503]);
    assert.ok(service.requests.length <= 120, `${service.requests.length} requests for 100`);
    assert.ok(service.requests.length >= 103, `${service.requests.length} requests for 100`);
  });

  it('leaves three to a service with little to do', async (t) => {
    const waiting: (() => void)[] = [];
    const service = await startService(t, (...all) => void waiting.push(() => fails(503)(...all)));
    const gateway = await front(t, [service]);
    const answers = Array.from({ length: 5 }, () => ask(`${gateway.url}/x`));
    await until(() => waiting.length === 5);
    for (const answer of waiting.splice(0)) answer();
    await until(() => waiting.length === 3);
    for (const answer of waiting.splice(0)) answer();
    await Promise.all(answers);
    assert.equal(service.requests.length, 8);
  });
});

describe('Retry-After of a 503', { concurrency: 4 }, () => {
  it('is waited for where the deadline allows it', async (t) => {
    const times: number[] = [];
    const service = await startService(t, (...all) => {
      times.push(performance.now());
      if (times.length === 1) fails(503, { 'retry-after': '1' })(...all);
      else echo(...all);
    });
    const gateway = await front(t, [service]);
    assert.equal((await ask(`${gateway.url}/x`)).status, 200);
    assert.ok((times[1] as number) - (times[0] as number) >= 990, `${times}`);
  });

  it('beyond the deadline means no second attempt, and reaches the client', async (t) => {
    const service = await startService(t, fails(503, { 'retry-after': '120' }));
    const gateway = await front(t, [service]);
    const began = performance.now();
    const answer = await ask(`${gateway.url}/x`);
    assert.equal(answer.status, 503);
    assert.equal(answer.headers['retry-after'], '120');
    assert.equal(service.requests.length, 1);
    assert.ok(performance.now() - began < 3_000);
  });

  it('of one target does not keep from asking another', async (t) => {
    const [bad, good] = [await startService(t, fails(503, { 'retry-after': '120' })), await startService(t)];
    const gateway = await front(t, [bad, good]);
    assert.deepEqual(statusesOf(await askAll(gateway, 2)), [200]);
  });
});

describe('a pooled connection that the service has closed', () => {
  it('is never seen by a GET', async (t) => {
    // It promises to keep the connection, and closes it right after each answer.
    const service = await startLyingService(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=60\r\n\r\nhi');
      setTimeout(() => socket.destroy(), 3);
    });
    const gateway = await front(t, [service]);
    for (let i = 0; i < 60; i++) {
      assert.equal((await ask(`${gateway.url}/x`)).status, 200);
      await new Promise((resolve) => setTimeout(resolve, i % 8));
    }
  });

  it('is left before a service that gives no hint closes it', async (t) => {
    const service = await startService(t);
    const gateway = await front(t, [service], { retry: false });
    assert.equal((await ask(`${gateway.url}/x`, { method: 'POST', body: 'hi' })).status, 200);
    // node:http says 5 s, and undici leaves a second before; the next POST must find the connection alive.
    for (let i = 0; i < 3; i++)
      assert.equal((await ask(`${gateway.url}/x`, { method: 'POST', body: 'hi' })).status, 200);
    assert.equal(service.requests.length, 4);
  });
});

it('with "retry": false nothing is repeated, a refused connection neither', async (t) => {
  const service = await startService(t);
  const down = `http://127.0.0.1:${await closedPort()}`;
  const targets = [down, service.url];
  const gateway = await startGateway(t, {
    file: {
      services: { one: { targets, balance: 'round-robin', circuitBreaker: { minimumRequests: 1000 } } },
      routes: [{ prefix: '/x', service: 'one', auth: 'none', retry: false }],
    },
  });
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push((await ask(`${gateway.url}/x`)).status);
  assert.deepEqual(statuses.sort(), [200, 200, 502, 502]);
});
