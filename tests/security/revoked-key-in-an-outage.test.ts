import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { PATIENT } from '../support/redis-link.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

/** The open door: a key that this very gateway had revoked passed again as soon as Redis was away. */

test('what was taken away here does not come back when Redis goes away', needsRedis, async (t) => {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const service = await startService(t);
  const file = {
    consumerStore: 'redis',
    selfService: { keys: true },
    routes: [
      { prefix: '/a', target: service.url },
      { prefix: '/w', target: service.url, authorize: { scopes: ['w'] } },
    ],
  };
  const gateway = await startGateway(t, { file, redis: { url: redis.url, ...PATIENT } });
  await until(() => gateway.deps.redis?.isUp);
  const send = (url: string, method: string, body?: object, headers: Record<string, string> = {}) =>
    ask(url, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const admin = async (method: string, path: string, body?: object) => {
    const { status, json, text } = await send(`${gateway.adminUrl}/consumers${path}`, method, body);
    assert.ok(status < 300, text);
    return json;
  };
  const key = async (consumer: string, id: string): Promise<string> =>
    (await admin('POST', `/${consumer}/keys`, { id })).key;
  const use = async (held: string, path = '/a') =>
    (await ask(gateway.url + path, { headers: { 'x-api-key': held } })).status;

  for (const name of ['acme', 'gone', 'less']) await admin('POST', '', { name, scopes: ['r', 'w'] });
  const kept = await key('acme', 'kept');
  const ended = [await key('acme', 'revoked'), await key('acme', 'rotated'), await key('acme', 'own')];
  const ofGone = await key('gone', 'k');
  const ofLess = await key('less', 'k');
  for (const held of [kept, ...ended, ofGone, ofLess]) assert.equal(await use(held, '/w'), 200);

  await admin('DELETE', '/acme/keys/revoked');
  await admin('POST', '/acme/keys/rotated/rotate', { overlap: '0s' });
  const own = await send(`${gateway.url}/-/me/keys/own`, 'DELETE', undefined, { 'x-api-key': kept });
  assert.equal(own.status, 200, own.text);
  await admin('DELETE', '/gone');
  await admin('PATCH', '/less', { scopes: ['r'] });
  for (const held of [...ended, ofGone]) assert.equal(await use(held), 401, 'at once');
  await redis.kill();
  // Longer than an answer is believed: from then on Redis would have to be asked.
  await until(async () => (await use(ofGone)) === 503);
  for (const held of ended) assert.equal(await use(held), 503);
  assert.deepEqual([await use(kept, '/w'), await use(ofLess, '/w'), await use(ofLess)], [200, 403, 200]);
});
