import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { WebSocket } from 'ws';
import { type GatewayProcess, startGatewayProcess } from '../support/process.ts';
import { until } from '../support/until.ts';
import { closeOf, handshakeBytes, openSocket, type SocketService, startSocketService } from '../support/websocket.ts';

/** One masked close frame with code 1001: a client's answer to ours. */
const CLOSE_ANSWER = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9]);
const FLOODED = 20;

async function setUp(
  t: TestContext,
  onOpen: (socket: WebSocket) => void,
): Promise<{ gateway: GatewayProcess; service: SocketService }> {
  const service = await startSocketService(t, { onOpen });
  const cwd = mkdtempSync(join(tmpdir(), 'turnpike-ws-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const routes = [{ prefix: '/ws', target: service.url, auth: 'none', websocket: true }];
  writeFileSync(join(cwd, 'routes.json'), JSON.stringify({ routes }));
  return { service, gateway: await startGatewayProcess(t, { cwd, env: { DRAIN_DELAY: '0s' } }) };
}

/** Sends messages of many sizes as fast as they are taken. */
function flood(socket: WebSocket): void {
  let size = 1;
  const send = (): void => {
    size = (size * 7 + 13) % 90_000;
    if (socket.readyState === socket.OPEN) socket.send(Buffer.alloc(size, size & 0xff), () => setImmediate(send));
  };
  send();
}

interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** A client that keeps every byte it gets, so that its frames can be read afterwards; it answers a close or doesn't. */
async function openRecorder(t: TestContext, url: string, { answers }: { readonly answers: boolean }) {
  const client: Socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: !answers });
  t.after(() => client.destroy());
  const chunks: Buffer[] = [];
  client.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    // A close frame of ours ends what was sent; a payload that looks like one is filled with one byte alone.
    if (answers && chunk.subarray(-20).includes(Buffer.from([0x03, 0xe9]))) client.write(CLOSE_ANSWER);
  });
  const closed = once(client, 'close');
  client.on('error', () => client.destroy());
  client.write(handshakeBytes('/ws'));
  await until(() => chunks.length > 0);
  return { closed, frames: () => framesIn(Buffer.concat(chunks)) };
}

/** Reads the frames after the head of the 101; throws when bytes are left over. */
function framesIn(bytes: Buffer): readonly Frame[] {
  const frames: Frame[] = [];
  let at = bytes.indexOf('\r\n\r\n') + 4;
  while (at < bytes.length) {
    const short = (bytes[at + 1] as number) & 0x7f;
    const header = short === 127 ? 10 : short === 126 ? 4 : 2;
    const length =
      short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short === 126 ? bytes.readUInt16BE(at + 2) : short;
    const end = at + header + length;
    assert.ok(end <= bytes.length, `a frame of ${length} bytes was cut off`);
    frames.push({ opcode: (bytes[at] as number) & 0x0f, payload: bytes.subarray(at + header, end) });
    at = end;
  }
  return frames;
}

test('on SIGTERM flooded and idle WebSockets get one clean 1001 between two frames, and the service is told too', async (t) => {
  let opened = 0;
  const { gateway, service } = await setUp(t, (socket) => {
    opened += 1;
    if (opened <= FLOODED) flood(socket);
  });
  const flooded: Awaited<ReturnType<typeof openRecorder>>[] = [];
  for (let i = 0; i < FLOODED; i++) flooded.push(await openRecorder(t, gateway.url, { answers: true }));
  const idle = await openSocket(t, `${gateway.url}/ws`);
  const idleClosed = closeOf(idle);
  await until(() => service.sockets.size === FLOODED + 1);
  gateway.signal('SIGTERM');
  assert.deepEqual(await idleClosed, { code: 1001, reason: 'shutting down' });
  await Promise.all(flooded.map(({ closed }) => closed));
  for (const { frames } of flooded) {
    const all = frames();
    const closes = all.filter(({ opcode }) => opcode === 8);
    assert.equal(closes.length, 1);
    assert.equal(all.at(-1)?.opcode, 8, 'nothing follows a close');
    assert.equal(closes[0]?.payload.readUInt16BE(0), 1001);
    assert.ok(all.length > 1, 'it was flooded');
    for (const { opcode, payload } of all.slice(0, -1)) {
      assert.equal(opcode, 2);
      assert.ok(payload.every((byte) => byte === payload[0]));
    }
  }
  assert.equal(await gateway.exited, 0);
  await until(() => service.closeCodes.length === FLOODED + 1);
  assert.deepEqual(new Set(service.closeCodes), new Set([1001]));
});

test('a client that does not answer the close does not hold the gateway up', async (t) => {
  const { gateway, service } = await setUp(t, () => undefined);
  const client = await openRecorder(t, gateway.url, { answers: false });
  await until(() => service.sockets.size === 1);
  const beganAtMs = performance.now();
  gateway.signal('SIGTERM');
  assert.equal(await gateway.exited, 0);
  const tookMs = performance.now() - beganAtMs;
  assert.equal(client.frames().length, 1);
  assert.ok(tookMs < 4_000, `it took ${tookMs} ms`);
  assert.ok(gateway.stdout.includes('"status":101'), 'its log line was written');
});
