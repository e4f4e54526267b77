import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coerceList, coerceText, kindOf, kindsOf } from '../../../src/validate/coerce.ts';

test('a text becomes what its schema names, and else stays a text', () => {
  const read = (text: string, schema: object) => coerceText(text, kindOf(schema, schema));
  assert.equal(read('5', { type: 'integer' }), 5);
  assert.equal(read('5.5', { type: 'integer' }), '5.5');
  assert.equal(read('5.5', { type: 'number' }), 5.5);
  assert.equal(read('5', { type: 'string' }), '5');
  assert.equal(read('5', {}), '5');
  assert.equal(read('5', { type: ['string', 'integer'] }), 5);
  assert.equal(read('true', { type: 'boolean' }), true);
  assert.equal(read('1', { type: 'boolean' }), '1');
  assert.equal(read('1e999', { type: 'number' }), '1e999');
});

test('types are found through references, choices and the values that a schema lists', () => {
  const read = (text: string, schema: object) => coerceText(text, kindOf(schema, schema));
  assert.equal(read('5', { $ref: '#/$defs/a', $defs: { a: { type: 'integer' } } }), 5);
  assert.equal(read('5', { anyOf: [{ type: 'integer' }, { enum: ['all'] }] }), 5);
  assert.equal(read('all', { anyOf: [{ type: 'integer' }, { enum: ['all'] }] }), 'all');
  assert.equal(read('5', { enum: [5, 6] }), 5);
  assert.equal(read('5', { const: 5 }), 5);
  assert.equal(read('5', { $ref: '#' }), '5');
});

test('the items of a list are read each by its schema', () => {
  const schema = { type: 'array', items: { type: 'integer' } };
  assert.deepEqual(coerceList(['1', 'x'], kindOf(schema, schema)), [1, 'x']);
});

test('properties are gathered from all that a schema is made of, and own ones alone', () => {
  const schema = {
    allOf: [{ properties: { a: { type: 'integer' } } }, { $ref: '#/$defs/more' }],
    $defs: { more: { properties: { b: { type: 'boolean' } }, additionalProperties: false } },
  };
  const { byName, allowsOthers } = kindsOf(schema, schema);
  assert.deepEqual([...byName.keys()], ['a', 'b']);
  assert.equal(allowsOthers, false);
  assert.equal(byName.get('constructor'), undefined);
});
