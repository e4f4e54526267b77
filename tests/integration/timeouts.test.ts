import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { startDeafService } from '../support/deaf-service.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask, askRaw, statusOf } from '../support/http.ts';
import { type Lie, type StubHandler, startLyingService, startService } from '../support/service.ts';

const LONG = { connect: '8s', headers: '8s', idle: '8s', total: '8s' };

/** A gateway before these targets, with one deadline that is short and the rest long. */
function front(
  t: TestContext,
  targets: readonly { readonly url: string }[],
  timeouts: object,
  route: object = {},
): Promise<TestGateway> {
  const urls = targets.map(({ url }) => url);
  return startGateway(t, {
    file: {
      services: { it: { targets: urls, balance: 'round-robin' } },
      routes: [
        { prefix: '/x', service: 'it', auth: 'none', bodyLimit: '64mb', timeouts: { ...LONG, ...timeouts }, ...route },
      ],
    },
  });
}

/** Long enough for a slow machine, and far from the long deadlines. */
const SOON_MS = 4_000;

async function timed<T>(work: Promise<T>): Promise<{ readonly result: T; readonly tookMs: number }> {
  const began = performance.now();
  const result = await work;
  return { result, tookMs: performance.now() - began };
}

const silent: StubHandler = () => undefined;

describe('deadlines', { concurrency: 4 }, () => {
  it('a service that takes no connection is 504 after `connect`', async (t) => {
    const gateway = await front(t, [await startDeafService(t)], { connect: '200ms' });
    const { result, tookMs } = await timed(ask(`${gateway.url}/x`));
    assert.equal(result.status, 504);
    assert.equal(result.json.code, 'connect_timeout');
    assert.match(String(result.headers['proxy-status']), /connection_timeout/);
    assert.ok(tookMs >= 195 && tookMs < SOON_MS, `${tookMs} ms`);
  });

  it('a service that takes no connection is passed over where there is another', async (t) => {
    const good = await startService(t);
    const gateway = await front(t, [await startDeafService(t), good], { connect: '200ms' });
    for (let i = 0; i < 4; i++)
      assert.equal((await ask(`${gateway.url}/x`, { method: 'POST', body: 'hi' })).status, 200);
    assert.deepEqual(
      good.requests.map(({ body }) => body.toString()),
      ['hi', 'hi', 'hi', 'hi'],
    );
  });

  it('a service that does not answer is 504 after `headers`', async (t) => {
    const gateway = await front(t, [await startService(t, silent)], { headers: '200ms' });
    const { result, tookMs } = await timed(ask(`${gateway.url}/x`, { method: 'POST', body: 'hi' }));
    assert.equal(result.status, 504);
    assert.equal(result.json.code, 'headers_timeout');
    assert.ok(tookMs >= 195 && tookMs < SOON_MS, `${tookMs} ms`);
    const { cause } = await gateway.line({ status: 504 });
    assert.match(String(cause), /timeouts\.headers of 200 ms/);
  });

  it('the log names the deadline that has passed', async (t) => {
    const gateway = await front(t, [await startService(t, silent)], { total: '200ms' });
    assert.equal((await ask(`${gateway.url}/x`)).status, 504);
    const { cause } = await gateway.line({ status: 504 });
    assert.match(String(cause), /timeouts\.total of 200 ms/);
  });

  it('`headers` counts from the end of the upload, however long that takes', async (t) => {
    const gateway = await front(t, [await startService(t)], { headers: '300ms', total: '300ms' });
    const req = request(`${gateway.url}/x`, { method: 'POST' });
    req.flushHeaders();
    const answered = once(req, 'response');
    for (let i = 0; i < 8; i++) {
      req.write('drip');
      await pause(100);
    }
    req.end();
    const [res] = await answered;
    res.resume();
    assert.equal(res.statusCode, 200);
  });

  it('a service that falls silent in its body breaks the connection off after `idle`', async (t) => {
    const service = await startService(
      t,
      (_req, res) => void res.writeHead(200, { 'content-length': 100 }).write('a beginning'),
    );
    const gateway = await front(t, [service], { idle: '200ms' });
    const { tookMs } = await timed(assert.rejects(ask(`${gateway.url}/x`)));
    assert.ok(tookMs >= 195 && tookMs < SOON_MS, `${tookMs} ms`);
    const line = await gateway.line({ path: '/x' });
    assert.equal(line['source'], 'upstream');
    assert.equal(line['outcome'], 'idle-timeout');
  });

  it('a stream may last longer than every deadline while its bytes move', async (t) => {
    const service = await startService(t, (_req, res) => {
      let events = 0;
      const timer = setInterval(() => {
        res.write(`data: ${++events}\n\n`);
        if (events < 8) return;
        clearInterval(timer);
        res.end();
      }, 100);
    });
    const gateway = await front(t, [service], { headers: '400ms', idle: '400ms', total: '400ms' });
    assert.match((await ask(`${gateway.url}/x`)).text, /data: 8\n\n$/);
  });

  it('a client that stalls its upload is 408, and nobody blames the service', async (t) => {
    const service = await startService(t);
    const gateway = await front(t, [service], { idle: '200ms' }, { circuitBreaker: { minimumRequests: 1 } });
    for (const framing of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
      const raw = await askRaw(gateway.port, `POST /x HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n5\r\nhello\r\n`);
      assert.equal(statusOf(raw), 408, raw);
      assert.match(raw, /request_timeout/);
      assert.match(raw, /connection: close/i);
    }
    const line = await gateway.line({ status: 408 });
    assert.equal(line['source'], 'client');
    assert.equal((await ask(`${gateway.url}/x`)).status, 200);
    assert.match(await gateway.metrics(), /turnpike_breaker_state\{[^}]*\} 0/);
    assert.doesNotMatch(await gateway.metrics(), /attempts_total\{[^}]*idle-timeout/);
  });

  it('a service that does not read the upload is 504', async (t) => {
    const service = await startLyingService(t, (socket) => void socket.pause());
    const gateway = await front(t, [service], { idle: '300ms' });
    const body = Buffer.alloc(32 * 1024 * 1024);
    const answer = await ask(`${gateway.url}/x`, { method: 'POST', body }).catch((error: Error) => error);
    const line = await gateway.line({ path: '/x' });
    assert.equal(line['source'], 'upstream');
    assert.equal(line['code'], 'idle_timeout');
    if (!(answer instanceof Error)) assert.equal(answer.status, 504);
  });

  it('a client that stops reading is let go, and nobody blames the service', async (t) => {
    const service = await startService(t, (_req, res) => void res.end(Buffer.alloc(64 * 1024 * 1024)));
    const gateway = await front(t, [service], { idle: '300ms' });
    const socket = connect(gateway.port, '127.0.0.1');
    socket.on('error', () => undefined);
    t.after(() => socket.destroy());
    socket.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'readable');
    const line = await gateway.line({ path: '/x' });
    assert.equal(line.status, 499);
    assert.equal(line['source'], 'client');
  });

  it('`total` holds over all attempts', async (t) => {
    const targets = await Promise.all([startService(t, silent), startService(t, silent), startService(t, silent)]);
    const gateway = await front(
      t,
      targets,
      { headers: '300ms', total: '500ms' },
      { retry: { attempts: 5, on: ['timeout'] } },
    );
    const { result, tookMs } = await timed(ask(`${gateway.url}/x`));
    assert.equal(result.status, 504);
    assert.ok(tookMs >= 495 && tookMs < 1_400, `${tookMs} ms`);
    const line = await gateway.line({ path: '/x' });
    assert.equal(line['attempts'], 2);
  });

  it('X-Request-Timeout-Ms shortens the deadline, and the service is told', async (t) => {
    const service = await startService(t, silent);
    const gateway = await front(t, [service], {});
    const { result, tookMs } = await timed(ask(`${gateway.url}/x`, { headers: { 'x-request-timeout-ms': '150' } }));
    assert.equal(result.status, 504);
    assert.ok(tookMs >= 145 && tookMs < SOON_MS, `${tookMs} ms`);
    assert.equal(service.requests[0]?.headers['x-request-timeout-ms'], '150');
  });

  it('a second target is told the time that is left', async (t) => {
    const late: StubHandler = (_req, res) => void setTimeout(() => res.writeHead(503).end(), 200);
    const [first, second] = [await startService(t, late), await startService(t)];
    const gateway = await front(t, [first, second], {});
    for (let i = 0; i < 2; i++)
      assert.equal((await ask(`${gateway.url}/x`, { headers: { 'x-request-timeout-ms': '5000' } })).status, 200);
    const told = second.requests.map(({ headers }) => Number(headers['x-request-timeout-ms']));
    assert.equal(first.requests[0]?.headers['x-request-timeout-ms'], '5000');
    assert.ok(told.includes(5_000), `${told}`);
    assert.ok(
      told.some((ms) => ms > 1_000 && ms <= 4_820),
      `${told}`,
    );
  });

  it('X-Request-Timeout-Ms never lengthens, and nonsense in it changes nothing', async (t) => {
    const service = await startService(t, silent);
    const gateway = await front(t, [service], { total: '200ms' }, { circuitBreaker: { minimumRequests: 100 } });
    for (const asked of ['600000', '-1', '1e9', '0x10', '', '9'.repeat(40), 'soon']) {
      const { result, tookMs } = await timed(ask(`${gateway.url}/x`, { headers: { 'x-request-timeout-ms': asked } }));
      assert.equal(result.status, 504, asked);
      assert.ok(tookMs >= 195 && tookMs < SOON_MS, `${asked}: ${tookMs} ms`);
    }
    for (const { headers } of service.requests)
      assert.ok(['200', undefined].includes(headers['x-request-timeout-ms'] as string | undefined));
  });

  it('a slow answer within its deadlines is no failure', async (t) => {
    const service = await startService(t, (_req, res) => void setTimeout(() => res.end('late'), 400));
    const gateway = await front(t, [service], { idle: '200ms' });
    assert.equal((await ask(`${gateway.url}/x`)).text, 'late');
  });

  it('a head that never ends is 504 after `headers`', async (t) => {
    const drip: Lie = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write('X-Drip: 1\r\n'), 50);
      socket.on('close', () => clearInterval(timer));
    };
    const gateway = await front(t, [await startLyingService(t, drip)], { headers: '300ms' });
    assert.equal((await ask(`${gateway.url}/x`)).json.code, 'headers_timeout');
  });
});

/** Time itself is what these tests are about. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
