import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findAtPointer } from '../../../../src/lib/json-pointer.ts';
import { DocumentFault } from '../../../../src/validate/document-fault.ts';
import { type Direction, SchemaSet } from '../../../../src/validate/openapi/schema-set.ts';

function convert(schema: object, version: '3.0' | '3.1' = '3.0', direction: Direction = 'request', more: object = {}) {
  const root = { s: schema, ...more };
  const set = new SchemaSet({ version, root }, direction);
  const key = set.add(schema, '/s');
  return { set, schema: findAtPointer(set.root, key.slice(1)) };
}

test('the words of 3.0 become those of JSON Schema', () => {
  assert.deepEqual(convert({ type: 'string', nullable: true, example: 'x', xml: {} }).schema, {
    type: ['string', 'null'],
  });
  assert.deepEqual(convert({ type: 'string', nullable: true, enum: ['a'] }).schema, {
    anyOf: [{ type: 'string', enum: ['a'] }, { type: 'null' }],
  });
  assert.deepEqual(convert({ minimum: 1, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false }).schema, {
    exclusiveMinimum: 1,
    maximum: 9,
  });
  const other = { other: { type: 'integer' } };
  assert.deepEqual(convert({ $ref: '#/other', description: 'x', minimum: 1 }, '3.0', 'request', other).schema, {
    $ref: '#/$defs/1',
  });
});

test('in 3.1 they are those of JSON Schema already, and count beside a reference too', () => {
  assert.deepEqual(convert({ type: ['string', 'null'], nullable: true, exclusiveMinimum: 1 }, '3.1').schema, {
    type: ['string', 'null'],
    exclusiveMinimum: 1,
  });
  const { schema } = convert({ $ref: '#/s', minProperties: 1 }, '3.1');
  assert.deepEqual(schema, { $ref: '#/$defs/0', minProperties: 1 });
});

test('a property that is called as a keyword is a property', () => {
  const properties = { nullable: { type: 'boolean' }, example: { type: 'string' }, $ref: { type: 'string' } };
  assert.deepEqual(convert({ properties }).schema, { properties });
});

test('what only the other direction has need not be there', () => {
  const schema = {
    required: ['id', 'secret', 'name'],
    properties: { id: { readOnly: true }, secret: { $ref: '#/secret' }, name: {} },
  };
  const more = { secret: { writeOnly: true } };
  const required = (direction: Direction) =>
    (convert(schema, '3.0', direction, more).schema as { required: string[] }).required;
  assert.deepEqual(required('request'), ['secret', 'name']);
  assert.deepEqual(required('answer'), ['id', 'name']);
});

test('what leads out of the document, to nothing, or needs backtracking is told with its place', () => {
  const faultOf = (schema: object) => {
    try {
      convert(schema);
    } catch (error) {
      if (error instanceof DocumentFault) return `${error.pointer} ${error.message}`;
      throw error;
    }
    return 'none';
  };
  assert.match(faultOf({ properties: { a: { $ref: 'other.yaml' } } }), /^\/s\/properties\/a\/\$ref .* leads out of/);
  assert.match(faultOf({ items: { $ref: '#/x' } }), /^\/s\/items\/\$ref .* leads to nothing/);
  assert.match(faultOf({ allOf: [{ pattern: '(?=a)' }] }), /^\/s\/allOf\/0\/pattern lookaround/);
  assert.match(faultOf({ items: 7 }), /^\/s\/items expected a schema/);
});
