import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Measure, measureDocument, readDocument } from '../../../../src/validate/graphql/measure.ts';
import { parseQuery } from '../../../../src/validate/graphql/parse-query.ts';
import { QueryFault } from '../../../../src/validate/graphql/query-fault.ts';

const SIZE = { maxTokens: 1_000_000, maxBytes: 100_000_000 };
const LISTS = new Set(['first', 'last', 'limit']);

function measure(text: string, variables: Readonly<Record<string, unknown>> = {}): Measure {
  const [first] = measureDocument(readDocument(parseQuery(text, SIZE)), LISTS, variables);
  return first as Measure;
}

function faultOf(text: string): string {
  try {
    measure(text);
  } catch (error) {
    assert.ok(error instanceof QueryFault, String(error));
    return error.message;
  }
  return '';
}

test('depth is counted in fields, through fragments of both kinds', () => {
  assert.equal(measure('{ a }').depth, 1);
  assert.equal(measure('{ a { b } c { d { e } } }').depth, 3);
  assert.equal(measure('{ a { ... on T { b { ... { c } } } } }').depth, 3);
  assert.equal(measure('{ a { ...F } } fragment F on T { b { ...G } } fragment G on U { c { d } }').depth, 4);
});

test('aliases are counted wherever they are spread, those of __typename too', () => {
  assert.equal(measure('{ a: x b: x x }').aliases, 2);
  assert.equal(measure(`{ ${Array.from({ length: 100 }, (_, i) => `a${i}: __typename`).join(' ')} }`).aliases, 100);
  assert.equal(measure('{ ...F a { ...F } } fragment F on T { x: y z: y }').aliases, 4);
});

test('root fields are those of the operation, through fragments', () => {
  assert.equal(measure('{ a b { c d } ...F } fragment F on Query { e ... { f } }').width, 4);
});

test('directives are counted everywhere that one may stand', () => {
  const text = 'query($v: Int @d) @d { a @d @d ... @d { b } ...F @d } fragment F on T @d { c @d }';
  assert.equal(measure(text).directives, 8);
});

test('cost is one a field, times the lists around it', () => {
  assert.equal(measure('{ a { b c } }').cost, 3);
  assert.equal(measure('{ users(first: 100) { id name } }').cost, 300);
  assert.equal(measure('{ users(first: 10) { posts(last: 5) { id } } }').cost, 10 * (1 + 5 * 2));
  assert.equal(measure('query($n: Int) { users(limit: $n) { id } }', { n: 50 }).cost, 100);
  assert.equal(measure('{ ...F } fragment F on Q { users(first: 3) { id } }').cost, 6);
});

test('fragments that spread the next one twice cost linear time, and count as what they become', () => {
  const levels = 400;
  let text = '{ ...f0 }';
  for (let i = 0; i < levels; i++) text += ` fragment f${i} on T { x: a ...f${i + 1} ...f${i + 1} }`;
  text += ` fragment f${levels} on T { y: a }`;
  const { aliases, cost, width } = measure(text);
  assert.ok(aliases > 1e100 && cost > 1e100 && width > 1e100);
});

test('wide documents of many operations and fragments are measured in linear time', () => {
  const shared = ` fragment F on T { ${'a '.repeat(20_000)}}`;
  const operations = Array.from({ length: 5000 }, (_, i) => `query q${i} { ...F }`).join(' ');
  assert.equal(measure(operations + shared).cost, 20_000);
});

test('fragments that lead back to themselves are refused, used or not', () => {
  const circle = 'fragment a on T { ...b } fragment b on T { x { ...c } } fragment c on T { ...a }';
  assert.equal(faultOf(`{ ...a } ${circle}`), 'its fragments lead back to themselves');
  assert.equal(faultOf(`{ x } ${circle}`), 'its fragments lead back to themselves');
  assert.equal(faultOf('{ x } fragment a on T { ... { ...a } }'), 'its fragments lead back to themselves');
});

test('a chain of fragments that would use the stack up is refused', () => {
  const chain = (length: number): string =>
    `{ ...f0 } ${Array.from({ length }, (_, i) => `fragment f${i} on T { ...f${i + 1} }`).join(' ')} fragment f${length} on T { a }`;
  assert.equal(faultOf(chain(400)), '');
  assert.equal(faultOf(chain(20_000)), 'nested deeper than 500 levels with its fragments');
});

test('what no service would run is refused', () => {
  assert.equal(faultOf('{ ...F }'), 'it spreads a fragment that it does not have');
  assert.equal(faultOf('{ a } fragment F on T { a } fragment F on T { b }'), 'two of its fragments have one name');
  assert.equal(faultOf('query A { a } query A { b }'), 'two of its operations have one name');
  assert.equal(faultOf('{ a } { b }'), 'two of its operations have one name');
  assert.equal(faultOf('fragment F on T { a }'), 'it has no operation');
  assert.equal(faultOf('{ a } type T { b: Int }'), 'it defines something else than operations and fragments');
  assert.equal(faultOf('{ ...__proto__ }'), 'it spreads a fragment that it does not have');
});

test('what is below introspection is counted apart', () => {
  const { depth, introspectionDepth } = measure('{ a { b } __schema { types { name { x } } } }');
  assert.deepEqual([depth, introspectionDepth], [2, 4]);
  assert.equal(measure('{ ...F } fragment F on Query { s: __schema { types } }').introspectionDepth, 2);
  assert.equal(measure('{ __type(name: "A") { name } }').introspectionDepth, 2);
  assert.equal(measure('{ _service { sdl } }').introspectionDepth, 2);
  assert.equal(measure('{ __typename a { __typename } }').introspectionDepth, 0);
});

test('of several operations each is measured', () => {
  const document = readDocument(parseQuery('query A { a } mutation B { b { c } }', SIZE));
  assert.deepEqual(
    measureDocument(document, LISTS, {}).map(({ depth }) => depth),
    [1, 2],
  );
});
