import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeStored, encodeStored } from '../../../src/cache/stored-text.ts';

const ENTRY = {
  status: 200,
  fields: { etag: '"a"', vary: ['a', 'b'] },
  body: Buffer.from([0, 255, 10, 13]),
  askedAtMs: 1,
  bornAtMs: 2,
  route: 'r',
  path: '/x',
  tags: ['t'],
  lifetimeMs: 1000,
  isAlwaysAsked: false,
  isStrict: true,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 5,
};

test('what is stored is read as it was', () => {
  assert.deepEqual(decodeStored(encodeStored(ENTRY, 'n', 'm'), 'n', 'm'), ENTRY);
  assert.deepEqual(decodeStored(encodeStored({ vary: ['a'] }, 'n', 'm'), 'n', 'm'), { vary: ['a'] });
});

test('what was stored under another name, with another mark, or cut off, is none', () => {
  const text = encodeStored(ENTRY, 'n', 'm');
  assert.equal(decodeStored(text, 'other', 'm'), undefined);
  assert.equal(decodeStored(text, 'n', 'other'), undefined);
  for (const cut of [0, 1, 20, text.length - 4]) assert.equal(decodeStored(text.slice(0, cut), 'n', 'm'), undefined);
  for (const odd of [null, 1, '', '{}', 'null', '[]', '{"name":"n","mark":"m"}', 'x\ny'])
    assert.equal(decodeStored(odd, 'n', 'm'), undefined);
});
