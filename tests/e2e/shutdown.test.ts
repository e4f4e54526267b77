import assert from 'node:assert/strict';
import { get } from 'node:http';
import { test } from 'node:test';
import { configFolder } from '../support/config-files.ts';
import { startGatewayProcess } from '../support/process.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { openWire } from '../support/wire.ts';

const ANSWERS = 20;

test('answers that are still under way at the end of the time are reset, and every one has its line', async (t) => {
  const service = await startService(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/plain' });
    res.write('a beginning');
  });
  const cwd = configFolder(t, {
    'routes.json': { routes: [{ prefix: '/begun', target: service.url, auth: 'none' }] },
  });
  const gateway = await startGatewayProcess(t, { cwd, env: { DRAIN_DELAY: '0s', SHUTDOWN_TIMEOUT: '300ms' } });
  const ends: string[] = [];
  for (let i = 0; i < ANSWERS; i++) {
    const request = get(`${gateway.url}/begun/${i}`, { agent: false }, (res) => {
      res.on('error', () => ends.push('reset'));
      res.once('data', () => ends.push('begun'));
    });
    request.on('error', () => ends.push('failed'));
  }
  await until(() => ends.length === ANSWERS);
  gateway.signal('SIGTERM');
  assert.equal(await gateway.exited, 1);
  for (let i = 0; i < ANSWERS; i++)
    assert.ok(gateway.stdout.includes(`"path":"/begun/${i}"`), `the line of answer ${i}`);
  await until(() => ends.filter((end) => end === 'reset').length === ANSWERS);
});

test("what the time to shut down breaks off is the gateway's doing: 503 where no answer has begun", async (t) => {
  const begun = Promise.withResolvers<void>();
  const service = await startService(
    t,
    (_req, res, { path }) => {
      if (path === '/begun') res.writeHead(200).write('a beginning');
      else begun.resolve();
    },
    { early: true },
  );
  const cwd = configFolder(t, {
    'routes.json': { routes: [{ prefix: '/api', target: service.url, auth: 'none' }] },
  });
  const gateway = await startGatewayProcess(t, { cwd, env: { DRAIN_DELAY: '0s', SHUTDOWN_TIMEOUT: '300ms' } });
  const port = Number(new URL(gateway.url).port);
  const [half, waits, upload] = [openWire(t, port), openWire(t, port), openWire(t, port)];
  const errors: string[] = [];
  half.socket.on('error', ({ code }: NodeJS.ErrnoException) => errors.push(`${code}`));
  half.write('GET /api/begun HTTP/1.1\r\nHost: a\r\n\r\n');
  waits.write('GET /api/waits HTTP/1.1\r\nHost: a\r\n\r\n');
  upload.write('POST /api/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
  await half.gets(/a beginning/);
  await begun.promise;
  await until(() => service.requests.length === 3);
  gateway.signal('SIGTERM');
  assert.equal(await gateway.exited, 1);
  await Promise.all([half, waits, upload].map((wire) => wire.closed()));
  assert.deepEqual(errors, ['ECONNRESET']);
  for (const { received } of [waits, upload]) {
    assert.match(received, /^HTTP\/1\.1 503 /);
    assert.match(received, /^connection: close\r$/im);
    assert.match(received, /"code":"draining"/);
  }
  const lines = gateway.stdout
    .split('\n')
    .filter((line) => line.includes('"path":"/api/'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .map(({ path, status, code, source, aborted }) => [path, status, code, source, aborted]);
  assert.deepEqual(lines.sort(), [
    ['/api/begun', 200, 'draining', 'gateway', 'gateway'],
    ['/api/upload', 503, 'draining', 'gateway', undefined],
    ['/api/waits', 503, 'draining', 'gateway', undefined],
  ]);
});
