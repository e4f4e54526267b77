import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { startCollector } from '../support/collector.ts';
import { configFolder } from '../support/config-files.ts';
import { ask } from '../support/http.ts';
import { startGatewayProcess, startProcess } from '../support/process.ts';
import { listenOn, startService } from '../support/service.ts';

const ENDED = { DRAIN_DELAY: '0s', SHUTDOWN_TIMEOUT: '3s', OTEL_BSP_SCHEDULE_DELAY: '600000' };

test('spans that wait are sent at SIGTERM', async (t) => {
  const collector = await startCollector(t);
  const service = await startService(t);
  const cwd = configFolder(t, { 'routes.json': { routes: [{ prefix: '/x', target: service.url, auth: 'none' }] } });
  const gateway = await startGatewayProcess(t, {
    cwd,
    env: { ...ENDED, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '64' },
  });
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
