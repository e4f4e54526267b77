import assert from 'node:assert/strict';
import { test } from 'node:test';
import { qualify } from '../../../src/lib/qualify.ts';

test('no two pairs of owner and name are the same text', () => {
  const owners = [undefined, 'a', 'a>b', '<a', 'a%3Eb', 'a>', '<', 'https://a.example/'];
  const names = ['u', 'b>u', '<a>u', '<<a>u', '>u', '', '<'];
  const texts = owners.flatMap((owner) => names.map((name) => qualify(owner, name)));
  assert.equal(new Set(texts).size, texts.length, texts.join('\n'));
});

test('what has no owner, or a plain one, can be read', () => {
  assert.equal(qualify(undefined, 'u1'), 'u1');
  assert.equal(qualify('https://a.example/', 'u1'), '<https://a.example/>u1');
});
