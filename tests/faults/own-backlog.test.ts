import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startDeafService } from '../support/deaf-service.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

/** Holds the loop of this process up, as a burst of requests or a long collection does. */
function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

/** Asks while this process has nearly no turn of its loop to spare. */
async function askUnderLoad(url: string): ReturnType<typeof ask> {
  let isOver = false;
  const asked = ask(url).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    block(400);
    await new Promise(setImmediate);
  }
  return asked;
}

test('a connection that our own loop had no time for is our backlog, and counts against nobody', async (t) => {
  const { url } = await startDeafService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', auth: 'none', target: url, timeouts: { connect: '400ms' }, retry: false }] },
  });
  for (let call = 0; call < 6; call += 1) {
    const { status, json } = await askUnderLoad(`${gateway.url}/x`);
    assert.deepEqual([status, json.code], [503, 'overloaded']);
  }
  // Six failures would have opened the circuit.
  const { json } = await ask(`${gateway.url}/health`);
  assert.equal(Object.values(json.services as Record<string, { circuit: string }>)[0]?.circuit, 'closed');
  const line = await gateway.line({ path: '/x' });
  assert.deepEqual([line['source'], line['outcome']], ['gateway', 'overloaded']);
});

test('after one stall a service that takes no connection is to blame as ever', async (t) => {
  const { url } = await startDeafService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', auth: 'none', target: url, timeouts: { connect: '400ms' }, retry: false }] },
  });
  // On a machine that is busy the loop may be late again: one of some calls tells.
  const codes: string[] = [];
  for (let call = 0; call < 10 && !codes.includes('connect_timeout'); call += 1) {
    const asked = ask(`${gateway.url}/x`);
    await until(() => gateway.gateway.inFlight > 0);
    block(600);
    codes.push((await asked).json.code);
  }
  assert.equal(codes.at(-1), 'connect_timeout');
});

test('ten thousand pipelined requests end without one failure of the service', async (t) => {
  const REQUESTS = 10_000;
  const service = await startService(t, (_req, res) => res.end('ok'));
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', auth: 'none', target: service.url, bulkhead: { inFlight: REQUESTS } }] },
  });
  const socket = connect(gateway.port, '127.0.0.1');
  t.after(() => socket.destroy());
  let answers = 0;
  let failures = 0;
  socket.on('data', (bytes: Buffer) => {
    const text = bytes.toString('latin1');
    answers += text.split('HTTP/1.1 200').length - 1;
    failures += text.split(/HTTP\/1\.1 50\d/).length - 1;
  });
  socket.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(REQUESTS));
  await until(() => service.requests.length + failures >= REQUESTS, { timeoutMs: 60_000, what: 'the end of all' });
  await until(() => gateway.gateway.inFlight === 0, { timeoutMs: 30_000, what: 'the last answers' });
  assert.equal(failures, 0);
  // A status line may be cut by the pieces in which it comes.
  assert.ok(answers > 0.99 * REQUESTS, `${answers} answers`);
  const metrics = await gateway.metrics();
  assert.doesNotMatch(metrics, /outcome="(?:connect-timeout|overloaded|reset)"/);
});
