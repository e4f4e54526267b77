import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheControlFor } from '../../../src/files/cache-rule.ts';

const TERMS = { maxAgeMs: 3_600_000, immutable: ['/assets/'], isPrivate: false };

test('a file is kept as long as the route says, a page is asked for each time', () => {
  assert.equal(cacheControlFor('/logo.png', TERMS), 'public, max-age=3600');
  assert.equal(cacheControlFor('/index.html', TERMS), 'no-cache');
  assert.equal(cacheControlFor('/logo.png', { ...TERMS, maxAgeMs: 0 }), 'no-cache');
});

test('what never changes under its name is kept for a year', () => {
  assert.equal(cacheControlFor('/assets/app-1a2b.js', TERMS), 'public, max-age=31536000, immutable');
  assert.equal(cacheControlFor('/assets-old/app.js', TERMS), 'public, max-age=3600');
});

test('no shared cache keeps what only a proven caller gets', () => {
  const secret = { ...TERMS, isPrivate: true };
  assert.equal(cacheControlFor('/logo.png', secret), 'private, max-age=3600');
  assert.equal(cacheControlFor('/index.html', secret), 'private, no-cache');
  assert.equal(cacheControlFor('/assets/a.js', secret), 'private, max-age=31536000, immutable');
});
