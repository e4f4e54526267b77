import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileOptions } from '../../../src/validate/own-options.ts';

const schema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    more: { type: 'object', properties: { depth: { type: 'integer', default: 3, maximum: 9 } } },
    kind: { enum: ['a', 'b'], default: 'a' },
  },
  required: ['name'],
  additionalProperties: false,
};

test('defaults fill what is missing, however deep, and the given value stays as it is', () => {
  const given = { name: 'x', more: {} };
  assert.deepEqual(compileOptions(schema)(given), { value: { name: 'x', more: { depth: 3 }, kind: 'a' }, faults: [] });
  assert.deepEqual(given, { name: 'x', more: {} });
});

test('faults have a place, and words', () => {
  const faultsOf = (value: unknown) => compileOptions(schema)(value).faults;
  assert.deepEqual(faultsOf({}), [{ path: [], message: '"name" is missing' }]);
  assert.deepEqual(faultsOf({ name: 'x', nmae: 1 }), [
    { path: ['nmae'], message: 'unknown key: did you mean "name"?' },
  ]);
  assert.deepEqual(faultsOf({ name: 'x', more: { depth: 10 } }), [
    { path: ['more', 'depth'], message: 'must be <= 9' },
  ]);
  assert.deepEqual(faultsOf({ nmae: 'x' }), [{ path: ['nmae'], message: 'unknown key: did you mean "name"?' }]);
  assert.match(String(faultsOf({ name: 'x', kind: 'c' })[0]?.message), /: a, b$/);
  assert.equal(faultsOf(JSON.parse('{ "name": "x", "__proto__": {} }')).length, 1);
});

test('what is no schema is told', () => {
  assert.throws(() => compileOptions({ type: 'text' }), /type/);
  assert.throws(() => compileOptions({ tpye: 'string' }), /tpye/);
});
