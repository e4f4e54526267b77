import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rewriteServiceHeaders } from '../../../../src/upstream/forward/redirects.ts';

const map = {
  origin: 'http://10.0.0.7:4001',
  servicePrefix: '',
  publicPrefix: '/api/users',
  redirects: true,
  cookiePaths: false,
};

function location(value: string, over: Partial<typeof map> = {}): unknown {
  return rewriteServiceHeaders({ location: value }, { ...map, ...over })['location'];
}

test('a redirect to a path of the service leads below the public prefix', () => {
  assert.equal(location('/42/?tab=1#x'), '/api/users/42/?tab=1#x');
  assert.equal(location('/'), '/api/users');
});

test("a redirect to the service's own address does not tell that address", () => {
  assert.equal(location('http://10.0.0.7:4001/42'), '/api/users/42');
});

test('a redirect to somebody else is left as it is', () => {
  assert.equal(location('https://login.example.com/?next=/42'), 'https://login.example.com/?next=/42');
  assert.equal(location('//evil.example/42'), '//evil.example/42');
});

test('a relative redirect is left to the browser', () => {
  assert.equal(location('next'), 'next');
});

test('a rewritten prefix is turned back', () => {
  const over = { servicePrefix: '/v2/users' };
  assert.equal(location('/v2/users/42', over), '/api/users/42');
  assert.equal(location('/v2/users', over), '/api/users');
  assert.equal(location('/v2/usersX', over), '/v2/usersX');
});

const COOKIES = ['sid=a; Path=/; Domain=users.internal; HttpOnly', 'b=2; Path=/deep', '__Host-c=3; Path=/; Secure'];

test('a cookie loses the domain of the service and keeps its path', () => {
  const headers = rewriteServiceHeaders({ 'set-cookie': COOKIES }, map);
  assert.deepEqual(headers['set-cookie'], ['sid=a; Path=/; HttpOnly', 'b=2; Path=/deep', '__Host-c=3; Path=/; Secure']);
});

test('a cookie gets the public path where that is asked for, unless its name demands the root', () => {
  const headers = rewriteServiceHeaders({ 'set-cookie': COOKIES }, { ...map, cookiePaths: true });
  assert.deepEqual(headers['set-cookie'], [
    'sid=a; Path=/api/users; HttpOnly',
    'b=2; Path=/api/users/deep',
    '__Host-c=3; Path=/; Secure',
  ]);
});

test('cookies alone are turned round where redirects are not to be', () => {
  const own = { location: '/x', 'content-location': '/x', 'set-cookie': 'a=1; Path=/; Domain=users.internal' };
  const headers = rewriteServiceHeaders(own, { ...map, redirects: false, cookiePaths: true });
  assert.deepEqual(headers, { ...own, 'set-cookie': ['a=1; Path=/api/users'] });
});

test('headers without any of them are the same object', () => {
  const headers = { 'content-type': 'text/plain' };
  assert.equal(rewriteServiceHeaders(headers, map), headers);
});
