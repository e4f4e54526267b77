import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery } from '../../../../src/validate/graphql/parse-query.ts';
import { QueryFault } from '../../../../src/validate/graphql/query-fault.ts';

const SIZE = { maxTokens: 100, maxBytes: 1_000_000 };

function faultOf(text: string, size = SIZE): string {
  try {
    parseQuery(text, size);
  } catch (error) {
    assert.ok(error instanceof QueryFault);
    return error.message;
  }
  return '';
}

test('a document is parsed', () => {
  assert.equal(parseQuery('query A { é: a(x: "\u{1F600}") }'.replace('é', 'e'), SIZE).definitions.length, 1);
});

test('what is no GraphQL is told by its place, without a word of it', () => {
  assert.equal(faultOf('{ a(password: "hunter2" }'), 'no GraphQL, from line 1, column 25 on');
  assert.equal(faultOf('{\n  hunter2 "\n}'), 'no GraphQL, from line 2, column 12 on');
  assert.equal(faultOf(''), 'no GraphQL, from line 1, column 1 on');
});

test('the parser is asked for nothing that would use its stack up', () => {
  assert.equal(faultOf('{a'.repeat(100_000), { maxTokens: 1e9, maxBytes: 1e9 }), 'nested deeper than 256 levels');
  assert.equal(
    faultOf(`{ a(x: ${'['.repeat(100_000)}) }`, { maxTokens: 1e9, maxBytes: 1e9 }),
    'nested deeper than 256 levels',
  );
  assert.equal(
    faultOf(`query($x: ${'['.repeat(300)}Int`, { maxTokens: 1e9, maxBytes: 1e9 }),
    'nested deeper than 256 levels',
  );
});

test('words, comments and bytes are bounded', () => {
  assert.equal(faultOf(`{ ${'a '.repeat(98)}}`), '');
  assert.equal(faultOf(`{ ${'a '.repeat(99)}}`), 'more than 100 tokens');
  assert.equal(faultOf(`${'#\n'.repeat(101)}{ a }`), 'more than 100 tokens');
  assert.equal(faultOf('{ é }', { maxTokens: 100, maxBytes: 5 }), '6 bytes, at most 5');
});

test('words that look like the message of a bound are no bound', () => {
  assert.equal(faultOf('{ a } Document contains more'), 'no GraphQL, from line 1, column 7 on');
});
