import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeChange } from '../../../src/config/describe-change.ts';

const JWT = { mode: 'any', schemes: ['jwt'], optional: false };
const EITHER = { ...JWT, schemes: ['jwt', 'api-key'] };
const NONE = { mode: 'none', schemes: [], optional: false };

interface SomeRoute {
  readonly name?: string;
  readonly prefix: readonly string[];
  readonly methods?: readonly string[];
  readonly [key: string]: unknown;
}

function route(prefix: string, more: object = {}): SomeRoute {
  return { prefix: [prefix], auth: JWT, ...more };
}

function changeOfRoute(before: object, after: object): string[] {
  return describeChange({ routes: [route('/api/orders', before)] }, { routes: [route('/api/orders', after)] });
}

test('nothing changed, nothing said', () => {
  const config = { services: { a: { targets: ['http://a'] } }, routes: [route('/a')] };
  assert.deepEqual(describeChange(config, structuredClone(config)), []);
});

test('routes that came and went are named', () => {
  const before = { routes: [route('/a'), route('/b')] };
  const after = { routes: [route('/b'), route('/c', { name: 'sea' })] };
  assert.deepEqual(describeChange(before, after), ['route sea added', '/a removed']);
});

test('who may call is told in words', () => {
  assert.deepEqual(changeOfRoute({}, { authorize: { roles: { any: ['admin'] } } }), [
    '/api/orders now requires role admin',
  ]);
  assert.deepEqual(
    changeOfRoute({ authorize: { roles: { any: ['a', 'b'] } } }, { authorize: { roles: { all: ['a', 'b'] } } }),
    ['/api/orders now requires role a and b'],
  );
  assert.deepEqual(changeOfRoute({ authorize: { roles: { any: ['a'] } } }, {}), [
    '/api/orders no longer authorizes: every proven caller may',
  ]);
  assert.deepEqual(changeOfRoute({}, { auth: EITHER }), ['/api/orders now requires jwt or api-key']);
  assert.deepEqual(changeOfRoute({}, { auth: NONE }), ['/api/orders now public: nobody has to authenticate']);
});

test('where a route leads is told in words', () => {
  assert.deepEqual(changeOfRoute({ service: 'a' }, { service: 'b' }), ['/api/orders now goes to service b']);
  assert.deepEqual(changeOfRoute({ methods: ['GET'] }, {}), ['/api/orders now answers every method']);
});

test('of an address only scheme, host and port are told: its path may be a secret', () => {
  assert.deepEqual(changeOfRoute({ target: 'http://a:1' }, { target: 'https://hooks.example/T0/secret' }), [
    '/api/orders now goes to https://hooks.example',
  ]);
});

test('any other key is named, with a route that has a name called by it', () => {
  const named = { name: 'orders' };
  assert.deepEqual(changeOfRoute({ ...named, rateLimits: [1] }, { ...named, rateLimits: [2] }), [
    'route orders: rateLimits changed',
  ]);
  assert.deepEqual(changeOfRoute({}, { cache: { ttl: 1 } }), ['/api/orders: cache added']);
});

test('routes that share a prefix are told apart by their methods', () => {
  const before = { routes: [route('/a', { methods: ['GET'] }), route('/a', { methods: ['POST'] })] };
  const after = { routes: [route('/a', { methods: ['GET'] }), route('/a', { methods: ['POST'], cost: 2 })] };
  assert.deepEqual(describeChange(before, after), ['POST /a: cost added']);
});

test('what changed on many routes alike is one line', () => {
  const routes = (total: number) =>
    Array.from({ length: 9 }, (_, index) => route(`/r${index}`, { timeouts: { total } }));
  assert.deepEqual(describeChange({ routes: routes(1) }, { routes: routes(2) }), ['9 routes: timeouts changed']);
});

test('another order of the same routes is a change, since the order decides between equals', () => {
  const [a, b] = [route('/a'), route('/b')];
  assert.deepEqual(describeChange({ routes: [a, b] }, { routes: [b, a] }), ['the order of the routes changed']);
});

test('targets of a service are named as they come and go', () => {
  const services = (...urls: string[]) => ({
    services: { users: { targets: urls.map((url) => ({ url, weight: 1 })) } },
    routes: [],
  });
  assert.deepEqual(describeChange(services('http://a:1', 'http://b:1'), services('http://b:1', 'http://c:1')), [
    'service users: target http://c:1 added',
    'service users: target http://a:1 removed',
  ]);
  const heavier = { services: { users: { targets: [{ url: 'http://a:1', weight: 9 }] } }, routes: [] };
  assert.deepEqual(describeChange(services('http://a:1'), heavier), ['service users: weights changed']);
});

test('consumers, plans and issuers are named, their secrets never', () => {
  const config = (sha256: string, secret: string) => ({
    consumers: [{ name: 'app', keys: [{ id: 'k1', sha256 }] }],
    issuers: [{ issuer: 'https://login.example.com/', secret }],
    services: { users: { tls: { key: secret } } },
    defaultPlan: secret,
    routes: [route('/a', { request: { headers: { set: { 'x-token': secret } } } })],
  });
  const lines = describeChange(config('aaaa', 'secret-one'), config('bbbb', 'secret-two'));
  assert.deepEqual(lines, [
    '/a: request changed',
    'consumer app: keys changed',
    'issuer https://login.example.com/: secret changed',
    'service users: tls changed',
    'defaultPlan changed',
  ]);
});

test('a text, a number or a list of an object is named as a whole', () => {
  const config = (audience: unknown, timeout: number) => ({ introspection: { audience, timeout }, routes: [] });
  const lines = (before: unknown, after: unknown) => describeChange(config(before, 1), config(after, 2));
  const both = ['introspection audience changed', 'introspection timeout changed'];
  assert.deepEqual(lines('orders', 'users'), both);
  assert.deepEqual(lines(['orders'], ['users']), both);
  assert.deepEqual(lines('orders', ['users']), both);
});

test('an endless change is cut short', () => {
  const after = { routes: Array.from({ length: 300 }, (_, index) => route(`/r${index}`)) };
  const lines = describeChange({ routes: [] }, after);
  assert.equal(lines.length, 101);
  assert.equal(lines.at(-1), 'and 200 more');
});
