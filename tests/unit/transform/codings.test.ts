import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODINGS, chooseCoding } from '../../../src/transform/codings.ts';

const chosen = (field: string | undefined): string | undefined => chooseCoding(field, CODINGS).coding;

test('the best of what a client accepts is chosen, among equals the first that is offered', () => {
  assert.equal(chosen('gzip, deflate, br, zstd'), 'zstd');
  assert.equal(chosen('gzip, deflate, br'), 'br');
  assert.equal(chosen('br;q=0.5, gzip;q=0.8'), 'gzip');
  assert.equal(chosen('x-gzip'), 'gzip');
  assert.equal(chosen('*'), 'zstd');
  assert.equal(chosen('*, zstd;q=0'), 'br');
  assert.equal(chooseCoding('br, gzip', ['gzip', 'br']).coding, 'gzip');
});

test('nothing is chosen where a client accepts nothing of it, or likes it less than plain content', () => {
  for (const field of [
    undefined,
    '',
    ' ',
    'identity',
    'deflate',
    'gzip;q=0',
    '*;q=0',
    'gzip;q=0.5, identity',
    'gzip;q=9',
  ]) {
    assert.equal(chosen(field), undefined, field);
  }
  assert.equal(chosen('gzip, identity'), 'gzip');
});

test('a client that refuses plain content is known as one', () => {
  assert.deepEqual(chooseCoding('gzip, identity;q=0', CODINGS), { coding: 'gzip', refusesPlain: true });
  assert.deepEqual(chooseCoding('gzip, *;q=0', CODINGS), { coding: 'gzip', refusesPlain: true });
  assert.deepEqual(chooseCoding('gzip, *;q=0, identity;q=0.1', CODINGS), { coding: 'gzip', refusesPlain: false });
  // What can be read is better than none.
  assert.deepEqual(chooseCoding('identity;q=0', CODINGS), { coding: undefined, refusesPlain: false });
});
