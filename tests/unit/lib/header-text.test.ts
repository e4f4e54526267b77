import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeHeaderText } from '../../../src/lib/header-text.ts';

test('visible ASCII stays as it is', () => {
  for (const text of ['', 'user-1', 'a.b@c.test', 'auth0|x', '{"a":"b"}']) assert.equal(encodeHeaderText(text), text);
});

test('nothing ends the field, or splits its value in two', () => {
  assert.equal(encodeHeaderText('a\r\nX-User-Id: root'), 'a%0D%0AX-User-Id:%20root');
  assert.equal(encodeHeaderText('admin, user'), 'admin%2C%20user');
  assert.equal(encodeHeaderText('\0\x7f'), '%00%7F');
});

test('other letters are their UTF-8, and decode to themselves', () => {
  assert.equal(encodeHeaderText('Zoë'), 'Zo%C3%AB');
  for (const text of ['Zoë 100%', '日本, 語', '💶', 'a%2Cb'])
    assert.equal(decodeURIComponent(encodeHeaderText(text)), text);
});

test('two texts are never one value', () => {
  assert.notEqual(encodeHeaderText('a,b'), encodeHeaderText('a%2Cb'));
  assert.equal(encodeHeaderText('\ud800'), '%EF%BF%BD', 'but for halves of letters, which no UTF-8 has');
});
