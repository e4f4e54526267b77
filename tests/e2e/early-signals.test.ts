import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { configFolder } from '../support/config-files.ts';
import { startProcess } from '../support/process.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const ENV = { PORT: '0', ADMIN_PORT: '0', HOST: '127.0.0.1', LOG_LEVEL: 'debug', LOG_FORMAT: 'json' };

/** Run before the gateway: sends it the signal when it is about to load its modules. */
const EARLY = `
const fs = require('node:fs');
const { existsSync } = fs;
fs.existsSync = (path) => {
  process.kill(process.pid, 'SIGHUP');
  return existsSync(path);
};`;

/** A gateway that waits in its start for a Consul which never answers. */
async function startWaiting(t: TestContext) {
  const consul = await startService(t, () => undefined);
  const cwd = configFolder(t, {
    'routes.json': { routes: [{ prefix: '/a', auth: 'none', discover: { consul: 'orders' } }] },
  });
  const gateway = startProcess(t, { cwd, env: { ...ENV, CONSUL_HTTP_ADDR: consul.url } });
  await until(() => consul.requests.length > 0);
  return gateway;
}

test('SIGHUP while the modules are loaded is a reload after the start', async (t) => {
  const cwd = configFolder(t, {
    'routes.json': { routes: [{ prefix: '/a', auth: 'none', respond: { status: 200 } }] },
    'early.cjs': EARLY,
  });
  const gateway = startProcess(t, { cwd, env: { ...ENV, NODE_OPTIONS: `--require ${join(cwd, 'early.cjs')}` } });
  await gateway.says(/configuration unchanged.*SIGHUP/);
});

test('SIGHUP while the start waits for Consul is a reload after it', async (t) => {
  const gateway = await startWaiting(t);
  gateway.signal('SIGHUP');
  await gateway.says(/configuration unchanged.*SIGHUP/);
});

test('SIGTERM while the start waits for Consul ends it at once', async (t) => {
  const gateway = await startWaiting(t);
  gateway.signal('SIGTERM');
  assert.equal(await gateway.exited, 128 + 15);
});
