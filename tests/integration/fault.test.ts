import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask, askRaw } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

test('a request fails with the status of the trial, and answer and log say that it was meant to', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', fault: { delay: '1ms', abort: 429 } }] },
  });
  const { status, headers, json } = await ask(`${gateway.url}/x`);
  assert.deepEqual([status, json.code, json.status], [429, 'injected_fault', 429]);
  assert.equal(headers['proxy-status'], 'turnpike; error=proxy_internal_response');
  const line = await gateway.line({ path: '/x' });
  assert.deepEqual([line['fault'], line['level'], line['code']], ['delay+abort', 'info', 'injected_fault']);
  assert.equal(service.requests.length, 0);
});

test('a delay holds the request up, and then the service answers', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', fault: { delay: '200ms' } }] },
  });
  const before = performance.now();
  const { status } = await ask(`${gateway.url}/x`, { method: 'POST', body: 'abc' });
  assert.ok(performance.now() - before >= 195);
  assert.equal(status, 200);
  assert.equal(service.requests[0]?.body.toString(), 'abc');
  assert.equal((await gateway.line({ path: '/x' }))['fault'], 'delay');
});

test('a reset breaks the connection off, and the log knows who did', async (t) => {
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', respond: { status: 200 }, auth: 'none', fault: { abort: 'reset' } }] },
  });
  await assert.rejects(ask(`${gateway.url}/x`), { code: 'ECONNRESET' });
  const line = await gateway.line({ path: '/x' });
  assert.deepEqual([line['aborted'], line['code'], line['fault']], ['gateway', 'injected_fault', 'abort']);
});

for (const [name, fault] of [
  ['at once', { abort: 'reset' }],
  ['after a while', { abort: 'reset', delay: '150ms' }],
] as const) {
  test(`a reset ${name} leaves the answers that are owed before it, and ends the connection behind them`, async (t) => {
    const large = 'x'.repeat(1_000_000);
    const service = await startService(t, (_req, res) => void setTimeout(() => res.end(large), 50));
    const gateway = await startGateway(t, {
      file: {
        routes: [
          { prefix: '/good', target: service.url, auth: 'none' },
          { prefix: '/x', respond: { status: 200 }, auth: 'none', fault },
        ],
      },
    });
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const before = performance.now();
    const raw = await askRaw(gateway.port, get('/good/1') + get('/good/2') + get('/x') + get('/good/3'));
    // Left open, it would have been the client that gave up.
    assert.ok(performance.now() - before < 4_500);
    assert.deepEqual(raw.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200']);
    assert.equal(raw.match(/x{1000000}/g)?.length, 2);
    const line = await gateway.line({ path: '/x' });
    assert.deepEqual(
      [line['aborted'], line['code'], line['fault']?.toString().endsWith('abort')],
      ['gateway', 'injected_fault', true],
    );
    await until(() => gateway.gateway.inFlight === 0);
  });
}

test('a client that leaves while it is held up ends the request, and the service hears nothing of it', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', fault: { delay: '60s' } }] },
  });
  const req = request(`${gateway.url}/x`);
  req.on('error', () => undefined);
  req.end();
  await until(() => gateway.gateway.inFlight === 1);
  req.destroy();
  await until(() => gateway.gateway.inFlight === 0);
  assert.equal((await gateway.line({ path: '/x' })).status, 499);
  assert.equal(service.requests.length, 0);
});

test('a handshake of a WebSocket can be broken off too', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      routes: [{ prefix: '/x', target: service.url, auth: 'none', websocket: true, fault: { abort: 'reset' } }],
    },
  });
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  await assert.rejects(ask(`${gateway.url}/x`, { headers }));
  await until(() => gateway.gateway.inFlight === 0);
});
