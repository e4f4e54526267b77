import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { SECRET } from '../support/auth.ts';
import { ask } from '../support/http.ts';
import { stageSource, startOwn } from '../support/own-modules.ts';

/** The attack: a stage of one route changes what the gateway knows of a caller, for all routes and the life of a token. */

test('no stage changes what other routes know of a caller', async (t) => {
  const harm = [
    "c.roles.push('admin')",
    "c.scopes.push('all')",
    "c.claims.org.name = 'evil'",
    "c.params.id = 'other'",
    'Object.getPrototypeOf(c).refuse = () => {}',
    'options.list.push(1)',
  ];
  const source = stageSource(
    `request(c) {
      const failed = [${harm.map((one) => `() => { ${one}; }`).join(', ')}].map((one) => {
        try { one(); return false; } catch { return true; }
      });
      return c.respond({ body: failed });
    }`,
    "schema: { type: 'object', properties: { list: { type: 'array', default: [] } } },",
  );
  const { gateway, service, file } = await startOwn(t, source, { more: { env: { JWT_SECRET: SECRET } } });
  const jwtRoute = { target: service.url, auth: 'jwt' };
  const { result } = await gateway.reload({
    routes: [
      { ...jwtRoute, prefix: '/a/:id', use: [file] },
      { ...jwtRoute, prefix: '/roles', authorize: { roles: ['admin'] } },
      { ...jwtRoute, prefix: '/scopes', authorize: { scopes: ['all'] } },
    ],
  });
  assert.equal(result, 'applied');
  const token = jwt.sign({ sub: 'joe', roles: ['user'], org: { name: 'good' } }, SECRET, { expiresIn: 600 });
  const get = (path: string) => ask(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const before = [(await get('/roles')).status, (await get('/scopes')).status];
  assert.deepEqual((await get('/a/1')).json, [true, true, true, true, true, false]);
  assert.deepEqual([(await get('/roles')).status, (await get('/scopes')).status], before);
  assert.deepEqual(before, [403, 403]);
});
