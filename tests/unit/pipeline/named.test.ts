import assert from 'node:assert/strict';
import { test } from 'node:test';
import { named } from '../../../src/pipeline/named.ts';

test('a handler is called by the name of its stage, whatever it was bundled as', () => {
  const handler = named(function refuse3() {}, 'refuse');
  assert.equal(handler.name, 'refuse');
});
