import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { startCollector } from '../support/collector.ts';
import { configFolder } from '../support/config-files.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startGatewayProcess, startProcess } from '../support/process.ts';
import { listenOn, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const ENDED = { DRAIN_DELAY: '0s', SHUTDOWN_TIMEOUT: '3s', OTEL_BSP_SCHEDULE_DELAY: '600000' };

test('spans that wait are sent at SIGTERM', async (t) => {
  const collector = await startCollector(t);
  const service = await startService(t);
  const cwd = configFolder(t, { 'routes.json': { routes: [{ prefix: '/x', target: service.url, auth: 'none' }] } });
  const gateway = await startGatewayProcess(t, {
    cwd,
    env: { ...ENDED, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '64' },
  });
  await gateway.says(/traces go to http:\/\/127\.0\.0\.1:\d+: those that their caller samples, and 100 % of requests/);
  for (let i = 0; i < 50; i += 1) await ask(`${gateway.url}/x/${i}`);
  assert.ok(collector.spans.length < 100);
  gateway.signal('SIGTERM');
  assert.equal(await gateway.exited, 0);
  assert.equal(collector.spans.length, 100);
});

test('a collector that is slow still gets them', async (t) => {
  const collector = await startCollector(t);
  collector.answer = (res) => void setTimeout(() => res.end('{}'), 1_300);
  const service = await startService(t);
  const cwd = configFolder(t, { 'routes.json': { routes: [{ prefix: '/x', target: service.url, auth: 'none' }] } });
  const gateway = await startGatewayProcess(t, {
    cwd,
    env: { ...ENDED, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
  });
  await ask(`${gateway.url}/x`);
  gateway.signal('SIGTERM');
  assert.equal(await gateway.exited, 0);
  assert.equal(collector.exports.length, 1);
  assert.ok(!gateway.stderr.includes('has not taken spans'), gateway.stderr);
});

test('a collector that never answers does not keep the gateway from ending', async (t) => {
  const silent = createServer(() => undefined);
  const port = await listenOn(silent, 0);
  t.after(() => {
    silent.close();
    silent.closeAllConnections();
  });
  const service = await startService(t);
  const cwd = configFolder(t, { 'routes.json': { routes: [{ prefix: '/x', target: service.url, auth: 'none' }] } });
  const gateway = await startGatewayProcess(t, {
    cwd,
    env: { ...ENDED, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` },
  });
  await ask(`${gateway.url}/x`);
  const beganMs = performance.now();
  gateway.signal('SIGTERM');
  assert.equal(await gateway.exited, 0);
  assert.ok(performance.now() - beganMs < 10_000);
});

test('a protocol that is not spoken is told at the start', async (t) => {
  const cwd = configFolder(t, { 'routes.json': { routes: [] } });
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
  const gateway = startProcess(t, { cwd, env });
  assert.equal(await gateway.exited, 78);
  assert.match(gateway.stderr, /OTEL_EXPORTER_OTLP_PROTOCOL.*http\/json/);
});

test('the receiver of docs/tracing.md prints a request as a tree', async (t) => {
  const script = path.join(import.meta.dirname, '../../docs/examples/trace-receiver.mjs');
  const receiver = spawn(process.execPath, [script], { env: { PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => receiver.kill());
  let printed = '';
  receiver.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  const [, url = ''] = await until(() => /takes traces at (http:\S+)/.exec(printed));
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none' }] },
    env: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: '10' },
  });
  await ask(`${gateway.url}/x/1`);
  const tree =
    /^trace ([0-9a-f]{32})\n {2}server GET \/x {2}[\d.]+ ms {2}200\n {4}client GET {2}[\d.]+ ms {2}200 http:\S+\/1\n/m;
  const [, id] = await until(() => tree.exec(printed));
  assert.equal((await gateway.line({ status: 200 }))['traceId'], id);
});
