import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dealtWith, NAMED } from '../../../../src/explain/what-if/stage-terms.ts';
import { STAGES } from '../../../../src/stages.ts';

test('every stage that is named here is one', () => {
  const names: readonly string[] = STAGES.map(({ name }) => name);
  assert.deepEqual(
    NAMED.filter((name) => !names.includes(name)),
    [],
  );
});

test('a stage that nobody has thought of is none that is judged', () => {
  assert.equal(dealtWith('authorize'), 'judged');
  assert.equal(dealtWith('rateLimit'), 'limit');
  assert.equal(dealtWith('graphql'), 'unknowable');
  assert.equal(dealtWith('forward'), 'told');
  assert.equal(dealtWith('tenant'), 'own');
});
