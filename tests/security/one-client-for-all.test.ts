import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { openWire } from '../support/wire.ts';

/**
 * The attack: one client takes all 1,000 places of a service, by a pipeline of slow requests or by uploads that hardly
 * move, so that everybody else is answered 503.
 */
const SLOW = 'GET /api/slow HTTP/1.1\r\nHost: a\r\n\r\n';
const QUICK = 'GET /api/quick HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const UPLOAD = 'POST /api/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nx';

async function setUp(t: TestContext, env: Readonly<Record<string, string>> = {}) {
  let held = 0;
  const service = await startService(
    t,
    (req, res, { path }) => {
      if (path === '/quick') {
        res.end('quick');
        return;
      }
      held += 1;
      res.on('close', () => {
        held -= 1;
      });
      req.on('error', () => undefined);
      if (path === '/upload') req.resume().on('end', () => res.end('taken'));
    },
    { early: true },
  );
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/api', target: service.url, auth: 'none' }] },
    env,
  });
  return {
    gateway,
    get held() {
      return held;
    },
  };
}

/** Asks from another address than the other clients of these tests. */
function askAsNeighbour({ port }: TestGateway, bytes = QUICK): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
    socket.write(bytes);
  });
}

test('1,150 pipelined slow requests take 32 places, and the neighbour is answered', async (t) => {
  const setup = await setUp(t);
  const wire = openWire(t, setup.gateway.port);
  wire.write(SLOW.repeat(1_150));
  await until(() => setup.held === 32);
  assert.match(await askAsNeighbour(setup.gateway), /^HTTP\/1\.1 200/);
  assert.equal(setup.gateway.gateway.inFlight, 32);
  wire.socket.destroy();
  await until(() => setup.gateway.gateway.inFlight === 0);
});

test('what is pipelined beyond the bound is answered when answers have left, in order', async (t) => {
  const { gateway } = await setUp(t);
  const wire = openWire(t, gateway.port);
  wire.write(Array.from({ length: 1_150 }, (_, index) => `GET /none/${index} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
  wire.write('POST /none/last HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello');
  await wire.gets(/"\/none\/last"/, 20_000);
  const paths = [...wire.received.matchAll(/"instance":"\/none\/(\w+)"/g)].map(([, path]) => path);
  assert.deepEqual(paths, [...Array.from({ length: 1_150 }, (_, index) => String(index)), 'last']);
});

test('a pipeline without end is not read while answers are waited for', async (t) => {
  const setup = await setUp(t);
  const wire = openWire(t, setup.gateway.port);
  const flood = SLOW.repeat(1_000);
  for (let sent = 0; sent < 50 * 1024 * 1024; sent += flood.length) wire.write(flood);
  await until(() => setup.held === 32);
  const readSoFar = (): number => wire.socket.bytesWritten - wire.socket.writableLength;
  // The kernel's buffers fill up, and then nothing moves any more.
  let before = -1;
  await until(
    () => {
      const now = readSoFar();
      const isStill = now === before;
      before = now;
      return isStill;
    },
    { everyMs: 300 },
  );
  assert.ok(wire.socket.writableLength > 20 * 1024 * 1024, `${wire.socket.writableLength} bytes are left`);
});

test('1,150 uploads of one byte take no more places than one address has, and are ended with 408', async (t) => {
  const setup = await setUp(t);
  const { gateway } = setup;
  const wires = Array.from({ length: 1_150 }, () => openWire(t, gateway.port));
  for (const wire of wires) wire.write(UPLOAD);
  await until(() => setup.held === 500);
  await until(() => wires.filter(({ received }) => /^HTTP\/1\.1 429/.test(received)).length === 650);
  const refused = wires.find(({ received }) => received !== '')?.received ?? '';
  assert.match(refused, /^retry-after: 1\r$/im);
  assert.match(refused, /"code":"too_many_concurrent"/);
  assert.match(await askAsNeighbour(gateway), /^HTTP\/1\.1 200/);
  for (let sweep = 0; sweep < 6; sweep += 1) gateway.sweeps.sweep(performance.now());
  await until(() => wires.filter(({ received }) => /^HTTP\/1\.1 408/.test(received)).length === 500);
  await until(() => gateway.gateway.inFlight === 0);
  await until(() => setup.held === 0);
  const line = await gateway.line({ status: 408 });
  assert.deepEqual([line['code'], line['source'], line['outcome']], ['request_timeout', 'client', 'aborted-by-client']);
});

test('an upload that moves is left alone, however long it takes', async (t) => {
  const setup = await setUp(t);
  const wire = openWire(t, setup.gateway.port);
  wire.write(UPLOAD);
  await until(() => setup.held === 1);
  for (let sweep = 0; sweep < 20; sweep += 1) {
    const before = wire.socket.bytesWritten;
    wire.write('x'.repeat(600));
    await until(
      () => setup.gateway.gateway.open[Symbol.iterator]().next().value?.req.socket.bytesRead === before + 600,
    );
    setup.gateway.sweeps.sweep(performance.now());
  }
  assert.equal(wire.received, '');
});

test('an upload that waits for a service which is slow to take it is left alone', async (t) => {
  const service = await startService(t, () => undefined, { early: true });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/api', target: service.url, auth: 'none', bodyLimit: '100mb' }] },
  });
  const wire = openWire(t, gateway.port);
  wire.write('POST /api/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n');
  for (let sent = 0; sent < 40; sent += 1) wire.write(Buffer.alloc(1024 * 1024));
  let before = -1;
  const isStill = (): boolean => {
    const now = wire.socket.writableLength;
    const was = before;
    before = now;
    return now === was;
  };
  await until(isStill, { everyMs: 300 });
  for (let sweep = 0; sweep < 10; sweep += 1) gateway.sweeps.sweep(performance.now());
  assert.equal(wire.received, '');
  assert.equal(gateway.gateway.inFlight, 1);
});

test('a load balancer that TRUST_PROXY does not cover is not bounded, and is told of once', async (t) => {
  const setup = await setUp(t, { MAX_IN_FLIGHT_PER_ADDRESS: '3' });
  const { gateway } = setup;
  const forwarded = SLOW.replace('\r\n\r\n', '\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n');
  const wires = Array.from({ length: 6 }, () => openWire(t, gateway.port));
  for (const wire of wires) wire.write(forwarded);
  await until(() => setup.held === 6);
  assert.equal(gateway.messages.filter((message) => message.includes('set TRUST_PROXY')).length, 1);
});

test('a made-up X-Forwarded-For lifts no bound where clients come directly', async (t) => {
  const setup = await setUp(t);
  const { gateway } = setup;
  assert.match(await askAsNeighbour(gateway), /^HTTP\/1\.1 200/);
  const wires = Array.from({ length: 1_150 }, () => openWire(t, gateway.port));
  for (const [index, wire] of wires.entries())
    wire.write(UPLOAD.replace('\r\n\r\n', `\r\nX-Forwarded-For: 203.0.113.${index % 250}\r\n\r\n`));
  await until(() => wires.filter(({ received }) => /^HTTP\/1\.1 429/.test(received)).length === 650);
  assert.equal(setup.held, 500);
  assert.match(await askAsNeighbour(gateway), /^HTTP\/1\.1 200/);
});

test('a load balancer that TRUST_PROXY does not cover has every place while nobody else comes', async (t) => {
  const setup = await setUp(t);
  const { gateway } = setup;
  // Its own health check names no client.
  const check = openWire(t, gateway.port);
  check.write(QUICK);
  await check.closed();
  const wires = Array.from({ length: 1_000 }, () => openWire(t, gateway.port));
  for (const wire of wires) wire.write(SLOW.replace('\r\n\r\n', '\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n'));
  await until(() => setup.held === 1_000);
});

test('two load balancers that TRUST_PROXY does not cover leave each other unbounded', async (t) => {
  const setup = await setUp(t, { MAX_IN_FLIGHT_PER_ADDRESS: '3' });
  const { gateway } = setup;
  const forwarded = (bytes: string) => bytes.replace('\r\n\r\n', '\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n');
  assert.match(await askAsNeighbour(gateway, forwarded(QUICK)), /^HTTP\/1\.1 200/);
  assert.match(await askAsNeighbour(gateway), /^HTTP\/1\.1 200/, 'its health check');
  const wires = Array.from({ length: 6 }, () => openWire(t, gateway.port));
  for (const wire of wires) wire.write(forwarded(SLOW));
  await until(() => setup.held === 6);
});

test('each client of a trusted load balancer has its own bound', async (t) => {
  const setup = await setUp(t, { MAX_IN_FLIGHT_PER_ADDRESS: '3', TRUST_PROXY: '1' });
  const { gateway } = setup;
  const from = (address: string) => SLOW.replace('\r\n\r\n', `\r\nX-Forwarded-For: ${address}\r\n\r\n`);
  const first = Array.from({ length: 4 }, () => openWire(t, gateway.port));
  for (const wire of first) wire.write(from('203.0.113.7'));
  await until(() => setup.held === 3 && first.some(({ received }) => /^HTTP\/1\.1 429/.test(received)));
  const second = openWire(t, gateway.port);
  second.write(from('203.0.113.8'));
  await until(() => setup.held === 4);
});
