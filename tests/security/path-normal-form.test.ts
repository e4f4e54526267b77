import assert from 'node:assert/strict';
import { it } from 'node:test';
import { GatewayError } from '../../src/errors.ts';
import { type NormalizedTarget, normalizeTarget } from '../../src/routing/normalize.ts';
import { createRandom } from '../support/random.ts';

const random = createRandom(6232);
const PARTS = [
  '/',
  '/',
  '.',
  '..',
  '%2e',
  '%2F',
  '%2f',
  '%41',
  '%7E',
  '%20',
  '%25',
  '%',
  '%c3%a9',
  'a',
  'Z',
  '~',
  ';',
  ':',
  '@',
  '?',
  '\\',
  '#',
];

function anyUrl(): string {
  let url = '/';
  for (let length = random() * 12; length > 0; length -= 1) url += PARTS[Math.floor(random() * PARTS.length)];
  return url;
}

function anyOctets(): string {
  let url = '/';
  for (let length = random() * 12; length > 0; length -= 1) url += String.fromCharCode(Math.floor(random() * 256));
  return url;
}

/** The normal forms of many random targets, those that are refused left out. */
function* normalForms(make: () => string, rounds: number): Generator<NormalizedTarget> {
  for (let round = 0; round < rounds; round += 1) {
    const url = make();
    try {
      yield normalizeTarget(url);
    } catch (error) {
      assert.ok(error instanceof GatewayError && error.code === 'bad_path', `${JSON.stringify(url)}: ${error}`);
    }
  }
}

it('normalising twice is normalising once', () => {
  let seen = 0;
  for (const { path, query } of normalForms(anyUrl, 30_000)) {
    seen += 1;
    const again = normalizeTarget(path + query);
    assert.equal(again.path, path);
    assert.equal(again.query, query);
  }
  assert.ok(seen > 1_000);
});

it('a normal path has no dot segments, no empty segments, and is never longer than what came', () => {
  for (const { path, rawPath } of normalForms(anyUrl, 30_000)) {
    assert.doesNotMatch(path, /\/\.{1,2}(?:\/|;|$)|\/\/|\\|#|\?/, path);
    assert.ok(path.startsWith('/') && path.length <= rawPath.length, path);
  }
});

it('a normal path has escapes in capitals only, and none that hides an unreserved or control character', () => {
  for (const { path } of normalForms(anyUrl, 30_000)) {
    for (const [triplet] of path.matchAll(/%.{0,2}/g)) {
      assert.match(triplet, /^%[0-9A-F]{2}$/, path);
      assert.doesNotMatch(
        String.fromCharCode(Number.parseInt(triplet.slice(1), 16)),
        /[A-Za-z0-9._~\-\\\p{Cc}]/u,
        path,
      );
    }
  }
});

it('whatever octets come, what passes is printable ASCII and nothing else is thrown than a refusal', () => {
  for (const { path, query } of normalForms(anyOctets, 60_000)) assert.match(path + query, /^[\x21-\x7e]+$/);
});
