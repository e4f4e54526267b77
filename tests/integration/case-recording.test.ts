import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { runCli } from '../../src/cli.ts';
import { configFolder } from '../support/config-files.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { until } from '../support/until.ts';

const SECRET = 'a-secret-of-at-least-32-characters!!';
const NOBODY = 'http://127.0.0.1:9';
const APP_KEY = createApiKey();

const FILE = {
  issuers: [{ issuer: 'https://login.test', secret: SECRET }],
  consumers: [{ name: 'app', keys: [{ id: 'k1', sha256: hashApiKey(APP_KEY) }] }],
  routes: [
    { name: 'orders', prefix: '/orders', target: NOBODY, auth: { any: ['jwt', 'api-key'] } },
    { name: 'admin', prefix: '/admin', target: NOBODY, auth: 'jwt', authorize: { roles: { any: ['admin'] } } },
    { name: 'few', prefix: '/few', respond: { status: 204 }, auth: 'none', rateLimits: [{ limit: 1, window: '1h' }] },
  ],
};

test('what a gateway has refused becomes cases that hold, without a credential', async (t) => {
  const gateway = await startGateway(t, { file: FILE });
  const token = jwt.sign({ sub: 'ann', iss: 'https://login.test' }, SECRET, { expiresIn: '1h' });
  const authorization = `Bearer ${token}`;
  await ask(`${gateway.url}/orders/1`);
  await ask(`${gateway.url}/orders/1`, { headers: { authorization: 'Bearer no.such.token' } });
  await ask(`${gateway.url}/orders/2`, { headers: { 'x-api-key': APP_KEY } });
  await ask(`${gateway.url}/admin`, { headers: { authorization } });
  await ask(`${gateway.url}/nowhere?api_key=secret-one`);
  await ask(`${gateway.url}/nowhere`);
  await ask(`${gateway.url}/few`);
  await ask(`${gateway.url}/few`);
  await until(async () => (await ask(`${gateway.adminUrl}/recent`)).json.length === 7, { what: 'the last refusals' });

  const folder = configFolder(t, { 'routes.json': FILE });
  const [routes, cases] = [join(folder, 'routes.json'), join(folder, 'recorded.json')] as [string, string];
  let out = '';
  let err = '';
  const io = { out: (text: string) => (out += text), err: (text: string) => (err += text), env: {} };
  const code = await runCli(['test', '--record', cases, '--file', routes, '--admin', gateway.adminUrl], io);
  const why = 'by the routes file and the log alone they do not come out so';
  assert.equal(err, `left out 1 of not_found: ${why}\nleft out 1 of rate_limited: ${why}\n`);
  assert.equal(out, `ok: 5 cases in ${cases}\n`);
  assert.equal(code, 0);

  const text = readFileSync(cases, 'utf8');
  for (const secret of [APP_KEY, token, 'secret-one', SECRET]) assert.ok(!text.includes(secret));
  const { callers, cases: written } = JSON.parse(text);
  assert.deepEqual(Object.keys(callers), ['somebody', 'app app', 'user ann']);
  assert.deepEqual(
    written.map(({ name }: { name: string }) => name),
    [
      'GET /orders/1: unauthenticated',
      'GET /orders/1 as somebody: invalid_credential',
      'GET /orders/2 as app app: upstream_refused',
      'GET /admin as user ann: forbidden',
      'GET /nowhere: not_found',
    ],
  );
  assert.equal(await runCli(['test', cases, '--file', routes], { ...io, out: () => undefined }), 0);
});

test('where no gateway runs nothing is written', async (t) => {
  const folder = configFolder(t, { 'routes.json': FILE });
  let err = '';
  const io = { out: () => assert.fail('nothing to say'), err: (text: string) => (err += text), env: {} };
  const argv = ['test', '--record', join(folder, 'x.json'), '--file', join(folder, 'routes.json'), '--admin', NOBODY];
  assert.equal(await runCli(argv, io), 69);
  assert.match(err, /nobody answers at/);
});
