import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GatewayError } from '../../../src/errors.ts';
import { normalizeTarget } from '../../../src/routing/normalize.ts';

const refuses = (url: string, code = 'bad_path') =>
  assert.throws(
    () => normalizeTarget(url),
    (error) => error instanceof GatewayError && error.code === code,
    url,
  );

describe('normalizeTarget', () => {
  it('leaves a path that needs nothing as it is', () => {
    for (const path of ['/', '/api/users', '/api/users/', '/a.b/.c/d..', "/a:b@c!$&'()*+,=", '/a;v=1']) {
      assert.equal(normalizeTarget(path).path, path);
    }
  });

  it('resolves dot segments and merges slashes', () => {
    const rows = [
      ['/a/./b', '/a/b'],
      ['/a/../b', '/b'],
      ['/a/b/..', '/a/'],
      ['/a/b/.', '/a/b/'],
      ['/a/..', '/'],
      ['//a///b//', '/a/b/'],
      ['/a/%2e%2E/b', '/b'],
      ['/a/.%2e/b', '/b'],
    ] as const;
    for (const [url, path] of rows) assert.equal(normalizeTarget(url).path, path, url);
  });

  it('decodes unreserved characters once and writes other escapes in capitals', () => {
    assert.equal(normalizeTarget('/%7ejoe/%41%2d%5f').path, '/~joe/A-_');
    assert.equal(normalizeTarget('/caf%c3%a9/a%20b').path, '/caf%C3%A9/a%20b');
    assert.equal(normalizeTarget('/%252e%252e/x').path, '/%252e%252e/x');
  });

  it('keeps an encoded slash as one opaque character, and says that escapes are left', () => {
    const target = normalizeTarget('/files/a%2fb');
    assert.equal(target.path, '/files/a%2Fb');
    assert.equal(target.hasEscapes, true);
    assert.equal(normalizeTarget('/files/%7Ea%20%C3%A9').hasEscapes, false);
    assert.equal(normalizeTarget('/files/a%3F').hasEscapes, true);
  });

  it('keeps the query as it came', () => {
    assert.equal(normalizeTarget('/a?b=%zz/../c?d').query, '?b=%zz/../c?d');
    assert.equal(normalizeTarget('/a?').query, '?');
    assert.equal(normalizeTarget('/a').query, '');
    assert.equal(normalizeTarget('/a/../b?c').path, '/b');
  });

  it('keeps the path as it came beside the normal one', () => {
    assert.equal(normalizeTarget('/a//b%2f?c').rawPath, '/a//b%2f');
  });

  it('reduces the absolute form to its path and tells the authority', () => {
    const target = normalizeTarget('http://other.example:8080/a/../b?c=1');
    assert.deepEqual([target.path, target.query, target.authority], ['/b', '?c=1', 'other.example:8080']);
    assert.equal(normalizeTarget('HTTPS://other.example').path, '/');
    assert.equal(normalizeTarget('http://other.example?q').query, '?q');
    assert.equal(normalizeTarget('/a').authority, undefined);
  });

  it('refuses a target that is no path', () => {
    for (const url of ['', '*', 'example.com:443', 'a/b', '?a', 'ftp://h/a', 'http:///a', 'http://u:p@h/a'])
      refuses(url);
  });

  it('refuses a path that climbs above the root', () => {
    for (const url of ['/..', '/../a', '/a/../../b', '/%2e%2e/a', '//../a', '/./../a']) refuses(url);
  });

  it('refuses malformed escapes, control characters and backslashes, plain or escaped', () => {
    for (const url of ['/%', '/%4', '/a%zz', '/%4g', '/%u002e', '/%00', '/%0a', '/%7F', '/a\\b', '/a%5Cb', '/a%5cb']) {
      refuses(url);
    }
    for (const url of [
      '/a\tb',
      '/a b',
      '/a\u0000',
      '/a\u007f',
      '/caf\u00e9',
      '/a\u2215b',
      '/a#b',
      '/a?b#c',
      '/a?b\u00e9',
      '/a?b\n',
    ]) {
      refuses(url);
    }
  });

  it('answers 414 over 8 KiB, whatever is in it', () => {
    assert.equal(normalizeTarget(`/${'a'.repeat(8191)}`).path.length, 8192);
    refuses(`/${'a'.repeat(8192)}`, 'uri_too_long');
    refuses(`/?${'%'.repeat(8192)}`, 'uri_too_long');
  });
});
