import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNestedDeeperThan } from '../../../../src/validate/graphql/nesting.ts';

/** Of each document: how deep it is. */
const DEPTHS: readonly (readonly [string, string, number])[] = [
  ['selections', '{ a { b { c } } }', 3],
  ['brackets of every kind', '{ a(x: [{ y: [1] }]) }', 5],
  ['braces in a string', '{ a(x: "{{{{{{") }', 2],
  ['an escaped quote in a string', String.raw`{ a(x: "\"{{{{") }`, 2],
  ['an escaped backslash at the end of a string', String.raw`{ a(x: "\\") { b { c } } }`, 3],
  ['an empty string', '{ a(x: "") { b { c } } }', 3],
  ['braces in a comment', '{ a # {{{{{{\n { b } }', 2],
  ['a comment that a carriage return ends', '# {{{{\r{ a { b } }', 2],
  ['no line end to GraphQL', '# \u2028{{{{\n{ a }', 1],
  ['braces in a block string', '{ a(x: """ {{{{ " {{ """) }', 2],
  ['an escaped end of a block string', String.raw`{ a(x: """ {{ \""" {{ """) { b } }`, 2],
  ['a quote at the end of a block string', '{ a(x: """"b""") { c { d } } }', 3],
  ['an empty block string', '{ a(x: """""") { c { d } } }', 3],
  ['a quote in a comment', '{ a # "\n { b { c } } }', 3],
];

for (const [what, text, depth] of DEPTHS) {
  test(`${what}: ${depth} deep`, () => {
    assert.equal(isNestedDeeperThan(text, depth), false);
    assert.equal(isNestedDeeperThan(text, depth - 1), true);
  });
}

test('a string that is not closed ends with its line, where the lexer stops', () => {
  assert.equal(isNestedDeeperThan('{ a(x: "{{{\n{{{', 4), true);
  assert.equal(isNestedDeeperThan('{ a(x: "{{{\\\n{{{', 4), true);
  assert.equal(isNestedDeeperThan('{ a(x: """{{{\n{{{', 4), false);
});

test('a hundred thousand levels are found in one pass', () => {
  assert.equal(isNestedDeeperThan('{a'.repeat(100_000), 256), true);
  assert.equal(isNestedDeeperThan('"'.repeat(1_000_000), 256), false);
  assert.equal(isNestedDeeperThan(`"""${'\\"""'.repeat(250_000)}`, 256), false);
});
