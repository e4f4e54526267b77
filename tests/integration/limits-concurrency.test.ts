import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

test('a consumer with as many calls in flight as allowed is refused until one of them ends', async (t) => {
  const waiting: (() => void)[] = [];
  const slow = await startService(t, (_req, res) => void waiting.push(() => res.end('done')));
  const route = { prefix: '/slow', target: slow.url, auth: 'none', concurrency: { perConsumer: 2 } };
  const gateway = await startGateway(t, { file: { routes: [route] } });
  const url = `${gateway.url}/slow`;

  const first = ask(url);
  const second = ask(url);
  await until(() => waiting.length === 2);
  const refused = await ask(url);
  assert.equal(refused.status, 429);
  assert.equal(refused.json.code, 'too_many_concurrent');
  assert.equal(refused.headers['retry-after'], '1');
  await gateway.reload({ routes: [{ ...route, name: undefined, timeouts: { headers: '9s' } }] });
  assert.equal((await ask(url)).status, 429, 'calls from before a reload count after it');

  waiting.shift()?.();
  assert.equal((await first).status, 200);
  const third = ask(url);
  await until(() => waiting.length === 2);
  for (const finish of waiting) finish();
  assert.deepEqual([(await second).status, (await third).status], [200, 200]);
});

test('a client that goes away frees its place', async (t) => {
  const slow = await startService(t, () => {});
  const route = { prefix: '/slow', target: slow.url, auth: 'none', concurrency: { perConsumer: 1 } };
  const gateway = await startGateway(t, { file: { routes: [route] } });
  for (let round = 0; round < 3; round++) {
    const leaving = request(`${gateway.url}/slow`).on('error', () => {});
    leaving.end();
    await until(() => slow.requests.length === round + 1);
    leaving.destroy();
    await until(() => gateway.accessLines.length === round + 1);
  }
});

test('a call refused for its company costs no rate limit', async (t) => {
  const waiting: (() => void)[] = [];
  const slow = await startService(t, (_req, res) => void waiting.push(() => res.end('done')));
  const limits = { concurrency: { perConsumer: 1 }, rateLimits: [{ limit: 2, window: '1h' }] };
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/slow', target: slow.url, auth: 'none', ...limits }] },
  });
  const first = ask(`${gateway.url}/slow`);
  await until(() => waiting.length === 1);
  for (let call = 0; call < 5; call++)
    assert.equal((await ask(`${gateway.url}/slow`)).json.code, 'too_many_concurrent');
  waiting.pop()?.();
  await first;
  const next = ask(`${gateway.url}/slow`);
  await until(() => waiting.length === 1);
  waiting.pop()?.();
  assert.equal((await next).headers['x-ratelimit-remaining'], '0');
});
