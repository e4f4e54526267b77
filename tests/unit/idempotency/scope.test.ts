import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestContext } from '../../../src/context.ts';
import { callerOf, fingerprintOf, recordIdOf } from '../../../src/idempotency/scope.ts';

const plain = { consumer: undefined, issuer: undefined, userKey: undefined, clientAddress: '192.0.2.1' };
const NO_CREDENTIALS = { credentialHeaders: [] };
const idOf = (more: object, key = 'k', route = 'r') =>
  recordIdOf(key, route, callerOf({ ...plain, ...more } as unknown as RequestContext, NO_CREDENTIALS));

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

/** A token that names nobody. */
const nameless = (authorization: string, more: object = {}) =>
  callerOf(
    {
      ...plain,
      authMethod: 'jwt',
      roles: [],
      scopes: [],
      claims: {},
      req: { rawHeaders: ['Authorization', authorization], url: '/' },
      ...more,
    } as unknown as RequestContext,
    { credentialHeaders: ['authorization'], credentialPlaces: { fields: ['authorization'], cookies: ['s'] } },
  );

test('who has proven something but no name is told apart by the credential, and by what it has proven', () => {
  const cookies = (cookie: string) => ({ req: { rawHeaders: ['Cookie', cookie], url: '/' } });
  const callers = [
    callerOf(plain as unknown as RequestContext, NO_CREDENTIALS),
    nameless('Bearer a'),
    nameless('Bearer b'),
    nameless('Bearer a', { issuer: 'https://a.example' }),
    nameless('Bearer a', { roles: ['admin'] }),
    nameless('Bearer a', { claims: { org: 'a' } }),
    nameless('', cookies('s=1')),
    nameless('', cookies('s=2')),
  ];
  assert.equal(new Set(callers).size, callers.length);
  assert.equal(nameless('Bearer a', { subject: '', userKey: '' }), nameless('Bearer a'), 'an empty sub is none');
  assert.equal(nameless('', cookies('s=1')), nameless('', cookies('t=1; s=1')), 'other cookies are no credential');
  assert.doesNotMatch(nameless('Bearer a'), /Bearer/);
});

test('a token without a user beside the key of a consumer is a part of who calls', () => {
  const app = { consumer: { name: 'app' } };
  const both = { ...app, authMethod: 'api-key+jwt' };
  assert.notEqual(nameless('Bearer a', both), nameless('Bearer b', both));
  assert.equal(nameless('Bearer a', app), nameless('Bearer b', app), 'new credentials of a consumer are the same one');
});

test('a token in the query is told apart too', () => {
  const at = (url: string) =>
    callerOf({ ...plain, authMethod: 'jwt', req: { rawHeaders: [], url } } as unknown as RequestContext, {
      credentialHeaders: [],
      credentialParameter: 'token',
    });
  assert.notEqual(at('/?token=a'), at('/?token=b'));
  assert.equal(at('/?token=a&x=1'), at('/?token=a&x=2'));
});

const request = (headers: Record<string, string>, more: object = {}) =>
  ({
    method: 'POST',
    path: '/a',
    query: '',
    userKey: undefined,
    upstreamHeaders: [],
    req: { headers, rawHeaders: Object.entries(headers).flat() },
    ...more,
  }) as unknown as RequestContext;
const printOf = (headers: Record<string, string>, more: object = {}, distinctions: object = {}) =>
  fingerprintOf(request(headers, more), { credentialHeaders: [], ...distinctions });

test('what tells a service who calls is a part of the request, but for a proven user', async () => {
  for (const name of ['cookie', 'authorization', 'x-api-key', 'proxy-authorization', 'x-session-token'])
    assert.notEqual(await printOf({ [name]: 'a' }), await printOf({ [name]: 'b' }), name);
  assert.notEqual(await printOf({ authorization: 'a' }), await printOf({ cookie: 'a' }));
  const user = { userKey: 'u' };
  assert.equal(await printOf({ cookie: 'a' }, user), await printOf({ cookie: 'b' }, user));
});

test('what stops at the gateway is a part of the request where it has proven nobody', async () => {
  const stops = { credentialHeaders: ['x-own'] };
  const app = { consumer: { name: 'app' } };
  assert.notEqual(await printOf({ 'x-own': 'a' }, {}, stops), await printOf({ 'x-own': 'b' }, {}, stops));
  assert.equal(await printOf({ 'x-own': 'a' }, app, stops), await printOf({ 'x-own': 'b' }, app, stops));
  assert.notEqual(await printOf({ 'x-api-key': 'a' }, app, stops), await printOf({ 'x-api-key': 'b' }, app, stops));
});

test('the host counts always, in whatever case, and the one that a trusted proxy names too', async () => {
  assert.notEqual(await printOf({ host: 'a' }), await printOf({ host: 'b' }));
  assert.equal(await printOf({ host: 'a:80' }), await printOf({ host: 'A:8080' }), 'on any port');
  const behind = (host: string) => printOf({ host: 'lb' }, { upstreamHeaders: ['X-Forwarded-Host', host] });
  assert.notEqual(await behind('a'), await behind('b'));
});
