import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { passed, StageBench } from '../support/limits.ts';
import { type NonsenseRedis, startNonsenseRedis } from '../support/nonsense-redis.ts';
import { observeRedis } from '../support/redis-link.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { startSwitch } from '../support/slow-proxy.ts';
import { until } from '../support/until.ts';

/** One of each kind of the protocol, wrong ones, half ones, and what other servers say. */
const ANSWERS = [
  ':1\r\n',
  '+OK\r\n',
  '$-1\r\n',
  '$2\r\nOK\r\n',
  '_\r\n',
  '#t\r\n',
  ',1.5\r\n',
  '(123\r\n',
  '*-1\r\n',
  '*0\r\n',
  '*1\r\n$-1\r\n',
  '*4\r\n:1\r\n:0\r\n:5\r\n:1000\r\n',
  '*4\r\n:1\r\n:99\r\n:5\r\n:1000\r\n',
  '*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n_\r\n_\r\n',
  '*1\r\n*3\r\n:0\r\n:99999999999\r\n*2\r\n$9\r\n127.0.0.1\r\n:1\r\n',
  '~1\r\n_\r\n',
  '%1\r\n_\r\n_\r\n',
  '>1\r\n_\r\n',
  '>3\r\n$9\r\nsubscribe\r\n_\r\n_\r\n',
  '*3\r\n$7\r\nmessage\r\n_\r\n_\r\n',
  '-ERR no\r\n',
  '-MOVED 1 127.0.0.1:1\r\n',
  '-ASK\r\n',
  '*1000000000\r\n',
  '$99999999999\r\n',
  'HTTP/1.1 400 Bad Request\r\n\r\n',
  '\0\0\0\0',
];

const URLS = {
  'one server': (port: number) => `redis://127.0.0.1:${port}`,
  'a Sentinel': (port: number) => `redis+sentinel://127.0.0.1:${port}/mymaster`,
  'a cluster': (port: number) => `redis+cluster://127.0.0.1:${port}`,
};

/** What would have ended the process. */
function watchProcess(t: TestContext): readonly unknown[] {
  const faults: unknown[] = [];
  const take = (error: unknown): void => void faults.push(error);
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, take);
    t.after(() => void process.off(event, take));
  }
  return faults;
}

async function meet(nonsense: NonsenseRedis, url: string): Promise<boolean> {
  const { link } = observeRedis(url, { probeEveryMs: 10 });
  const stop = link.subscribe('channel', () => {});
  // Two connections each, and one more that was begun anew, or as long as that takes at most.
  await until(() => nonsense.connections >= 3, { timeoutMs: 150 }).catch(() => {});
  const { isUp } = link;
  await Promise.allSettled([link.send('GET', 'x'), link.send('EVALSHA', 'abc', 1, 'k')]);
  stop();
  await link.close();
  return isUp;
}

for (const [kind, urlOf] of Object.entries(URLS)) {
  test(`no answer of ${kind} ends the process, and none but Redis' own counts as one`, async (t) => {
    const faults = watchProcess(t);
    for (const answer of ANSWERS) {
      for (const greeting of ['', answer]) {
        const nonsense = await startNonsenseRedis(answer, greeting);
        const isUp = await meet(nonsense, urlOf(nonsense.port));
        await nonsense.close();
        const what = JSON.stringify([answer, greeting]);
        assert.deepEqual(faults.map(String), [], what);
        assert.equal(isUp, false, what);
      }
    }
  });
}

for (const answer of [':1\r\n', '+OK\r\n', '*4\r\n:1\r\n:0\r\n:5\r\n:1000\r\n']) {
  test(`a gateway whose Redis says ${JSON.stringify(answer)} to everything counts by itself`, async (t) => {
    const faults = watchProcess(t);
    const nonsense = await startNonsenseRedis(answer);
    t.after(() => nonsense.close());
    const rateLimits = [{ limit: 3, window: '1h' }];
    const routes = [{ prefix: '/a', auth: 'none', rateLimits, respond: { status: 204 } }];
    const gateway = await startGateway(t, { file: { routes, bans: {} }, env: { REDIS_URL: nonsense.url } });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push((await ask(`${gateway.url}/a`)).status);
    assert.deepEqual(statuses, [204, 204, 204, 429, 429]);
    assert.deepEqual(faults.map(String), []);
  });
}

test(
  'a Redis that begins to talk nonsense is done without, call by call and then altogether',
  needsRedis,
  async (t) => {
    const faults = watchProcess(t);
    const redis = await startRedisServer();
    t.after(() => redis.stop());
    for (const answer of [
      ':1\r\n',
      '+OK\r\n',
      '$-1\r\n',
      '*2\r\n:1\r\n:2\r\n',
      '*4\r\n:1\r\n:7\r\n:5\r\n$1\r\nx\r\n',
    ]) {
      const proxy = await startSwitch(redis.port);
      const observed = observeRedis(proxy.url, { probeEveryMs: 20 });
      const bench = new StageBench({ clock: systemClock, redis: observed.link });
      bench.load({ routes: { users: { rateLimits: [{ limit: 6, window: '1h' }] } } });
      await observed.until(true);
      proxy.answer = answer;
      const consumer = `c${answer.length}${answer[0]}`;
      assert.equal(passed(await bench.calls(20, 'users', { consumer })), 6, JSON.stringify(answer));
      await observed.until(false);
      proxy.answer = undefined;
      await observed.until(true);
      bench.close();
      await observed.link.close();
      await proxy.close();
    }
    assert.deepEqual(faults.map(String), []);
  },
);
