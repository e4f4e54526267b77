import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runUsage } from '../../src/cli/usage.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { RouteUsage, UsageLedger } from '../../src/limits/usage.ts';
import { daysBetween, readUsage, renderUsageCsv } from '../../src/limits/usage-report.ts';
import { createContext, FakeClock, StageBench } from '../support/limits.ts';
import { observeRedis, PATIENT } from '../support/redis-link.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12);

function command(url: string) {
  const written = { out: '', err: '' };
  const io = {
    out(text: string) {
      written.out += text;
    },
    err(text: string) {
      written.err += text;
    },
    env: { REDIS_URL: url },
  };
  return { io, written };
}

test('the usage report tells calls, cost and refusals of each consumer on each route', needsRedis, async (t) => {
  const server = await startRedisServer();
  t.after(() => server.stop());
  const file = {
    routes: {
      users: { rateLimits: [{ limit: 3, window: '1h' }] },
      report: { rateLimits: [{ limit: 100, window: '1h' }], cost: 5 },
    },
  };
  for (const consumer of ['app', 'portal']) {
    const { link, until } = observeRedis(server.url, PATIENT);
    await until(true);
    const gateway = new StageBench({ clock: systemClock, redis: link });
    gateway.load(file);
    await gateway.calls(5, 'users', { consumer });
    await gateway.calls(2, 'report', { consumer });
    await gateway.call('report', { consumer, dryRun: true });
    gateway.close();
    await link.close();
  }
  const { io, written } = command(server.url);
  assert.equal(await runUsage([], io), 0, written.err);
  assert.deepEqual(written.out.split('\r\n'), [
    'consumer,route,calls,cost,refused,tokensIn,tokensOut,tokensEstimated',
    'app,report,2,10,0,0,0,0',
    'app,users,3,3,2,0,0,0',
    'portal,report,2,10,0,0,0,0',
    'portal,users,3,3,2,0,0,0',
    '',
  ]);
  const json = command(server.url);
  assert.equal(await runUsage(['--format', 'json', '--month', '2020-02'], json.io), 0);
  assert.deepEqual(JSON.parse(json.written.out), { from: '2020-02-01', to: '2020-02-29', rows: [] });
});

test('the usage report tells of callers and routes that no limit holds for, too', needsRedis, async (t) => {
  const server = await startRedisServer();
  t.after(() => server.stop());
  const { link, until } = observeRedis(server.url, PATIENT);
  await until(true);
  const plans = { small: { rateLimits: [{ limit: 2, window: '1h' }] } };
  const gateway = new StageBench({ clock: systemClock, redis: link });
  gateway.load({ plans, routes: { users: {}, report: { cost: 5 } } });
  await gateway.calls(3, 'users', { consumer: 'limited', plan: 'small' });
  await gateway.calls(3, 'users', { consumer: 'free' });
  await gateway.calls(2, 'report', { consumer: 'free' });
  await gateway.call('report', { consumer: 'free', dryRun: true });
  await gateway.call('users');
  gateway.close();
  await link.close();
  const { io, written } = command(server.url);
  assert.equal(await runUsage([], io), 0, written.err);
  assert.deepEqual(written.out.split('\r\n').slice(1, -1), [
    '(anonymous),users,1,1,0,0,0,0',
    'free,report,2,10,0,0,0,0',
    'free,users,3,3,0,0,0,0',
    'limited,users,2,2,1,0,0,0',
  ]);
});

test('usage counted while Redis is away is sent when it is back, once', needsRedis, async (t) => {
  const server = await startRedisServer();
  t.after(() => server.stop());
  const { link, until } = observeRedis(server.url, PATIENT);
  await until(true);
  const ledger = new UsageLedger(link, new FakeClock(NOW_MS));
  ledger.route('users').count(createContext({ consumer: 'app' }), 1, true);
  server.freeze();
  await ledger.flush();
  ledger.route('users').count(createContext({ consumer: 'app' }), 1, true);
  await until(false);
  server.thaw();
  await until(true);
  // The frozen server had taken the first batch in, and counts it now; sent again, it is not counted again.
  await ledger.flush();
  await ledger.flush();
  const rows = await readUsage(link, ['2026-11-21']);
  assert.deepEqual(rows, [
    { consumer: 'app', route: 'users', calls: 2, cost: 2, refused: 0, tokensIn: 0, tokensOut: 0, tokensEstimated: 0 },
  ]);
  ledger.close();
  await link.close();
});

test('a flood of callers is reported in one row', () => {
  const usage = new RouteUsage();
  for (let caller = 0; caller < 12_000; caller++) usage.count(createContext({ subject: `u${caller}` }), 1, true);
  assert.equal(usage.tallies.size, 10_001);
  assert.equal(usage.tallies.get('(others)')?.calls, 2000);
});

test('names are quoted in CSV, and none is a formula', () => {
  const row = { route: '/a,"b"', calls: 1, cost: 1, refused: 0, tokensIn: 0, tokensOut: 0, tokensEstimated: 0 };
  assert.equal(
    renderUsageCsv([{ consumer: '=HYPERLINK("x")', ...row }]).split('\r\n')[1],
    `"'=HYPERLINK(""x"")","/a,""b""",1,1,0,0,0,0`,
  );
});

test('days are counted through the end of a month', () => {
  assert.deepEqual(daysBetween('2027-02-27', '2027-03-01'), ['2027-02-27', '2027-02-28', '2027-03-01']);
});

test('the usage command says what is wrong with its options, and what it lacks', async () => {
  for (const argv of [
    ['--month', 'may'],
    ['--from', '2026-13-01'],
    ['--from', '2026-02-01', '--to', '2026-01-01'],
    ['--format', 'xml'],
    ['--moth', '1'],
  ]) {
    const { io, written } = command('redis://127.0.0.1:1');
    assert.equal(await runUsage(argv, io, new FakeClock(NOW_MS)), 64, argv.join(' '));
    assert.match(written.err, /Usage:/);
  }
  const { io, written } = command('');
  assert.equal(await runUsage([], io), 78);
  assert.match(written.err, /REDIS_URL is not set/);
});
