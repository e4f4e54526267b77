import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { ask } from '../support/http.ts';
import { startGatewayProcess, startProcess } from '../support/process.ts';
import { listenOn, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

function folderWith(t: TestContext, routes: unknown): { cwd: string; write: (file: unknown) => void } {
  const cwd = mkdtempSync(join(tmpdir(), 'turnpike-e2e-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const write = (file: unknown): void => {
    const text = typeof file === 'string' ? file : JSON.stringify(file);
    writeFileSync(join(cwd, 'routes.json.new'), text);
    renameSync(join(cwd, 'routes.json.new'), join(cwd, 'routes.json'));
  };
  write(routes);
  return { cwd, write };
}

const open = (prefix: string, target: string) => ({ prefix, target, auth: 'none' });

test('the gateway starts without any setting, serves, and says what it left out', async (t) => {
  const service = await startService(t);
  const { cwd } = folderWith(t, { routes: [open('/a', service.url)] });
  const gateway = await startGatewayProcess(t, { cwd });
  assert.equal((await ask(`${gateway.url}/a/1`)).status, 200);
  await gateway.says(/left out: no REDIS_URL/);
  await until(() => gateway.stdout.includes('"path":"/a/1"'));
  assert.doesNotMatch(gateway.stdout, /left out/, 'stdout is for the access log alone');
});

test('the start warns of what check warns of, names near to a setting among it', async (t) => {
  const env = { JWT_SECRETT: 'hush-hush' };
  const { cwd } = folderWith(t, {
    routes: [{ prefix: '/a', target: 'http://localhost:1', ipAllow: ['10.0.0.0/8'] }],
    plans: { free: { quota: { limit: 1, period: 'day' } } },
  });
  const gateway = await startGatewayProcess(t, { cwd, env });
  await gateway.says(/JWT_SECRETT is no setting/);
  const check = startProcess(t, { cwd, env, argv: ['check'] });
  await check.exited;
  const ids = [...check.stderr.matchAll(/ {2}warning: .* \[([a-z-]+)\]$/gm)].map(([, id]) => id);
  assert.deepEqual(ids.toSorted(), ['ip-allow-behind-proxy', 'nobody-can-call', 'quota-forgotten', 'stray-setting']);
  for (const word of [
    /JWT_SECRETT is no setting/,
    /names private networks alone/,
    /quota of plan \\"free/,
    /401 to everyone/,
  ])
    assert.match(gateway.stderr, word);
  assert.doesNotMatch(`${gateway.stderr}${check.stderr}`, /hush/);
});

test('a faulty routes file ends the start with 78 and a message for people', async (t) => {
  const { cwd } = folderWith(t, '{ "routes": [ { "prefx": "/a" } ] }');
  const gateway = startProcess(t, { cwd, env: { PORT: '0', ADMIN_PORT: '0' } });
  assert.equal(await gateway.exited, 78);
  assert.match(gateway.stderr, /routes\.json:1:17 .*prefx.*\n.*prefix/);
  assert.doesNotMatch(gateway.stderr, /\.ts:|at /, 'no stack');
});

test('a faulty setting ends the start with 78 as well', async (t) => {
  const { cwd } = folderWith(t, { routes: [] });
  const gateway = startProcess(t, { cwd, env: { PORT: 'eighty', JWT_SECRET: 'short' } });
  assert.equal(await gateway.exited, 78);
  assert.match(gateway.stderr, /PORT/);
  assert.match(gateway.stderr, /JWT_SECRET/);
  assert.doesNotMatch(gateway.stderr, /short\b/);
});

test('a port in use is told in one line', async (t) => {
  const { cwd } = folderWith(t, { routes: [] });
  const holder = createServer();
  const port = await listenOn(holder, 0);
  t.after(() => holder.close());
  const gateway = startProcess(t, {
    cwd,
    env: { HOST: '127.0.0.1', PORT: String(port), ADMIN_PORT: '0', LOG_FORMAT: 'json' },
  });
  assert.equal(await gateway.exited, 1);
  assert.match(gateway.stderr, new RegExp(`port ${port} .* is in use by another process: set PORT`));
});

test('SIGTERM: not ready at once, serving during DRAIN_DELAY, finishing what is in flight, then gone with 0', async (t) => {
  let release = (): void => {};
  const service = await startService(t, (_req, res) => {
    release = () => res.end('late');
  });
  const { cwd } = folderWith(t, { routes: [open('/slow', service.url)] });
  const gateway = await startGatewayProcess(t, { cwd, env: { DRAIN_DELAY: '700ms' } });
  const inFlight = ask(`${gateway.url}/slow`);
  await until(() => service.requests.length === 1);
  gateway.signal('SIGTERM');
  await gateway.says(/draining/);
  const ready = await ask(`${gateway.url}/health/ready`, { agent: new Agent({ keepAlive: true }) });
  assert.deepEqual([ready.status, ready.headers.connection], [503, 'close']);
  assert.equal((await ask(`${gateway.url}/health/live`)).status, 200);
  await gateway.says(/closed the port/);
  await assert.rejects(ask(`${gateway.url}/health/live`), /ECONNREFUSED/);
  release();
  const answer = await inFlight;
  assert.deepEqual([answer.status, answer.text], [200, 'late']);
  assert.equal(await gateway.exited, 0);
  assert.match(gateway.stdout, /"path":"\/slow","status":200/, 'the last line is written before the end');
});

test('an open WebSocket is told 1001 when the gateway stops, and does not hold up the end', async (t) => {
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  t.after(() => sockets.close());
  await once(sockets, 'listening');
  const { port } = sockets.address() as AddressInfo;
  const { cwd } = folderWith(t, { routes: [{ ...open('/ws', `http://127.0.0.1:${port}`), websocket: true }] });
  const gateway = await startGatewayProcess(t, { cwd, env: { DRAIN_DELAY: '0s' } });
  const client = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws`);
  await once(client, 'open');
  const closed = once(client, 'close');
  gateway.signal('SIGTERM');
  assert.equal((await closed)[0], 1001);
  assert.equal(await gateway.exited, 0);
});

test('a kept-alive connection that idles does not hold up the end', async (t) => {
  const service = await startService(t);
  const { cwd } = folderWith(t, { routes: [open('/a', service.url)] });
  const gateway = await startGatewayProcess(t, { cwd });
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  await ask(`${gateway.url}/a`, { agent });
  const began = performance.now();
  gateway.signal('SIGINT');
  assert.equal(await gateway.exited, 0);
  assert.ok(performance.now() - began < 4000, 'Ctrl-C waits for nobody');
});

test('what does not finish by SHUTDOWN_TIMEOUT is ended, and the exit code tells', async (t) => {
  const service = await startService(t, () => undefined);
  const { cwd } = folderWith(t, { routes: [open('/never', service.url)] });
  const gateway = await startGatewayProcess(t, { cwd, env: { DRAIN_DELAY: '0s', SHUTDOWN_TIMEOUT: '600ms' } });
  const inFlight = ask(`${gateway.url}/never`);
  await until(() => service.requests.length === 1);
  gateway.signal('SIGTERM');
  assert.equal(await gateway.exited, 1);
  assert.deepEqual([(await inFlight).status, (await inFlight).json.code], [503, 'draining']);
});

test('a second signal ends it now', async (t) => {
  const service = await startService(t, () => undefined);
  const { cwd } = folderWith(t, { routes: [open('/never', service.url)] });
  const gateway = await startGatewayProcess(t, { cwd });
  void ask(`${gateway.url}/never`).catch(() => undefined);
  await until(() => service.requests.length === 1);
  gateway.signal('SIGTERM');
  await gateway.says(/draining/);
  gateway.signal('SIGTERM');
  assert.equal(await gateway.exited, 128 + 15);
});

test('an edited routes.json is in force within two seconds, a broken one changes nothing', async (t) => {
  const service = await startService(t);
  const { cwd, write } = folderWith(t, { routes: [open('/a', service.url)] });
  const gateway = await startGatewayProcess(t, { cwd });
  write({ routes: [open('/a', service.url), open('/b', service.url)] });
  await until(async () => (await ask(`${gateway.url}/b`)).status === 200, { timeoutMs: 2000 });
  await gateway.says(/configuration reloaded.*\/b/);
  write('{ "routes": [');
  await gateway.says(/configuration refused, the old one stays in force/);
  assert.equal((await ask(`${gateway.url}/b`)).status, 200);
});

test('SIGHUP reloads', async (t) => {
  const { cwd } = folderWith(t, { routes: [] });
  const gateway = await startGatewayProcess(t, { cwd, env: { LOG_LEVEL: 'debug' } });
  gateway.signal('SIGHUP');
  await gateway.says(/configuration unchanged.*SIGHUP/);
});

test('a reader of the log that stalls costs lines, and they are counted; it never stops a request', async (t) => {
  const service = await startService(t);
  const { cwd } = folderWith(t, { routes: [open('/a', service.url)] });
  const gateway = await startGatewayProcess(t, { cwd, env: { DRAIN_DELAY: '0s' } });
  gateway.child.stdout?.pause();
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  t.after(() => agent.destroy());
  // Longer than pipe and buffer together hold: 1.5 KB a line.
  const path = `/a/${'x'.repeat(1200)}`;
  const dropped = async (): Promise<boolean> =>
    /turnpike_access_log_dropped_total [1-9]/.test((await ask(`${gateway.adminUrl}/metrics`)).text);
  for (let round = 0; round < 80; round++) {
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(gateway.url + path, { agent })));
    assert.ok(answers.every(({ status }) => status === 200));
  }
  gateway.child.stdout?.resume();
  await until(dropped);
});

test('a reader of the log that goes away does not end the gateway', async (t) => {
  const service = await startService(t);
  const { cwd } = folderWith(t, { routes: [open('/a', service.url)] });
  const gateway = await startGatewayProcess(t, { cwd });
  gateway.child.stdout?.destroy();
  for (let i = 0; i < 3; i++) {
    assert.equal((await ask(`${gateway.url}/a`)).status, 200);
    await until(async () => (await ask(`${gateway.url}/health/live`)).status === 200);
  }
  await until(async () => /log_dropped_total [1-9]/.test((await ask(`${gateway.adminUrl}/metrics`)).text));
  assert.equal(gateway.child.exitCode, null);
});

test('an older Node is told in one line what to do', async (t) => {
  // The check is run against a faked version, since the machine's own Node is new enough.
  const { cwd } = folderWith(t, { routes: [] });
  writeFileSync(
    join(cwd, 'old.cjs'),
    "Object.defineProperty(process.versions, 'node', { value: process.env.FAKED }); require(process.env.START);",
  );
  const START = join(import.meta.dirname, '../../src/start.cjs');
  const { spawnSync } = await import('node:child_process');
  for (const FAKED of ['20.20.2', '22.20.0', '23.11.1', '24.8.0']) {
    const old = spawnSync(process.execPath, [join(cwd, 'old.cjs')], { env: { START, FAKED }, encoding: 'utf8' });
    assert.equal(old.status, 1, FAKED);
    const [line = '', rest] = old.stderr.split('\n');
    assert.ok(line.startsWith(`turnpike needs Node 22.21, 24.9 or later, this is ${FAKED}: `), line);
    assert.equal(rest, '');
  }
});
