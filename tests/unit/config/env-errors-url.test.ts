import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../../src/config/config-error.ts';
import { parseSettings } from '../../../src/config/env.ts';

const of = (url?: string): string => parseSettings(url === undefined ? {} : { ERRORS_URL: url }).errorsUrl;

test('the code comes behind ERRORS_URL, in a folder where it does not end otherwise', () => {
  assert.equal(of(), 'https://turnpike.dev/problems/');
  assert.equal(of('https://docs.example.com/errors'), 'https://docs.example.com/errors/');
  assert.equal(of('http://localhost:9901/errors/'), 'http://localhost:9901/errors/');
  assert.equal(of('https://docs.example.com/errors#'), 'https://docs.example.com/errors#');
  assert.equal(of('https://docs.example.com/?code='), 'https://docs.example.com/?code=');
});

test('ERRORS_URL is an address of HTTP, and nothing that breaks a header field', () => {
  for (const url of ['docs', 'javascript:alert(1)', 'https://', 'https://a/ b', 'https://a/>; rel="x"'])
    assert.throws(() => of(url), ConfigError, url);
});
