import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, type AskOptions, ask } from '../support/http.ts';
import { startNonsenseRedis } from '../support/nonsense-redis.ts';
import { PATIENT } from '../support/redis-link.ts';
import { needsRedis, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

interface Fleet {
  readonly gateways: readonly TestGateway[];
  readonly redis: RedisServer;
  /** How often the service was asked for a path. */
  calls(path: string): number;
  /** Asks one of the gateways, under the name that all of them have. */
  get(gateway: number, path: string, options?: AskOptions): Promise<Answer>;
  result(gateway: number, path: string): Promise<unknown>;
}

async function startFleet(t: TestContext, size = 2): Promise<Fleet> {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const service = await startService(t, ({ url }, res, { method }) => {
    const body = url?.startsWith('/large')
      ? 'x'.repeat(2 * 1024 * 1024)
      : `${method} ${url} ${service.requests.length}`;
    res.writeHead(200, {
      'cache-control': 'max-age=600',
      'content-length': body.length,
      'x-odd': 'caf\xe9',
      ...(url === '/tagged' && { 'cache-tag': 'news' }),
      ...(url === '/varied' && { vary: 'accept-language' }),
    });
    res.end(body);
  });
  const file = { routes: [{ name: 'api', prefix: '/', target: service.url, auth: 'none', cache: true }] };
  const gateways: TestGateway[] = [];
  for (let i = 0; i < size; i++) {
    gateways.push(await startGateway(t, { file, redis: { ...PATIENT, url: redis.url } }));
  }
  const get = (gateway: number, path: string, options: AskOptions = {}): Promise<Answer> =>
    ask((gateways[gateway] as TestGateway).url + path, {
      ...options,
      headers: { host: 'shop.example', ...options.headers },
    });
  const fleet: Fleet = {
    gateways,
    redis,
    calls: (path) => service.requests.filter((seen) => seen.path === path).length,
    get,
    result: async (gateway, path) => (await get(gateway, path)).headers['x-cache'],
  };
  // The link is up once something that was stored is there.
  for (let i = 0; i < size; i++) await until(async () => (await fleet.result(i, `/up${i}`)) === 'HIT');
  return fleet;
}

test('what one gateway has stored is an answer of all of them, byte by byte', needsRedis, async (t) => {
  const { get, calls, result } = await startFleet(t);
  const first = await get(0, '/a');
  await until(async () => (await result(1, '/a')) === 'HIT');
  const second = await get(1, '/a');
  assert.equal(second.text, first.text);
  assert.equal(second.headers['x-odd'], first.headers['x-odd']);
  assert.ok(calls('/a') <= 2);
});

test('variants are found by all', needsRedis, async (t) => {
  const { get } = await startFleet(t);
  const ask = async (gateway: number, language: string) =>
    (await get(gateway, '/varied', { headers: { 'accept-language': language } })).headers['x-cache'];
  await until(async () => (await ask(0, 'de')) === 'HIT');
  assert.deepEqual([await ask(1, 'de'), await ask(1, 'fr')], ['HIT', 'MISS']);
});

test('a change through one gateway invalidates for all', needsRedis, async (t) => {
  const { get, result } = await startFleet(t);
  await until(async () => (await result(0, '/a')) === 'HIT');
  assert.equal(await result(1, '/a'), 'HIT');
  await get(1, '/a', { method: 'DELETE' });
  await until(async () => /^GET/.test((await get(0, '/a')).text));
  const text = (await get(0, '/a')).text;
  assert.equal((await get(1, '/a')).text, text);
});

test('a purge through one gateway reaches all', needsRedis, async (t) => {
  const { gateways, result, calls } = await startFleet(t);
  for (const query of [
    'tag=news',
    'route=api',
    'pattern=/tag*',
    'all=true',
    `url=${encodeURIComponent('https://shop.example/tagged')}`,
  ]) {
    await until(async () => (await result(0, '/tagged')) === 'HIT');
    await until(async () => (await result(1, '/tagged')) === 'HIT');
    const before = calls('/tagged');
    const answer = await fetch(`${gateways[1]?.adminUrl}/cache/purge?${query}`, { method: 'POST' });
    assert.equal(answer.status, 200);
    await until(async () => (await result(0, '/tagged')) === 'MISS' || calls('/tagged') > before);
  }
});

test('everything in Redis expires, is bounded, and is never listed', needsRedis, async (t) => {
  const { get, redis, result } = await startFleet(t);
  for (const path of ['/a', '/varied', '/tagged', '/large', '/large']) await get(0, path);
  await get(0, '/a', { method: 'POST' });
  await until(async () => (await result(1, '/a')) === 'HIT');
  assert.equal(await result(1, '/large'), 'MISS');
  const script =
    "local bad = {} for _, key in ipairs(redis.call('KEYS', 'turnpike:cache:*')) do if redis.call('PTTL', key) <= 0 or redis.call('STRLEN', key) > 1500000 or #key > 200 then bad[#bad + 1] = key end end return #bad";
  assert.equal(await redis.command('EVAL', script, '0'), ':0\r\n');
  await redis.command('CONFIG', 'RESETSTAT');
  await get(0, '/b');
  await get(0, '/b', { method: 'POST' });
  assert.doesNotMatch(await redis.command('INFO', 'commandstats'), /cmdstat_(keys|scan|hgetall|smembers)/);
});

test('Redis gone: answers go on, uncached; back: cached again', needsRedis, async (t) => {
  const { get, redis, result, gateways } = await startFleet(t, 1);
  await until(async () => (await result(0, '/a')) === 'HIT');
  await redis.kill();
  for (let i = 0; i < 20; i++) assert.equal((await get(0, '/a')).status, 200);
  const bypassed = await get(0, '/a');
  assert.match(String(bypassed.headers['cache-status']), /detail=off/);
  await redis.start();
  await until(async () => (await result(0, '/a')) === 'HIT');
  assert.equal(
    gateways[0]?.messages.some((message) => message.includes('"level":"error"')),
    false,
  );
});

test('what changed while Redis was frozen is not given out of it afterwards', needsRedis, async (t) => {
  const { get, redis, result, gateways } = await startFleet(t, 1);
  await until(async () => (await result(0, '/a')) === 'HIT');
  redis.freeze();
  await until(
    async () => /detail=off/.test(String((await get(0, '/up0', { timeoutMs: 20_000 })).headers['cache-status'])),
    { timeoutMs: 20_000 },
  );
  const changed = await get(0, '/a', { method: 'PUT' });
  assert.equal(changed.status, 200);
  redis.thaw();
  await until(async () => !/detail=off/.test(String((await get(0, '/up0')).headers['cache-status'])), {
    timeoutMs: 20_000,
  });
  const asked = await get(0, '/a');
  assert.ok(Number(asked.text.split(' ').at(-1)) > Number(changed.text.split(' ').at(-1)));
  assert.equal(gateways[0]?.gateway.inFlight, 0);
});

test('a Redis that answers nonsense is none', async (t) => {
  for (const reply of ['*3\r\n$1\r\nx\r\n$1\r\ny\r\n$1\r\nz\r\n', '+OK\r\n', ':1\r\n', '$-1\r\n']) {
    const redis = await startNonsenseRedis(reply);
    t.after(() => redis.close());
    const service = await startService(t, (_req, res) =>
      res.writeHead(200, { 'cache-control': 'max-age=60', 'content-length': 2 }).end('ok'),
    );
    const file = { routes: [{ prefix: '/', target: service.url, auth: 'none', cache: true }] };
    const gateway = await startGateway(t, { file, env: { REDIS_URL: redis.url } });
    for (let i = 0; i < 5; i++) assert.equal((await ask(`${gateway.url}/x`)).text, 'ok');
  }
});
