import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { Deadlines } from '../../../../src/lib/deadlines.ts';
import { OpenSockets } from '../../../../src/lib/open-sockets.ts';
import { closeFrame } from '../../../../src/lib/ws-frames.ts';
import { Relay } from '../../../../src/upstream/websocket/relay.ts';
import { until } from '../../../support/until.ts';

const MINUTE_MS = 60_000;

/** A relay between two ends that a test plays; `client` and `service` are the far ends of its sockets. */
function setUp(t: TestContext, { open = new OpenSockets() } = {}) {
  const deadlines = new Deadlines();
  const [client, clientSocket] = duplexPair();
  const [service, serviceSocket] = duplexPair();
  const got = { client: '', service: '' };
  client.on('data', (chunk: Buffer) => {
    got.client += chunk.toString('latin1');
  });
  service.on('data', (chunk: Buffer) => {
    got.service += chunk.toString('latin1');
  });
  const ends: [number, number][] = [];
  Relay.start({
    client: clientSocket,
    service: serviceSocket,
    idleMs: MINUTE_MS,
    expiresAtMs: Number.POSITIVE_INFINITY,
    deadlines,
    open,
    onEnd: (out, into) => ends.push([out, into]),
  });
  t.after(() => {
    clientSocket.destroy();
    serviceSocket.destroy();
    deadlines.stop();
  });
  return { client, service, clientSocket, serviceSocket, got, open, deadlines, ends };
}

const text = (payload: string): Buffer => Buffer.from([0x81, payload.length, ...Buffer.from(payload)]);
const CLOSE_1001 = closeFrame(1001, 'bye', false).toString('latin1');
const MASKED_1001 = closeFrame(1001, 'bye', true).toString('latin1');

test('a close frame of ours waits for the end of the frame that is passing, and nothing follows it', async (t) => {
  const { service, got, open } = setUp(t);
  const [first, second] = [text('hello'), text('never')];
  service.write(first.subarray(0, 3));
  await until(() => got.client.length === 3);
  open.shutDown(1001, 'bye');
  await until(() => got.service === MASKED_1001);
  assert.equal(got.client.length, 3);
  service.write(Buffer.concat([first.subarray(3), second]));
  await until(() => got.client.length >= first.length + CLOSE_1001.length);
  assert.equal(got.client, first.toString('latin1') + CLOSE_1001);
});

test('an end that has said its own close, whole or begun, is sent no second one', async (t) => {
  for (const begun of [2, 4]) {
    const { service, got, open } = setUp(t);
    const own = Buffer.from([0x88, 0x02, 0x03, 0xe8]);
    service.write(own.subarray(0, begun));
    await until(() => got.client.length === begun);
    open.shutDown(1001, 'bye');
    service.write(own.subarray(begun));
    service.end();
    await until(() => got.client === own.toString('latin1'));
    await until(() => got.service === MASKED_1001);
    assert.equal(got.client, own.toString('latin1'));
  }
});

test('a WebSocket that opens after the shutdown is told at once', async (t) => {
  const open = new OpenSockets();
  open.shutDown(1001, 'bye');
  const { got } = setUp(t, { open });
  await until(() => got.client === CLOSE_1001 && got.service === MASKED_1001);
});

test('the end is told once, with the bytes of both ways, whoever goes first and however often', async (t) => {
  for (const first of ['clientSocket', 'serviceSocket'] as const) {
    const { client, service, ends, open, deadlines, got, ...sockets } = setUp(t);
    client.write(text('hello'));
    service.write(text('you'));
    await until(() => got.client.length === 5 && got.service.length === 7);
    assert.equal(open.size, 1);
    sockets[first].destroy(new Error('reset'));
    await until(() => ends.length > 0);
    sockets.clientSocket.destroy();
    sockets.serviceSocket.destroy();
    open.shutDown(1001, 'bye');
    assert.deepEqual(ends, [[5, 7]]);
    assert.equal(open.size, 0);
    assert.equal(deadlines.size, 0);
  }
});
