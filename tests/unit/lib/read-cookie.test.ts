import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCookie } from '../../../src/lib/read-cookie.ts';

test('a cookie is found at any place, with its value as it was sent', () => {
  assert.equal(readCookie('id=1', 'id'), '1');
  assert.equal(readCookie('a=0; id=a=b%20c; z=9', 'id'), 'a=b%20c');
  assert.equal(readCookie('a=0;id=tight', 'id'), 'tight');
  assert.equal(readCookie('a=0;   id=far', 'id'), 'far');
  assert.equal(readCookie('id=; a=0', 'id'), '');
});

test('of two cookies of one name the first counts', () => {
  assert.equal(readCookie('id=first; id=second', 'id'), 'first');
});

test('a name is the whole name, in its own case', () => {
  for (const header of ['xid=1', 'id2=1', 'ID=1', 'a=id=1', 'a="; id', 'id', ' ; ;', ''])
    assert.equal(readCookie(header, 'id'), undefined, JSON.stringify(header));
  assert.equal(readCookie(undefined, 'id'), undefined);
});
