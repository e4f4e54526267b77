import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { consumerInput } from '../../src/auth/key-inputs.ts';
import { readInput } from '../../src/auth/read-input.ts';
import type { GatewayError } from '../../src/errors.ts';
import { startGateway } from '../support/gateway.ts';
import { ask, askRaw, statusOf } from '../support/http.ts';
import { startLyingService, startService } from '../support/service.ts';

/** The attack: the names of what every object inherits, wherever a name may be chosen: fields, claims, queries, paths. */
const SECRET = 'a secret of the tests that is longer than 32 bytes';
const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];

/** A token of these very characters, in an order and with names that no library would sign. */
function sign(payload: string): string {
  const claims = payload.replace(/\}$/, ',"exp":4000000000}');
  const input = ['{"alg":"HS256"}', claims].map((part) => Buffer.from(part).toString('base64url')).join('.');
  return `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`;
}

test('a client that uses inherited names finds no role, no plan and no route behind them', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    env: { JWT_SECRET: SECRET },
    file: {
      plans: { free: { rateLimits: [{ limit: 1000, window: '1h' }] } },
      routes: [
        { prefix: '/open/:constructor/:toString', target: service.url, auth: 'none', rewritePrefix: '/:toString' },
        { prefix: '/known', headers: { constructor: true, valueOf: 'x' }, target: service.url, auth: 'none' },
        { prefix: '/admin', target: service.url, authorize: { roles: ['admin'], claims: { 'a.b': { equals: 1 } } } },
        {
          prefix: '/limited',
          target: service.url,
          rateLimits: [{ limit: 1, window: '1h', by: 'claim:constructor.name' }],
        },
      ],
    },
  });
  const call = (path: string, payload: string) => {
    return ask(gateway.url + path, { headers: { authorization: `Bearer ${sign(payload)}` } });
  };
  const polluted =
    '{"__proto__":{"role":"admin","roles":["admin"],"a":{"b":1}},"constructor":{"prototype":{"role":"admin"}}';
  assert.equal((await call('/admin', `${polluted},"sub":"u1"}`)).status, 403);
  for (const name of NAMES) {
    assert.equal((await call('/limited', `{"sub":"${name}-1","plan":"${name}"}`)).status, 200, name);
    assert.equal((await call('/limited', `{"sub":"${name}-1","plan":"${name}"}`)).status, 429, name);
    assert.equal((await ask(`${gateway.url}/${name}?${name}=1`)).status, 404, name);
    assert.equal((await ask(`${gateway.url}/known`, { headers: { host: 'a' } })).status, 404, name);
    const seen = await ask(`${gateway.url}/open/${name}/x?${name}[${name}]=1`, { headers: { [name]: 'x' } });
    assert.equal(seen.json.path, `/x?${name}[${name}]=1`);
  }
  assert.equal(({} as Record<string, unknown>)['role'], undefined);
});

test('a consumer can not be given metadata of a name that would be dropped', () => {
  const faultsOf = (text: string) => {
    try {
      return readInput(consumerInput, JSON.parse(text)).metadata;
    } catch (thrown) {
      return (thrown as GatewayError).extras?.errors;
    }
  };
  const place = { in: 'body', pointer: '/metadata/__proto__', detail: "this name can't be used" };
  assert.deepEqual(faultsOf('{"name":"a","metadata":{"__proto__":"x","b":"c"}}'), [place]);
  assert.deepEqual(faultsOf('{"name":"a","metadata":{"constructor":"x"}}'), { constructor: 'x' });
});

test('a service that answers with inherited names as its fields is passed on', async (t) => {
  for (const name of NAMES) {
    const service = await startLyingService(
      t,
      `HTTP/1.1 200 OK\r\n${name}: a\r\n${name}: b\r\nContent-Length: 2\r\n\r\nhi`,
    );
    const gateway = await startGateway(t, { file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] } });
    const raw = await askRaw(gateway.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.equal(statusOf(raw), 200, name);
    assert.match(raw, /\r\n\r\nhi$/, name);
  }
});
