import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHeaderFilter } from '../../src/lib/header-filter.ts';

/**
 * The attack: requests with ever new header names, to fill what the gateway remembers of names: with long ones its
 * memory, per route and for good, or with enough of them the whole of it, so that nobody else's are remembered.
 */
test('long names are judged and not remembered', () => {
  const filter = createHeaderFilter([]);
  const long = 'x'.repeat(15_000);
  for (let i = 0; i < 2_000; i += 1) assert.equal(filter.passes(`${long}${i}`), true);
  assert.equal(filter.passes(`x-user-${long}`), false);
  assert.equal(filter.passes(`${long}_`), false);
  assert.equal(filter.remembered, 0);
});

test('a flood of names pushes out what was remembered, and never blocks it', () => {
  const filter = createHeaderFilter(['x-api-key']);
  for (let i = 0; i < 100_000; i += 1) filter.passes(`x-${i}`);
  assert.ok(filter.remembered <= 1_000, String(filter.remembered));
  const before = filter.remembered;
  assert.equal(filter.passes('Accept'), true);
  assert.equal(filter.passes('X-API-Key'), false);
  assert.ok(filter.remembered !== before, 'a name that comes after the flood is remembered');
});
