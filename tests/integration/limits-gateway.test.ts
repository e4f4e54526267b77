import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { type Answer, ask } from '../support/http.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const LIMIT_40 = [{ limit: 40, window: '1h' }];

function askMany(count: number, url: string): Promise<Answer[]> {
  return Promise.all(Array.from({ length: count }, () => ask(url)));
}

const passedOf = (answers: readonly Answer[]): number => answers.filter(({ status }) => status === 200).length;

test('of a hundred parallel requests at a limit of forty, exactly forty reach the service', async (t) => {
  const users = await startService(t);
  const routes = [{ prefix: '/api/users', target: users.url, auth: 'none', rateLimits: LIMIT_40 }];
  const gateway = await startGateway(t, { file: { routes } });
  const answers = await askMany(100, `${gateway.url}/api/users`);
  assert.equal(passedOf(answers), 40);
  assert.equal(users.requests.length, 40);
  assert.equal(answers.filter(({ status }) => status === 429).length, 60);
});

test('the limit stands on a 200 and a 429 alike, and a 429 says when to come back', async (t) => {
  const users = await startService(t);
  const rateLimits = [{ limit: 1, window: '1h', algorithm: 'fixed', name: 'hourly' }];
  const routes = [{ prefix: '/api/users', target: users.url, auth: 'none', rateLimits }];
  const gateway = await startGateway(t, { file: { routes } });
  const allowed = await ask(`${gateway.url}/api/users`);
  const refused = await ask(`${gateway.url}/api/users`);
  assert.deepEqual([allowed.status, refused.status], [200, 429]);
  for (const { headers } of [allowed, refused]) {
    assert.equal(headers['ratelimit-policy'], '"hourly";q=1;w=3600');
    assert.match(String(headers['ratelimit']), /^"hourly";r=0;t=\d+$/);
    assert.equal(headers['x-ratelimit-limit'], '1');
    assert.equal(headers['x-ratelimit-remaining'], '0');
    assert.match(String(headers['x-ratelimit-reset']), /^\d{10}$/);
  }
  assert.equal(refused.headers['content-type'], 'application/problem+json');
  assert.equal(refused.json.code, 'rate_limited');
  assert.equal(refused.headers['retry-after'], String(refused.json.retryAfter));
  const line = await gateway.line({ status: 429 });
  assert.equal(line['limit'], 'hourly 0/1');
});

test('the log tells the limit of a bucket as the answer does, and so does the reason of its 429', async (t) => {
  const rateLimits = [{ limit: 1, window: '1h', algorithm: 'token-bucket', burst: 2, name: 'bucket' }];
  const routes = [{ prefix: '/api', respond: { status: 204 }, auth: 'none', rateLimits }];
  const gateway = await startGateway(t, { file: { routes } });
  const { headers } = await ask(`${gateway.url}/api`);
  assert.deepEqual([headers['x-ratelimit-remaining'], headers['x-ratelimit-limit']], ['2', '3']);
  assert.equal((await gateway.line({ status: 204 }))['limit'], 'bucket 2/3');
  await askMany(2, `${gateway.url}/api`);
  const refused = await ask(`${gateway.url}/api`);
  assert.match(refused.json.detail, /^The limit "bucket" of 3 calls is used up/);
  assert.equal((await gateway.line({ status: 429 }))['limit'], 'bucket 0/3');
});

test('a call that counts as more than is left is told so, and not that the limit is used up', async (t) => {
  const rateLimits = [{ limit: 5, window: '1h', name: 'hourly' }];
  const cost = '${size(request.query.ids)}';
  const routes = [{ prefix: '/api', respond: { status: 200, body: {} }, auth: 'none', rateLimits, cost }];
  const gateway = await startGateway(t, { file: { routes } });
  const detailOf = async (ids: string) => (await ask(`${gateway.url}/api?ids=${ids}`)).json.detail;
  assert.match(await detailOf('aaaaaa'), /^The limit "hourly" of 5 calls is less than this call counts as/);
  assert.equal(await detailOf('aaa'), undefined);
  assert.match(await detailOf('aaa'), /^The limit "hourly" of 5 calls has 2 left, and this call counts as more/);
  assert.equal(await detailOf('aa'), undefined);
  assert.match(await detailOf('a'), /^The limit "hourly" of 5 calls is used up/);
});

test('a reload forgets no call', async (t) => {
  const users = await startService(t);
  const routes = [{ prefix: '/api/users', target: users.url, auth: 'none', rateLimits: LIMIT_40 }];
  const gateway = await startGateway(t, { file: { routes } });
  assert.equal(passedOf(await askMany(30, `${gateway.url}/api/users`)), 30);
  await gateway.reload({ routes: [...routes, { prefix: '/api/new', target: users.url, auth: 'none' }] });
  assert.equal((await ask(`${gateway.url}/api/new`)).status, 200);
  assert.equal(passedOf(await askMany(30, `${gateway.url}/api/users`)), 10);
});

test(
  'two gateways that share a Redis grant one limit between them, and each half of it once Redis is gone',
  needsRedis,
  async (t) => {
    const redis = await startRedisServer();
    t.after(() => redis.stop());
    const users = await startService(t);
    const routes = [{ prefix: '/api/users', target: users.url, auth: 'none', rateLimits: LIMIT_40 }];
    const options = { file: { routes }, env: { REDIS_URL: redis.url } };
    const gateways = await Promise.all([startGateway(t, options), startGateway(t, options)]);
    const urls = gateways.map(({ url }) => `${url}/api/users`);
    await until(async () =>
      (await Promise.all(gateways.map((one) => one.metrics()))).every((text) => /limiter_store_up 1/.test(text)),
    );
    const answers = await Promise.all(urls.map((url) => askMany(50, url)));
    assert.equal(passedOf(answers.flat()), 40);

    redis.freeze();
    const startedAtMs = performance.now();
    await Promise.all(urls.map((url) => ask(url)));
    assert.ok(performance.now() - startedAtMs < 300, 'no request waits for a frozen Redis');
    for (const gateway of gateways) {
      await until(async () => /limiter_store_up 0/.test(await gateway.metrics()));
      assert.equal(gateway.messages.filter((line) => line.includes('Redis does not answer')).length, 1);
    }
    redis.thaw();
    await until(async () =>
      (await Promise.all(gateways.map((one) => one.metrics()))).every((text) => /limiter_store_up 1/.test(text)),
    );
    assert.equal(passedOf(await askMany(5, urls[0] as string)), 0, 'Redis still knows that the limit is used up');
  },
);
