import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authOption, credentialHeaders, isProtected } from '../../../src/auth/auth-option.ts';

test('every way to write auth has one meaning', () => {
  const read = (written: unknown) => {
    const { mode, schemes, optional } = authOption.parse(written);
    return [mode, schemes.join(' '), optional];
  };
  assert.deepEqual(read('none'), ['none', '', false]);
  assert.deepEqual(read('jwt'), ['any', 'jwt', false]);
  assert.deepEqual(read(['jwt', 'api-key', 'jwt']), ['any', 'jwt api-key', false]);
  assert.deepEqual(read({ any: ['jwt'], optional: true }), ['any', 'jwt', true]);
  assert.deepEqual(read({ all: ['mtls', 'jwt'] }), ['all', 'mtls jwt', false]);
  assert.deepEqual(read([{ 'forward-auth': { url: 'http://auth:9000/' } }, 'jwt']), ['any', 'jwt forward-auth', false]);
  for (const wrong of ['nonsense', [], ['none'], {}, { all: ['jwt'], optional: true }, { any: [] }, null]) {
    assert.equal(authOption.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
});

test('what carries a credential stays at the gateway, unless the route forwards it', () => {
  const dropped = (written: unknown, forward = false) => credentialHeaders(authOption.parse(written), forward);
  assert.deepEqual(dropped('none'), []);
  assert.deepEqual(dropped(['jwt', 'api-key']), ['authorization', 'x-api-key']);
  assert.deepEqual(dropped('api-key'), ['x-api-key', 'authorization']);
  assert.deepEqual(dropped({ 'api-key': { header: 'Api-Key' } }), ['x-api-key', 'authorization', 'api-key']);
  assert.deepEqual(dropped(['basic', 'introspection']), ['authorization']);
  assert.deepEqual(dropped({ mtls: { header: 'X-Cert' } }), ['x-cert']);
  const verdict = { 'forward-auth': { url: 'http://auth/', copyHeaders: ['X-Tenant'] } };
  assert.deepEqual(dropped(verdict), ['authorization', 'x-api-key', 'x-tenant']);
  assert.deepEqual(dropped(verdict, true), ['x-tenant']);
  assert.deepEqual(dropped(['jwt', 'api-key'], true), []);
});

test('a route is protected when nobody passes as nobody', () => {
  assert.equal(isProtected(authOption.parse('none')), false);
  assert.equal(isProtected(authOption.parse({ any: ['jwt'], optional: true })), false);
  assert.equal(isProtected(authOption.parse('jwt')), true);
});
