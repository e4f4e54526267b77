import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { bodyOf } from '../../src/body/body-of.ts';
import { startGateway } from '../support/gateway.ts';
import { ask, askRaw, statusOf } from '../support/http.ts';
import { pipelineWith, stageOf } from '../support/own-stages.ts';
import { closedPort, startService } from '../support/service.ts';

const seen: string[] = [];

/** Reads the body whole, as two stages that know nothing of each other would. */
const reading = (name: string) =>
  stageOf(name, (context, next) => {
    const body = bodyOf(context);
    if (body === undefined) return next();
    body.whole().then((bytes) => {
      seen.push(`${name}:${bytes.length}`);
      next();
    }, next);
  });

/** Puts another body in its place. */
const replacing = stageOf('replacing', (context, next) => {
  const body = bodyOf(context);
  if (body === undefined) return next();
  body.whole().then((bytes) => {
    body.replace(Buffer.from(`<${bytes.toString()}>`));
    next();
  }, next);
});

test('a body is read once for all stages that ask, and then sent on', async (t) => {
  seen.length = 0;
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
    stages: pipelineWith('authenticate', reading('one'), reading('two')),
  });
  const big = Buffer.alloc(300_000, 'x');
  const { json } = await ask(`${gateway.url}/x`, { method: 'POST', body: big });
  assert.equal(json.bodyBytes, big.length);
  assert.deepEqual(seen, ['one:300000', 'two:300000']);
  assert.ok(service.requests[0]?.body.equals(big));
});

test('what replaces a body is what the service gets, with its length, also of a chunked upload', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
    stages: pipelineWith('respond', replacing),
  });
  await ask(`${gateway.url}/x`, { method: 'POST', body: 'one' });
  await ask(`${gateway.url}/x`, { method: 'POST', body: 'two', headers: { 'transfer-encoding': 'chunked' } });
  const got = service.requests.map(({ body, headers }) => [body.toString(), headers['content-length']]);
  assert.deepEqual(got, [
    ['<one>', '5'],
    ['<two>', '5'],
  ]);
});

test('a body that was read is sent again to the next target, however large it is', async (t) => {
  const service = await startService(t);
  const dead = `http://127.0.0.1:${await closedPort()}`;
  const gateway = await startGateway(t, {
    file: {
      services: { one: { targets: [dead, service.url], balance: 'round-robin' } },
      routes: [{ prefix: '/', service: 'one', auth: 'none' }],
    },
    stages: pipelineWith('respond', reading('one')),
  });
  const big = Buffer.alloc(500_000, 'y');
  for (let call = 0; call < 2; call += 1) {
    assert.equal((await ask(`${gateway.url}/x`, { method: 'POST', body: big })).status, 200);
  }
  assert.deepEqual(
    service.requests.map(({ body }) => body.length),
    [big.length, big.length],
  );
});

test('the limit of the route bounds a stage that stands before the stage of the limit', async (t) => {
  seen.length = 0;
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none', bodyLimit: '1kb' }] },
    stages: pipelineWith('authenticate', reading('early')),
  });
  const announced = await ask(`${gateway.url}/x`, { method: 'POST', body: Buffer.alloc(2_000) });
  const chunk = `${(1_000).toString(16)}\r\n${'z'.repeat(1_000)}\r\n`;
  const chunked = await askRaw(
    gateway.port,
    `POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
  );
  assert.deepEqual([announced.status, announced.json.code, statusOf(chunked)], [413, 'body_too_large', 413]);
  assert.deepEqual(seen, []);
  assert.equal(service.requests.length, 0);
});

test('a client that leaves in the middle of a body that is read leaves nothing behind', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
    stages: pipelineWith('respond', reading('one')),
  });
  const socket = connect(gateway.port, '127.0.0.1');
  socket.write('POST /left HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf');
  socket.on('connect', () => setTimeout(() => socket.destroy(), 50));
  const line = await gateway.line({ path: '/left' });
  assert.deepEqual([line.status, line['aborted']], [499, 'client']);
  assert.equal(gateway.gateway.inFlight, 0);
  assert.equal(service.requests.length, 0);
});

test('a client that waits for 100 Continue is told to go on when a stage reads', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
    stages: pipelineWith('respond', reading('one')),
  });
  const socket = connect(gateway.port, '127.0.0.1');
  t.after(() => socket.destroy());
  let got = '';
  const whole = new Promise<void>((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      got += bytes.toString();
      if (got === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write('hello');
      if (got.includes('200 OK')) resolve();
    });
  });
  socket.write('POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
  await whole;
  assert.equal(service.requests[0]?.body.toString(), 'hello');
});
