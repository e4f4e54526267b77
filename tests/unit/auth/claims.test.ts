import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findClaim, readList, readScopes, readText } from '../../../src/auth/claims.ts';

test('a claim is found by a dotted path, or by a whole name that has dots itself', () => {
  const claims = { realm_access: { roles: ['a'] }, 'https://a.test/roles': ['b'], 'x.y': 1, x: { y: 2 } };
  assert.deepEqual(findClaim(claims, 'realm_access.roles'), ['a']);
  assert.deepEqual(findClaim(claims, 'https://a.test/roles'), ['b']);
  assert.equal(findClaim(claims, 'x.y'), 1);
  assert.equal(findClaim(claims, 'realm_access.roles.length.x'), undefined);
  assert.equal(findClaim({ x: null }, 'x.y'), undefined);
});

test('what every object inherits is no claim', () => {
  for (const path of ['constructor', '__proto__', 'constructor.name', 'a.constructor', 'a.__proto__', 'toString'])
    assert.equal(findClaim({ a: {} }, path), undefined, path);
});

test('of several paths the first that holds something counts', () => {
  assert.equal(readText({ sub: '', id: 42 }, ['sub', 'id']), '42');
  assert.equal(readText({ sub: { a: 1 }, id: 'u1' }, ['sub', 'id']), 'u1');
  assert.equal(readText({ sub: true }, ['sub', 'id']), undefined);
  assert.deepEqual(readList({ roles: 'admin' }, ['role', 'roles']), ['admin']);
  assert.deepEqual(readList({ role: ['', 1, null, 'b'] }, ['role']), ['b']);
});

test('scopes are one text with spaces between, or a list of such', () => {
  assert.deepEqual(readScopes({ scope: 'read  write ' }, ['scope']), ['read', 'write']);
  assert.deepEqual(readScopes({ scp: ['read', 'a b'] }, ['scope', 'scp']), ['read', 'a', 'b']);
  assert.deepEqual(readScopes({}, ['scope']), []);
});
