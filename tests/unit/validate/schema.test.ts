import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../../src/lib/json-object.ts';
import { compileSchema, InvalidSchema } from '../../../src/validate/schema.ts';

function faultOf(schema: JsonObject): string {
  try {
    compileSchema(schema, true);
  } catch (error) {
    assert.ok(error instanceof InvalidSchema);
    return error.faults.map(({ pointer, message }) => `${pointer}: ${message}`).join();
  }
  return 'none';
}

test('a schema that is never done is refused, with its place', () => {
  assert.equal(faultOf({ allOf: [{ $ref: '#' }] }), '/allOf: "allOf" leads back to this schema itself');
  const $defs = { x: { $ref: '#/$defs/y' }, y: { $ref: '#/$defs/x' } };
  assert.match(faultOf({ properties: { a: { $ref: '#/$defs/x' } }, $defs }), /"\$ref" leads back/);
});

test('a schema may refer to itself for what stands in a value, and where another branch ends', () => {
  assert.equal(faultOf({ properties: { next: { $ref: '#' } } }), 'none');
  assert.equal(faultOf({ anyOf: [{ type: 'string' }, { $ref: '#' }] }), 'none');
  const $defs = { all: { allOf: [{ $ref: '#/$defs/one' }, { $ref: '#/$defs/one' }] }, one: { type: 'string' } };
  assert.equal(faultOf({ $ref: '#/$defs/all', $defs }), 'none');
});

test('a list of no values is refused, with its place', () => {
  assert.equal(faultOf({ properties: { a: { enum: [] } } }), '/properties/a/enum: expected a value at least');
});
