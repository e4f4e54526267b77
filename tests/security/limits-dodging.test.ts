import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

/** How many of the requests pass a limit of two by address; each is sent with its own fields. */
async function passedOf(
  t: TestContext,
  env: Record<string, string>,
  fields: readonly Record<string, string>[],
): Promise<number> {
  const users = await startService(t);
  const rateLimits = [{ limit: 2, window: '1h', by: 'address' }];
  const file = { routes: [{ prefix: '/users', target: users.url, auth: 'none', rateLimits }] };
  const gateway = await startGateway(t, { file, env });
  let passed = 0;
  for (const headers of fields) if ((await ask(`${gateway.url}/users`, { headers })).status === 200) passed += 1;
  return passed;
}

const forwardedFor = (addresses: readonly string[]) => addresses.map((address) => ({ 'x-forwarded-for': address }));

test('a client that makes up X-Forwarded-For is counted as one, where nobody is trusted', async (t) => {
  const fields = Array.from({ length: 6 }, (_, at) => ({
    'x-forwarded-for': `198.51.100.${at}`,
    'x-real-ip': `198.51.100.${at}`,
    forwarded: `for=198.51.100.${at}`,
    'x-client-ip': `198.51.100.${at}`,
  }));
  assert.equal(await passedOf(t, {}, fields), 2);
});

test('what a client puts in front of the address that a trusted load balancer saw makes no other key', async (t) => {
  const fields = forwardedFor(Array.from({ length: 6 }, (_, at) => `203.0.113.${at}, 198.51.100.7`));
  assert.equal(await passedOf(t, { TRUST_PROXY: '1' }, fields), 2);
});

test('an address with a port, as some load balancers write it, makes no other key', async (t) => {
  const fields = forwardedFor(Array.from({ length: 6 }, (_, at) => `198.51.100.7:${50_000 + at}`));
  assert.equal(await passedOf(t, { TRUST_PROXY: '1' }, fields), 2);
});

test('all addresses of one IPv6 customer are one key, those of another are not', async (t) => {
  const neighbours = Array.from({ length: 6 }, (_, at) => `2001:db8:0:ab0${at}::${at + 1}`);
  assert.equal(await passedOf(t, { TRUST_PROXY: '1' }, forwardedFor(neighbours)), 2);
  assert.equal(await passedOf(t, { TRUST_PROXY: '1' }, forwardedFor([...neighbours, '2001:db8:0:ac00::1'])), 3);
});

test('another spelling of the path, the method HEAD or a query makes no other key', async (t) => {
  const users = await startService(t);
  const file = {
    routes: [{ prefix: '/users', target: users.url, auth: 'none', rateLimits: [{ limit: 2, window: '1h' }] }],
  };
  const gateway = await startGateway(t, { file });
  const paths = ['/users', '//users', '/x/../users', '/%75sers', '/users?fresh=1', '/users/./'];
  for (const path of paths) await ask(gateway.url, { path });
  assert.equal((await ask(`${gateway.url}/users`, { method: 'HEAD' })).status, 429);
  assert.equal(users.requests.length, 2);
});

test('wrong credentials are counted for one customer, whatever address of its network or field it uses', async (t) => {
  const file = { consumers: [{ name: 'app', keys: [{ id: 'k1', sha256: 'a'.repeat(64) }] }], routes: [] };
  const statusesOf = async (env: Record<string, string>, forwarded: (at: number) => string) => {
    const gateway = await startGateway(t, { file, env });
    const statuses: number[] = [];
    for (let at = 0; at < 22; at += 1) {
      const headers = { 'x-api-key': `wrong-${at}`, 'x-forwarded-for': forwarded(at) };
      statuses.push((await ask(`${gateway.url}/-/me`, { headers })).status);
    }
    return statuses;
  };
  const refused = [...Array(20).fill(401), 429, 429];
  assert.deepEqual(await statusesOf({ TRUST_PROXY: '1' }, (at) => `2001:db8:0:ab${10 + at}::${at}`), refused);
  assert.deepEqual(await statusesOf({}, (at) => `198.51.100.${at}`), refused);
  assert.deepEqual(await statusesOf({ TRUST_PROXY: '1' }, (at) => `198.51.100.${at}`), Array(22).fill(401));
});
