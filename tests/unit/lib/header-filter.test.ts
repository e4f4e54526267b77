import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHeaderFilter } from '../../../src/lib/header-filter.ts';

const passes = (name: string, alsoDropped: readonly string[] = []) => createHeaderFilter(alsoDropped).passes(name);

test('a field that a service may see passes, however it is written', () => {
  for (const name of ['Accept', 'content-type', 'COOKIE', 'X-Custom', 'X-User', 'If-None-Match', 'Range', 'User-Agent'])
    assert.equal(passes(name), true, name);
});

test('no client says who it is by a field of the gateway, in any case', () => {
  for (const name of [
    'X-User-Id',
    'x-consumer-name',
    'X-AUTH-METHOD',
    'X-Internal-Anything',
    'X-Forwarded-For',
    'Forwarded',
  ])
    assert.equal(passes(name), false, name);
});

test('an underscore does not stand for the dash: a service may read it as one', () => {
  for (const name of ['X_User_Id', 'x_user-id', 'x-user_id', 'Content_Type']) assert.equal(passes(name), false, name);
});

test('fields of one hop, and those that frame the message, are not sent on', () => {
  for (const name of [
    'Connection',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'Content-Length',
    'Host',
    'Proxy-Authorization',
  ])
    assert.equal(passes(name), false, name);
});

test('nothing overrides the path and the method that were checked', () => {
  for (const name of ['X-Original-URL', 'X-Rewrite-URL', 'X-HTTP-Method-Override', 'X-Method-Override'])
    assert.equal(passes(name), false, name);
});

test('a field that carries a credential passes only where the route does not take it', () => {
  assert.equal(passes('Authorization'), true);
  assert.equal(passes('Authorization', ['authorization']), false);
  assert.equal(passes('X-Api-Key', ['authorization']), true);
});

test('made-up names take bounded memory, and change no verdict', () => {
  const filter = createHeaderFilter([]);
  for (let number = 0; number < 10_000; number++) assert.equal(filter.passes(`x-${number}`), true);
  assert.ok(filter.remembered <= 1_000, `${filter.remembered} remembered`);
  const { remembered } = filter;
  assert.equal(filter.passes(`x-user-${'a'.repeat(16_000)}`), false);
  assert.equal(filter.remembered, remembered, 'a long name is not remembered');
  assert.equal(filter.passes('x-user-id'), false);
});
