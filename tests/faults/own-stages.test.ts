import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ask } from '../support/http.ts';
import { stageSource, startOwn } from '../support/own-modules.ts';
import type { StubHandler } from '../support/service.ts';
import { until } from '../support/until.ts';

const REQUESTS = 120;
const RELOADS = 12;

test('of many requests at once each one meets the fault that is its own', async (t) => {
  const { gateway } = await startOwn(
    t,
    stageSource(
      `async request(context) {
        const what = context.query.get('do');
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (what === '1') throw new Error('boom');
        if (what === '2') await new Promise(() => {});
        if (what === '3') return context.refuse(403);
        if (what === '4') { void Promise.resolve().then(() => {}); throw undefined; }
      },
      end(context) { if (context.query.get('do') === '5') throw new Error('at the end'); }`,
      `timeout: '200ms',`,
    ),
  );
  const expected = [200, 500, 500, 403, 500, 200];
  const statuses = await Promise.all(
    Array.from({ length: REQUESTS }, async (_, at) => (await ask(`${gateway.url}/a?do=${at % 6}`)).status),
  );
  assert.deepEqual(
    statuses,
    Array.from({ length: REQUESTS }, (_, at) => expected[at % 6]),
  );
  await until(() => gateway.gateway.inFlight === 0);
  assert.match(await gateway.metrics(), /own_stage_failures_total\{stage="probe",reason="timeout"\} 20/);
});

test('reloads leave nothing of a stage behind, though one never ends to close', async (t) => {
  const source = (version: number) =>
    stageSource(
      `request(context) { context.setClientHeader('x-v', '${version}'); }, close: () => new Promise(() => {})`,
    );
  const { gateway, file } = await startOwn(t, source(0));
  const { pool } = gateway.deps;
  const before = pool.size;
  for (let version = 1; version <= RELOADS; version++) {
    writeFileSync(file, source(version));
    assert.equal((await gateway.reloader.reload('test')).result, 'applied');
    assert.equal((await ask(`${gateway.url}/a`)).headers['x-v'], String(version));
  }
  await until(() => pool.size === before);
});

test('a stage that is replaced while a request is in it serves that request to its end, and is closed then', async (t) => {
  const source = (version: number) =>
    stageSource(
      `async request(context) { context.log.info('in ${version}'); await new Promise((resolve) => setTimeout(resolve, 300)); context.setClientHeader('x-v', '${version}'); },
       close() { route.log.info('closed ${version}'); }`,
    );
  const { gateway, file } = await startOwn(t, source(1));
  const says = (text: string) => gateway.messages.some((line) => line.includes(text));
  const asked = ask(`${gateway.url}/a`);
  await until(() => says('in 1'));
  writeFileSync(file, source(2));
  assert.equal((await gateway.reloader.reload('test')).result, 'applied');
  assert.ok(!says('closed 1'));
  assert.equal((await asked).headers['x-v'], '1');
  await until(() => says('closed 1'));
});

test('the stream of a stage is destroyed when the client leaves in the middle', async (t) => {
  const handler: StubHandler = (_req, res) => {
    res.writeHead(200);
    res.write('begun');
  };
  const { gateway } = await startOwn(
    t,
    `import { PassThrough } from 'node:stream';\n${stageSource(
      `body(context) { const stream = new PassThrough(); stream.on('close', () => context.log.info('destroyed')); return stream; }`,
    )}`,
    { handler },
  );
  const socket = connect(gateway.port, '127.0.0.1');
  socket.write('GET /a HTTP/1.1\r\nhost: x\r\n\r\n');
  await new Promise((resolve) => socket.once('data', resolve));
  socket.destroy();
  await until(() => gateway.messages.some((line) => line.includes('destroyed')));
  await until(() => gateway.gateway.inFlight === 0);
});
