import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runLogLevel } from '../../src/cli/log-level.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { until } from '../support/until.ts';

const FILE = { routes: [{ prefix: '/a', respond: { status: 200, body: 'x' }, auth: 'none' }] };

test('the level is changed at run time, for both logs, and a reload keeps it', async (t) => {
  const gateway = await startGateway(t, { file: FILE, env: { LOG_LEVEL: 'warn' } });
  const set = (query: string) => ask(`${gateway.adminUrl}/log-level?${query}`, { method: 'POST' });
  assert.deepEqual((await ask(`${gateway.adminUrl}/log-level`)).json, { level: 'warn', configured: 'warn' });
  await ask(`${gateway.url}/a/quiet`);

  assert.deepEqual((await set('level=debug')).json, { level: 'debug', configured: 'warn' });
  await ask(`${gateway.url}/a/loud`);
  await gateway.line({ path: '/a/loud' });
  await gateway.reload({ ...FILE, cors: { origins: [] } });
  await gateway.reload({ routes: [...FILE.routes, { ...FILE.routes[0], prefix: '/b' }] });
  await gateway.reload({ routes: [...FILE.routes, { ...FILE.routes[0], prefix: '/b' }] });
  assert.ok(gateway.messages.some((line) => line.includes('configuration unchanged')));
  await ask(`${gateway.url}/b/loud`);
  await gateway.line({ path: '/b/loud' });

  await set('level=error');
  await ask(`${gateway.url}/b/quiet`);
  assert.ok(!gateway.accessLines.some((line) => line.includes('quiet')));
  const audits = gateway.messages.filter((line) => line.includes('audit: log-level.set'));
  assert.match(audits.join('\n'), /from warn to debug[\s\S]*"address":"127.0.0.1"[\s\S]*from debug to error/);
});

test('for a while: it says until when, and goes back by itself with a line of audit', async (t) => {
  const gateway = await startGateway(t, { file: FILE, env: { LOG_LEVEL: 'error' } });
  const answer = await ask(`${gateway.adminUrl}/log-level?level=info&for=300ms`, { method: 'POST' });
  assert.equal(answer.json.afterwards, 'error');
  assert.ok(Date.parse(answer.json.until) > Date.now() - 1000);
  await until(async () => (await ask(`${gateway.adminUrl}/log-level`)).json.level === 'error');
  assert.ok(gateway.messages.some((line) => line.includes('from info to error') && line.includes('"by":"timer"')));
});

test('what is no level, and no while, is refused', async (t) => {
  const gateway = await startGateway(t, { file: FILE });
  for (const [query, said] of [
    ['', /Say \?level=/],
    ['level=debig', /did you mean "debug"/],
    ['level=__proto__', /one of error, warn, info, debug/],
    ['level=debug&for=soon', /for is a duration/],
    ['level=debug&for=0s', /for is a duration/],
    ['level=debug&for=25h', /at most 24h/],
  ] as const) {
    const answer = await ask(`${gateway.adminUrl}/log-level?${query}`, { method: 'POST' });
    assert.equal(answer.status, 400, query);
    assert.match(answer.json.detail, said);
  }
  assert.equal((await ask(`${gateway.adminUrl}/log-level`)).json.level, 'info');
  const wrong = await ask(`${gateway.adminUrl}/log-level`, { method: 'DELETE' });
  assert.deepEqual([wrong.status, wrong.headers['allow']], [405, 'GET, POST']);
});

test('turnpike log-level asks and sets', async (t) => {
  const gateway = await startGateway(t, { file: FILE });
  const run = async (...argv: string[]) => {
    const said: string[] = [];
    const io = { out: (text: string) => said.push(text), err: (text: string) => said.push(text), env: {} };
    return `${await runLogLevel([...argv, '--admin', gateway.adminUrl], io as never)} ${said.join('')}`;
  };
  assert.equal(await run(), '0 info\n');
  assert.equal(await run('debug'), '0 debug (LOG_LEVEL says info)\n');
  assert.match(await run('warn', '--for', '10m'), /^0 warn until \d{4}-.*Z, then debug\n$/);
  assert.match(await run('loud'), /^64 .*the level is one of error, warn, info, debug/);
  assert.match(await run('--for', '10m'), /^64 .*--for needs a level/);
  assert.match(await run('debug', '--for', '2d'), /^1 .*at most 24h/);
  assert.match(await run('--json'), /"level": "warn"/);
  const io = { out() {}, err() {}, env: {} };
  assert.equal(await runLogLevel(['--admin', 'http://127.0.0.1:1'], io as never), 69);
});

test('of requests that went well a share has its line; what was left out is counted', async (t) => {
  const gateway = await startGateway(t, { file: FILE, env: { LOG_SAMPLE_SUCCESS: '25%' } });
  const total = 400;
  for (let i = 0; i < total; i += 1) await ask(`${gateway.url}/a/${i}`);
  for (let i = 0; i < 10; i += 1) await ask(`${gateway.url}/missing/${i}`);
  await gateway.line({ path: '/missing/9' });
  const lines = gateway.accessLines.map((line) => JSON.parse(line) as { status: number; sampleRate: number });
  const well = lines.filter(({ status }) => status === 200);
  assert.ok(well.length > 50 && well.length < 160, `${well.length} of ${total}`);
  assert.ok(well.every(({ sampleRate }) => sampleRate === 0.25));
  const faults = lines.filter(({ status }) => status === 404);
  assert.deepEqual([faults.length, faults.every(({ sampleRate }) => sampleRate === 1)], [10, true]);
  const metrics = await gateway.metrics();
  assert.match(metrics, new RegExp(`^turnpike_access_log_left_out_total\\{route="/a"\\} ${total - well.length}$`, 'm'));
});
