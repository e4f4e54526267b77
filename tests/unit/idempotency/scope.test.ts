import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestContext } from '../../../src/context.ts';
import { callerOf, fingerprintOf, recordIdOf } from '../../../src/idempotency/scope.ts';

const plain = { consumer: undefined, issuer: undefined, userKey: undefined, clientAddress: '192.0.2.1' };
const idOf = (more: object, key = 'k', route = 'r') =>
  recordIdOf(key, route, callerOf({ ...plain, ...more } as unknown as RequestContext));

test('a key is remembered apart for each caller and each route', () => {
  const app = { consumer: { name: 'app', plan: undefined, roles: [] } };
  const ids = [
    idOf({}),
    idOf({ clientAddress: '192.0.2.2' }),
    idOf(app),
    idOf({ ...app, userKey: 'u' }),
    idOf({ userKey: 'u' }),
    idOf({ userKey: 'app' }),
    idOf({ userKey: 'u', issuer: 'https://a.example' }),
    idOf({ ...app, issuer: 'https://a.example' }),
    idOf({}, 'k2'),
    idOf({}, 'k', 'r2'),
  ];
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(idOf({ ...app, clientAddress: '192.0.2.9' }), idOf(app), 'who is proven may come from anywhere');
});

const request = (headers: Record<string, string>, more: object = {}) =>
  ({
    method: 'POST',
    path: '/a',
    query: '',
    userKey: undefined,
    req: { headers },
    ...more,
  }) as unknown as RequestContext;
const printOf = (headers: Record<string, string>, more: object = {}, distinctions: object = {}) =>
  fingerprintOf(request(headers, more), { credentialHeaders: [], namesHosts: false, ...distinctions });

test('what tells a service who calls is a part of the request, but for a proven user', async () => {
  assert.notEqual(await printOf({ cookie: 'a' }), await printOf({ cookie: 'b' }));
  assert.notEqual(await printOf({ authorization: 'a' }), await printOf({ authorization: 'b' }));
  assert.notEqual(await printOf({ authorization: 'a' }), await printOf({ cookie: 'a' }));
  const user = { userKey: 'u' };
  assert.equal(await printOf({ cookie: 'a' }, user), await printOf({ cookie: 'b' }, user));
  const stops = { credentialHeaders: ['authorization'] };
  assert.equal(await printOf({ authorization: 'a' }, {}, stops), await printOf({ authorization: 'b' }, {}, stops));
});

test('the host counts where the route names hosts, without its port', async () => {
  assert.equal(await printOf({ host: 'a' }), await printOf({ host: 'b' }));
  const names = { namesHosts: true };
  assert.notEqual(await printOf({ host: 'a' }, {}, names), await printOf({ host: 'b' }, {}, names));
  assert.equal(await printOf({ host: 'a:80' }, {}, names), await printOf({ host: 'A:8080' }, {}, names));
});
