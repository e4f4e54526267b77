import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { UsageLedger } from '../../src/limits/usage.ts';
import { readUsage } from '../../src/limits/usage-report.ts';
import { createContext, FakeClock } from '../support/limits.ts';
import { observeRedis, PATIENT } from '../support/redis-link.ts';
import { needsRedis, type RedisServer, startRedisServer } from '../support/redis-server.ts';

const DAY = '2026-11-21';
const NOW_MS = Date.parse(`${DAY}T12:00:00Z`);
/** Redis does a step of so many rows in a millisecond. */
const STEP_ROWS = 1000;

/**
 * How often Redis was given each command since it was asked last: how much it had to do at once. How long that took would
 * tell of the machine as well.
 */
async function commandCounts(server: RedisServer): Promise<ReadonlyMap<string, number>> {
  const reply = await server.command('INFO', 'commandstats');
  await server.command('CONFIG', 'RESETSTAT');
  return new Map(
    [...reply.matchAll(/cmdstat_(\w+):calls=(\d+)/g)].map(([, name = '', calls]) => [name, Number(calls)]),
  );
}

/** What reads a whole table in one step. */
const READS_ALL = ['hgetall', 'hkeys', 'hvals', 'keys'];

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
  await commandCounts(server);
  const rows = await readUsage(observed.link, [DAY]);
  const counts = await commandCounts(server);
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
  assert.ok((counts.get('hscan') ?? 0) >= 400_000 / STEP_ROWS, JSON.stringify([...counts]));
  for (const name of READS_ALL) assert.equal(counts.get(name), undefined, name);
});

test('what a gateway counted of many callers is sent in small steps, too, and adds up', needsRedis, async (t) => {
  const { server, observed } = await setUp(t);
  const ledger = new UsageLedger(observed.link, new FakeClock(NOW_MS));
  t.after(() => ledger.close());
  for (let route = 0; route < 8; route++)
    for (let caller = 0; caller < 5000; caller++)
      ledger.route(`route-${route}`).count(createContext({ consumer: `caller-${caller}` }), 3, caller % 2 === 0);
  await commandCounts(server);
  await ledger.flush();
  const counts = await commandCounts(server);
  const rows = await readUsage(observed.link, [DAY]);
  assert.equal(rows.length, 40_000);
  assert.equal(
    rows.reduce((sum, row) => sum + row.calls * 1000 + row.refused, 0),
    20_000 * 1000 + 20_000,
  );
  // Two or three counts for each caller of each route.
  const scripts = (counts.get('evalsha') ?? 0) + (counts.get('eval') ?? 0);
  assert.ok(scripts >= (2 * 40_000) / STEP_ROWS, JSON.stringify([...counts]));
});
