import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePasswordHash } from '../../../src/auth/password.ts';

test('a password hash that would take too much memory is refused', () => {
  const tail = `${'a'.repeat(22)}$${'b'.repeat(43)}`;
  assert.throws(() => parsePasswordHash(`scrypt$1048576$8$1$${tail}`));
  assert.throws(() => parsePasswordHash(`scrypt$1000$8$1$${tail}`));
  assert.throws(() => parsePasswordHash('scrypt$x'));
  assert.equal(parsePasswordHash(`scrypt$16384$8$1$${tail}`).parameters.N, 16_384);
});
