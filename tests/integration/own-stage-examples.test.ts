import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { createFolder } from '../support/folders.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const EXAMPLES = join(import.meta.dirname, '../../docs/examples/stages');

test('tenant: services are told the tenant of the host, and no two tenants share an answer', async (t) => {
  const service = await startService(t, (_req, res, { headers }) => {
    res.writeHead(200, { 'cache-control': 'max-age=60' });
    res.end(String(headers['x-tenant']));
  });
  const gateway = await startGateway(t, {
    file: {
      use: [`${EXAMPLES}/tenant.ts`],
      defaults: { tenant: { domain: 'shop.example', known: ['red', 'blue'] }, auth: 'none' },
      routes: [{ prefix: '/', target: service.url, cache: true }],
    },
  });
  const get = (host: string, headers = {}) => ask(gateway.url, { headers: { host, ...headers } });
  assert.equal((await get('red.shop.example')).text, 'red');
  assert.equal((await get('Blue.shop.example:8080', { 'x-tenant': 'red' })).text, 'blue');
  assert.equal((await get('red.shop.example')).text, 'red');
  assert.equal(service.requests.length, 2);
  for (const host of ['green.shop.example', 'shop.example', 'a.red.shop.example', 'red.shop.example.evil.test'])
    assert.equal((await get(host)).status, 404, host);
});

test('featureFlag: a route is there for those that it is opened to, the same ones each time', async (t) => {
  const service = await startService(t);
  const keys = [createApiKey(), createApiKey()];
  const gateway = await startGateway(t, {
    file: {
      consumers: keys.map((key, at) => ({ name: `c${at}`, keys: [{ id: 'k', sha256: hashApiKey(key) }] })),
      routes: [
        {
          prefix: '/new',
          target: service.url,
          use: [`${EXAMPLES}/feature-flag.ts`],
          featureFlag: { flag: 'checkout', consumers: ['c0'] },
        },
        { prefix: '/all', target: service.url, featureFlag: { flag: 'checkout', percent: 100 } },
      ],
    },
  });
  const get = (path: string, key: string | undefined) =>
    ask(`${gateway.url}${path}`, { headers: { 'x-api-key': String(key) } });
  assert.equal((await get('/new', keys[0])).json.headers['x-feature'], 'checkout');
  assert.equal((await get('/new', keys[1])).status, 404);
  assert.equal((await get('/all', keys[1])).status, 200);
});

test('auditTrail: what changes something has a line, refusals too, and the file is closed with its configuration', async (t) => {
  const service = await startService(t);
  const trail = join(createFolder(t), 'trail.jsonl');
  const key = createApiKey();
  const file = {
    consumers: [{ name: 'shop', keys: [{ id: 'k', sha256: hashApiKey(key) }] }],
    use: [`${EXAMPLES}/audit-trail.ts`],
    defaults: { auditTrail: { file: trail } },
    routes: [{ prefix: '/', target: service.url }],
  };
  const gateway = await startGateway(t, { file });
  await ask(`${gateway.url}/orders`, { method: 'POST', headers: { 'x-api-key': key }, body: 'x' });
  await ask(`${gateway.url}/orders`, { headers: { 'x-api-key': key } });
  await ask(`${gateway.url}/orders`, { method: 'DELETE' });
  const lines = await until(() => {
    const text = readFileSync(trail, 'utf8').trim().split('\n');
    return text.length === 2 && text.map((line) => JSON.parse(line));
  });
  assert.deepEqual(
    [lines[0].method, lines[0].who.consumer, lines[0].status, lines[0].isWhole],
    ['POST', 'shop', 200, true],
  );
  assert.deepEqual([lines[1].method, lines[1].status, lines[1].error], ['DELETE', 401, 'unauthenticated']);
  assert.equal(
    (await gateway.reload({ ...file, routes: [{ prefix: '/', target: service.url, auditTrail: false }] })).result,
    'applied',
  );
  await ask(`${gateway.url}/orders`, { method: 'DELETE' });
  assert.equal(readFileSync(trail, 'utf8').trim().split('\n').length, 2);
});
