import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesOf, readListedQueries, sha256 } from '../../../../src/validate/graphql/listed-queries.ts';

test('a list is read by IDs and hashes, and its names are those of its operations', () => {
  const listed = readListedQueries({ a: 'query Hero { a }', b: '{ b }' });
  assert.deepEqual([...listed.keys()], ['a', sha256('query Hero { a }'), 'b', sha256('{ b }')]);
  assert.deepEqual([...namesOf(listed)], ['Hero']);
});

test('a hash is that of openssl and of Apollo', () => {
  assert.equal(sha256('{__typename}'), 'ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38');
});

test('each document that could never run is told, and the others stay', () => {
  const faults: string[] = [];
  const listed = readListedQueries({ a: '{', b: '{ ...F }', c: '{ c }' }, (id, { message }) =>
    faults.push(`${id}: ${message}`),
  );
  assert.deepEqual(faults, [
    'a: no GraphQL, from line 1, column 2 on',
    'b: it spreads a fragment that it does not have',
  ]);
  assert.equal(listed.size, 2);
});
