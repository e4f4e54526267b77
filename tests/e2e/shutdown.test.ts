import assert from 'node:assert/strict';
import { get } from 'node:http';
import { test } from 'node:test';
import { configFolder } from '../support/config-files.ts';
import { startGatewayProcess } from '../support/process.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

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
