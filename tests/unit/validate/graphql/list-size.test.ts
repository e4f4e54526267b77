import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldNode, OperationDefinitionNode } from 'graphql/language/ast';
import { parseJsonExactly } from '../../../../src/lib/json-text.ts';
import { createListSize } from '../../../../src/validate/graphql/list-size.ts';
import { parseQuery } from '../../../../src/validate/graphql/parse-query.ts';

const NAMES = new Set(['first', 'limit']);

function sizeOf(text: string, variables = '{}'): number {
  const { definitions } = parseQuery(text, { maxTokens: 1000, maxBytes: 10_000 });
  const operations = definitions as readonly OperationDefinitionNode[];
  const all = operations.flatMap(({ variableDefinitions = [] }) => variableDefinitions);
  const listSize = createListSize(NAMES, parseJsonExactly(variables) as Readonly<Record<string, unknown>>, all);
  return listSize(operations[0]?.selectionSet.selections[0] as FieldNode);
}

test('the largest of the arguments that name a size counts, and at least 1', () => {
  assert.equal(sizeOf('{ a }'), 1);
  assert.equal(sizeOf('{ a(first: 10) }'), 10);
  assert.equal(sizeOf('{ a(first: 10, limit: 20, other: 99) }'), 20);
  assert.equal(sizeOf('{ a(first: 0) }'), 1);
  assert.equal(sizeOf('{ a(first: null) }'), 1);
  assert.equal(sizeOf('{ a(first: true) }'), 1);
});

test('what a service might take for a number counts as one', () => {
  assert.equal(sizeOf('{ a(first: -50) }'), 50);
  assert.equal(sizeOf('{ a(first: "50") }'), 50);
  assert.equal(sizeOf('{ a(first: 1.5e3) }'), 1500);
  assert.equal(sizeOf('{ a(first: 99999999999999999999) }'), 1e20);
  assert.equal(sizeOf('{ a(first: "Bob") }'), 1);
  assert.equal(sizeOf('{ a(first: "") }'), 1);
});

test('input objects are looked into', () => {
  assert.equal(sizeOf('{ a(page: { first: 30 }) }'), 30);
  assert.equal(sizeOf('{ a(page: { of: { limit: 40 } }) }'), 40);
  assert.equal(sizeOf('query($p: P) { a(page: $p) }', '{ "p": { "first": 30 } }'), 30);
  assert.equal(sizeOf('query($n: Int) { a(page: { first: $n }) }', '{ "n": 30 }'), 30);
});

test('lists are looked into, of input objects and of each other', () => {
  assert.equal(sizeOf('{ a(page: [{ first: 30 }, { first: 40 }, 5]) }'), 40);
  assert.equal(sizeOf('{ a(page: [[{ of: [{ limit: 40 }] }]]) }'), 40);
  assert.equal(sizeOf('{ a(first: [[50]]) }'), 50);
  assert.equal(sizeOf('{ a(other: [50]) }'), 1);
  assert.equal(sizeOf('query($p: P) { a(page: $p) }', '{ "p": [{ "first": 30 }] }'), 30);
  assert.equal(sizeOf('query($p: P) { a(page: $p) }', '{ "p": [[{ "first": 30 }]] }'), 30);
  assert.equal(sizeOf('query($n: Int) { a(page: [{ first: $n }]) }', '{ "n": [30] }'), 30);
  assert.equal(sizeOf('query($p: P = [{ first: 9 }]) { a(page: $p) }'), 9);
});

test('a variable has what is sent, else its default: the largest of those of all operations', () => {
  const text = 'query A($n: Int = 5) { a(first: $n) } query B($n: Int = 70) { b }';
  assert.equal(sizeOf(text), 70);
  assert.equal(sizeOf(text, '{ "n": 8 }'), 8);
  assert.equal(sizeOf(text, '{ "n": null }'), 1);
  assert.equal(sizeOf('query($n: Int) { a(first: $n) }'), 1);
  assert.equal(sizeOf('query($p: P = { first: 9 }) { a(page: $p) }'), 9);
});

test('a large variable that many fields name is looked at once', () => {
  const value = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, { first: i }]));
  const fields = Array.from({ length: 5000 }, () => 'a(x: $v, page: { y: $v })').join(' ');
  const { definitions } = parseQuery(`query($v: V) { ${fields} }`, { maxTokens: 100_000, maxBytes: 1_000_000 });
  const [operation] = definitions as readonly OperationDefinitionNode[];
  const listSize = createListSize(NAMES, { v: value }, operation?.variableDefinitions ?? []);
  const sizes = operation?.selectionSet.selections.map((field) => listSize(field as FieldNode)) ?? [];
  assert.equal(sizes.length, 5000);
  assert.ok(sizes.every((size) => size === 49_999));
});

test('numbers beyond a double count, and names of prototypes are none of a variable', () => {
  assert.equal(sizeOf('query($n: Int) { a(first: $n) }', '{ "n": 1e400 }'), Number.POSITIVE_INFINITY);
  assert.equal(sizeOf('query($n: Int) { a(first: $n) }', '{ "n": 10000000000000000000 }'), 1e19);
  assert.equal(sizeOf('query($constructor: Int) { a(first: $constructor) }'), 1);
});
