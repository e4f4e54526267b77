import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ask } from '../support/http.ts';
import { startGatewayProcess } from '../support/process.ts';
import { until } from '../support/until.ts';
import { handshakeBytes, type SocketService, startSocketService } from '../support/websocket.ts';

const SOCKETS = 2_000;
const BATCH = 100;
/** Descriptors that may come and go without us: a log, a keep-alive connection of the test. */
const TOLERANCE = 5;

async function readGauge(adminUrl: string, name: string): Promise<string | undefined> {
  const { text } = await ask(`${adminUrl}/metrics`);
  return new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
}

/** Opens a WebSocket as bytes alone; resolves when it has its 101. */
async function open(port: number): Promise<Socket> {
  const client = connect(port, '127.0.0.1');
  client.on('error', () => client.destroy());
  client.write(handshakeBytes('/ws'));
  const [head] = (await once(client, 'data')) as [Buffer];
  assert.match(head.toString('latin1'), /^HTTP\/1\.1 101 /);
  client.resume();
  return client;
}

function terminateAll(service: SocketService): void {
  for (const socket of service.sockets) socket.terminate();
}

function endEach(clients: readonly Socket[]): void {
  for (const [at, client] of clients.entries()) ENDINGS[at % ENDINGS.length]?.(client);
}

const ENDINGS: readonly ((client: Socket) => void)[] = [
  // A masked close frame without a code.
  (client) => client.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0])),
  (client) => client.end(),
  (client) => client.resetAndDestroy(),
  (client) => client.destroy(),
];

test('of 2,000 WebSockets, opened and ended in every way, no descriptor, request or deadline is left', {
  skip: process.platform !== 'linux' && 'descriptors are counted in /proc',
}, async (t) => {
  const service = await startSocketService(t);
  const cwd = mkdtempSync(join(tmpdir(), 'turnpike-ws-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const websocket = { perConsumer: BATCH };
  writeFileSync(
    join(cwd, 'routes.json'),
    JSON.stringify({ routes: [{ prefix: '/ws', target: service.url, auth: 'none', websocket }] }),
  );
  const gateway = await startGatewayProcess(t, { cwd });
  const port = Number(new URL(gateway.url).port);
  const descriptors = (): number => readdirSync(`/proc/${gateway.child.pid}/fd`).length;
  const gauge = (name: string): Promise<string | undefined> => readGauge(gateway.adminUrl, name);

  await gauge('turnpike_websockets_open');
  const before = descriptors();
  for (let done = 0; done < SOCKETS; done += BATCH) {
    const clients = await Promise.all(Array.from({ length: BATCH }, () => open(port)));
    if (done === 0) {
      assert.equal(await gauge('turnpike_websockets_open'), String(BATCH));
      assert.ok(descriptors() >= before + 2 * BATCH);
    }
    // The last batch ends from the other side.
    if (done + BATCH === SOCKETS) terminateAll(service);
    else endEach(clients);
    await until(async () => (await gauge('turnpike_websockets_open')) === '0', { everyMs: 50 });
    for (const client of clients) client.destroy();
  }
  await until(() => descriptors() <= before + TOLERANCE, { what: 'the end of the descriptors' });
  assert.equal(await gauge('turnpike_requests_in_flight'), '0');
  assert.equal(service.sockets.size, 0);
  await until(() => gateway.stdout.split('"status":101').length === SOCKETS + 1, { what: 'a line for each' });
});
