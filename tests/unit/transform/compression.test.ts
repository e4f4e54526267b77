import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  codedFields,
  compressOption,
  createCompression,
  forbidsTransform,
  unchangedFields,
  variedFields,
  withStrongTags,
} from '../../../src/transform/compression.ts';

test('the usual types are compressed, with parameters or without; event streams and films never are', () => {
  const { isCompressible } = createCompression(compressOption.parse({}));
  for (const type of [
    'text/html; charset=utf-8',
    'Text/Plain',
    'application/json',
    'application/problem+json',
    'image/svg+xml',
    'application/wasm',
    'text/javascript',
  ])
    assert.ok(isCompressible({ 'content-type': type }), type);
  for (const type of [
    'text/event-stream',
    'text/event-stream; charset=utf-8',
    'image/png',
    'video/mp4',
    'font/woff2',
    '',
  ])
    assert.ok(!isCompressible({ 'content-type': type }), type);
  assert.ok(!isCompressible({}));
});

test('a route names its own types, and can not name event streams', () => {
  const { isCompressible } = createCompression(compressOption.parse({ types: ['text/*', 'application/*+zip'] }));
  assert.ok(isCompressible({ 'content-type': 'application/epub+zip' }));
  assert.ok(!isCompressible({ 'content-type': 'application/json' }));
  assert.ok(!isCompressible({ 'content-type': 'text/event-stream' }));
  for (const type of ['*/*', 'text', 'Text/html', 'text/html; charset=utf-8'])
    assert.ok(!compressOption.safeParse({ types: [type] }).success, type);
});

test('what is true of the plain content alone goes, and a strong tag becomes weak', () => {
  const plain = {
    'content-type': 'text/plain',
    'content-length': '5000',
    'accept-ranges': 'bytes',
    'content-digest': 'sha-256=:x:',
    etag: '"a"',
  };
  assert.deepEqual(codedFields(plain, 'br'), { 'content-type': 'text/plain', 'content-encoding': 'br', etag: 'W/"a"' });
  assert.equal(codedFields({ etag: 'W/"a"' }, 'br')['etag'], 'W/"a"');
});

test('Vary is joined with what is there', () => {
  assert.equal(variedFields({})['vary'], 'Accept-Encoding');
  assert.equal(variedFields({ vary: 'Origin' })['vary'], 'Origin, Accept-Encoding');
  assert.equal(variedFields({ vary: ['accept-encoding', 'Origin'] })['vary'], 'accept-encoding, Origin');
  assert.equal(variedFields({ vary: '*' })['vary'], '*');
});

test('a 304 has the tag that the client has shown', () => {
  assert.equal(unchangedFields({ etag: '"a"' }, 'W/"b", W/"a"')['etag'], 'W/"a"');
  assert.equal(unchangedFields({ etag: '"a"' }, '"a"')['etag'], '"a"');
  assert.equal(unchangedFields({ etag: 'W/"a"' }, 'W/"a"')['etag'], 'W/"a"');
});

test('beside a weak tag of If-Match stands the strong one that it was made from', () => {
  assert.equal(withStrongTags('W/"a", "b", W/"c"'), 'W/"a", "a", "b", W/"c", "c"');
  assert.equal(withStrongTags('*'), '*');
});

test('no-transform is seen among other directives', () => {
  assert.ok(forbidsTransform('public, No-Transform'));
  assert.ok(forbidsTransform(['max-age=1', 'no-transform']));
  assert.ok(!forbidsTransform('no-store'));
  assert.ok(!forbidsTransform(undefined));
});
