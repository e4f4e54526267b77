import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

const [KEY, OTHER, EXPIRED] = [createApiKey(), createApiKey(), createApiKey()];
const APP = {
  name: 'app',
  roles: ['reader'],
  keys: [
    { id: 'k1', sha256: hashApiKey(KEY), expiresAt: '2999-01-01T00:00:00Z' },
    { id: 'k2', sha256: hashApiKey(OTHER) },
    { id: 'k3', sha256: hashApiKey(EXPIRED), expiresAt: '2020-01-01T00:00:00Z' },
  ],
};

interface KeyRow {
  readonly id: string;
  readonly expiresAt: string | null;
  readonly isExpired: boolean;
  readonly lastUsedAt: string | null;
}

test('an operator sees when each key of the file was last used, over reloads, and never a key', async (t) => {
  const service = await startService(t);
  const file = { consumers: [APP], routes: [{ prefix: '/a', target: service.url }] };
  const gateway = await startGateway(t, { file });
  const read = async () => {
    const { text, json } = await ask(`${gateway.adminUrl}/consumers`);
    for (const key of [KEY, OTHER, EXPIRED]) assert.ok(!text.includes(key) && !text.includes(hashApiKey(key)));
    return json.consumers[0].keys as KeyRow[];
  };
  for (const key of [KEY, EXPIRED]) await ask(`${gateway.url}/a`, { headers: { 'x-api-key': key } });
  const [k1, k2, k3] = await read();
  assert.ok(Math.abs(Date.parse(k1?.lastUsedAt ?? '') - Date.now()) < 60_000);
  assert.deepEqual([k1?.expiresAt, k1?.isExpired], ['2999-01-01T00:00:00Z', false]);
  assert.deepEqual([k2?.lastUsedAt, k2?.expiresAt], [null, null]);
  assert.deepEqual([k3?.lastUsedAt, k3?.isExpired], [null, true], 'a refused key was not used');
  await gateway.reload({ ...file, consumers: [{ ...APP, plan: 'pro' }], plans: { pro: {} } });
  assert.equal((await read())[0]?.lastUsedAt, k1?.lastUsedAt);
});

test('a load warns once about routes that nobody can call, however many there are', async (t) => {
  const route = (index: number) => ({ prefix: `/r${index}`, name: `r${index}`, respond: { status: 204 } });
  const routes = Array.from({ length: 8 }, (_, index) => route(index));
  const gateway = await startGateway(t, { file: { routes } });
  const warnings = () => gateway.messages.filter((line) => line.includes('401 to everyone'));
  assert.equal(warnings().length, 1);
  assert.match(warnings()[0] ?? '', /8 routes answer .*r0.*r4.*and 3 more/);
  await gateway.reload({ routes: [...routes, route(8)] });
  await Promise.resolve();
  assert.equal(warnings().length, 2);
  assert.match(warnings()[1] ?? '', /one route answers .*r8/);
});

test('a load warns once about issuers that name no audience', async (t) => {
  const secret = 'a secret of the tests that is longer than 32 bytes';
  const issuers = ['one', 'two', 'three'].map((issuer) => ({ issuer, secret }));
  const named = { issuer: 'four', secret, audience: 'api' };
  const gateway = await startGateway(t, { file: { issuers: [...issuers, named], routes: [] } });
  const warnings = gateway.messages.filter((line) => line.includes('audience'));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /issuers \\"one\\", \\"two\\", \\"three\\":/);
  const quiet = await startGateway(t, { file: { issuers: [named], routes: [] }, env: { JWT_SECRET: secret } });
  assert.ok(!quiet.messages.some((line) => line.includes('audience')));
});

test('wrong credentials at /-/me count as they do everywhere', async (t) => {
  const gateway = await startGateway(t, { file: { consumers: [APP], routes: [] } });
  const statuses: number[] = [];
  for (let i = 0; i < 22; i++) {
    statuses.push((await ask(`${gateway.url}/-/me`, { headers: { 'x-api-key': createApiKey() } })).status);
  }
  assert.deepEqual(statuses, [...Array(20).fill(401), 429, 429]);
});
