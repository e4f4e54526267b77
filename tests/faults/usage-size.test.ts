import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { UsageLedger } from '../../src/limits/usage.ts';
import { readUsage } from '../../src/limits/usage-report.ts';
import { createContext, FakeClock } from '../support/limits.ts';
import { observeRedis, PATIENT } from '../support/redis-link.ts';
import { needsRedis, type RedisServer, startRedisServer } from '../support/redis-server.ts';

const DAY = '2026-11-21';
const NOW_MS = Date.parse(`${DAY}T12:00:00Z`);
/** Less than the 75 ms after which a gateway gives a command up. A step takes 1 ms; a busy machine may hold Redis up. */
const LONGEST_US = 70_000;

/** The longest commands that Redis itself has seen, in microseconds and by name. */
async function slowest(server: RedisServer): Promise<number> {
  const reply = await server.command(
    'EVAL',
    `local most = 0
     for _, entry in ipairs(redis.call('SLOWLOG', 'GET', 128)) do most = math.max(most, entry[3]) end
     return most`,
    '0',
  );
  return Number(/^:(\d+)/.exec(reply)?.[1]);
}

async function setUp(t: TestContext) {
  const server = await startRedisServer();
  t.after(() => server.stop());
  const observed = observeRedis(server.url, PATIENT);
  t.after(() => observed.link.close());
  await observed.until(true);
  return { server, observed };
}

test('a report of 400,000 rows is read in small steps, between which others are served', needsRedis, async (t) => {
  const { server, observed } = await setUp(t);
  const fill = `for i = ARGV[1], ARGV[2] do
      redis.call('HSET', KEYS[1], 'calls|caller-' .. i .. '|users', 1, 'cost|caller-' .. i .. '|users', 2)
    end`;
  const key = `turnpike:{turnpike}:usage:${DAY}`;
  for (let from = 1; from <= 200_000; from += 10_000)
    await server.command('EVAL', fill, '1', key, String(from), String(from + 9999));
  await server.command('CONFIG', 'SET', 'slowlog-log-slower-than', '1000');
  await server.command('SLOWLOG', 'RESET');
  const rows = await readUsage(observed.link, [DAY]);
  assert.equal(rows.length, 200_000);
  assert.deepEqual(rows[0], {
    consumer: 'caller-1',
    route: 'users',
    calls: 1,
    cost: 2,
    refused: 0,
    tokensIn: 0,
    tokensOut: 0,
    tokensEstimated: 0,
  });
  assert.ok((await slowest(server)) < LONGEST_US, `a command took ${await slowest(server)} us`);
});

test('what a gateway counted of many callers is sent in small steps, too, and adds up', needsRedis, async (t) => {
  const { server, observed } = await setUp(t);
  await server.command('CONFIG', 'SET', 'slowlog-log-slower-than', '1000');
  const ledger = new UsageLedger(observed.link, new FakeClock(NOW_MS));
  t.after(() => ledger.close());
  for (let route = 0; route < 8; route++)
    for (let caller = 0; caller < 5000; caller++)
      ledger.route(`route-${route}`).count(createContext({ consumer: `caller-${caller}` }), 3, caller % 2 === 0);
  await ledger.flush();
  const rows = await readUsage(observed.link, [DAY]);
  assert.equal(rows.length, 40_000);
  assert.equal(
    rows.reduce((sum, row) => sum + row.calls * 1000 + row.refused, 0),
    20_000 * 1000 + 20_000,
  );
  assert.ok((await slowest(server)) < LONGEST_US, `a command took ${await slowest(server)} us`);
});
