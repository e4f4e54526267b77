import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPlainUri } from '../../../src/mcp/plain-uri.ts';

test('a URI that is written as it is compared is taken', () => {
  for (const uri of [
    'file:///a/b.txt',
    'note://x/y?z=1#f',
    'urn:isbn:1',
    'https://host:8080/a..b/c.d/',
    'file:///a%20b',
    'db://{table}/{id}',
  ])
    assert.equal(isPlainUri(uri), true, uri);
});

test('a URI that somebody else may read as another one is not', () => {
  const odd = [
    '',
    'a',
    '/a',
    'File:///a',
    'https://HOST/a',
    'file:///a/../b',
    'file:///a/.',
    'file:..',
    'file:///a\\b',
  ];
  for (const uri of [
    ...odd,
    'file:///%61',
    'file:///a%2fb',
    'file:///a%2Fb',
    'file:///%2E%2E/b',
    'file:///a%',
    'file:///a%00',
  ])
    assert.equal(isPlainUri(uri), false, uri);
});
