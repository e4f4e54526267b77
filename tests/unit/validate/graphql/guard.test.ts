import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphqlGuard, sumOfCosts } from '../../../../src/validate/graphql/guard.ts';
import { sha256 } from '../../../../src/validate/graphql/listed-queries.ts';
import { graphqlOption } from '../../../../src/validate/graphql/options.ts';
import { QueryFault } from '../../../../src/validate/graphql/query-fault.ts';
import { readMessage } from '../../../../src/validate/graphql/read-message.ts';

const guardOf = (options: object = {}): GraphqlGuard => new GraphqlGuard(graphqlOption.parse(options));
const excessOf = (query: string, options: object = {}): readonly string[] =>
  guardOf(options).judge(readMessage({ query })).excess;

function faultOf(guard: GraphqlGuard, message: object): QueryFault {
  try {
    guard.judge(readMessage(message));
  } catch (error) {
    assert.ok(error instanceof QueryFault);
    return error;
  }
  throw new Error('it was taken');
}

test('each limit tells by how much it is exceeded', () => {
  assert.deepEqual(excessOf('{ a { b { c } } }', { maxDepth: 2 }), ['depth 3, at most 2']);
  assert.deepEqual(excessOf('{ a: x b: x }', { maxAliases: 1 }), ['aliases 2, at most 1']);
  assert.deepEqual(excessOf('{ a b }', { maxRootFields: 1 }), ['root fields 2, at most 1']);
  assert.deepEqual(excessOf('{ a @b @c }', { maxDirectives: 1 }), ['directives 2, at most 1']);
  assert.deepEqual(excessOf('{ __schema { types } }'), ['introspection, which is off here']);
  assert.deepEqual(excessOf('{ a { b } x: y }', { maxDepth: 1, maxAliases: 0 }), [
    'depth 2, at most 1',
    'aliases 1, at most 0',
  ]);
});

test('all operations of a document are held to the limits, whichever runs', () => {
  const message = readMessage({ query: 'query A { a } query B { a { b { c } } }', operationName: 'A' });
  const judged = guardOf({ maxDepth: 2 }).judge(message);
  assert.deepEqual(judged.excess, ['depth 3, at most 2']);
  assert.equal(judged.name, 'A');
  assert.equal(judged.cost, 3);
});

test('the cost is that of the whole request', () => {
  const guard = guardOf({ maxCost: 5 });
  const judged = [guard.judge(readMessage({ query: '{ a b c }' })), guard.judge(readMessage({ query: '{ a b c }' }))];
  assert.equal(sumOfCosts(judged), 6);
  assert.deepEqual(guard.excessOfAll(judged), ['cost 6, at most 5']);
  assert.deepEqual(guard.excessOfAll(judged.slice(1)), []);
});

test('numbers beyond all measure are told without their digits', () => {
  const guard = guardOf();
  const judged = guard.judge(readMessage({ query: '{ a(first: 99999999999999999999) { b } }' }));
  assert.deepEqual(guard.excessOfAll([judged]), ['cost over 1000000000000, at most 5000']);
});

test('the standard introspection passes where it is allowed, and a deeper one does not', () => {
  const typeOf = (levels: number): string => (levels === 0 ? 'name' : `ofType { ${typeOf(levels - 1)} }`);
  const query = (levels: number): string => `{ __schema { types { fields { args { type { ${typeOf(levels)} } } } } } }`;
  assert.deepEqual(excessOf(query(9), { introspection: true }), []);
  assert.deepEqual(excessOf(query(20), { introspection: true }), ['depth of introspection 26, at most 20']);
});

test('the operation that runs is the named one, and there is no doubt about it', () => {
  const guard = guardOf();
  const query = 'query A { a } mutation B { b }';
  const { name, type, mayMutate } = guard.judge(readMessage({ query, operationName: 'A' }));
  assert.deepEqual([name, type, mayMutate], ['A', 'query', true]);
  assert.equal(faultOf(guard, { query }).message, 'several operations, and no operationName');
  assert.equal(faultOf(guard, { query, operationName: 'C' }).message, 'no operation of that name');
  assert.equal(faultOf(guard, { query: '{ a }', operationName: 'A' }).message, 'no operation of that name');
});

const LISTED = '{ a { b { c } } }';
const HASH = sha256(LISTED);
const queries = { hero: LISTED };

test('a listed document is found by ID, by hash and by its text; the service is told the text', () => {
  const guard = guardOf({ queries, maxDepth: 1, onlyListed: true });
  for (const message of [
    { id: 'hero' },
    { documentId: 'hero' },
    { extensions: { persistedQuery: { version: 1, sha256Hash: HASH.toUpperCase() } } },
    { query: LISTED },
    { query: LISTED, extensions: { persistedQuery: { version: 1, sha256Hash: HASH } } },
  ]) {
    const judged = guard.judge(readMessage(message));
    assert.deepEqual(judged.excess, []);
    assert.equal(judged.listed?.text, LISTED);
    assert.deepEqual(JSON.parse(JSON.stringify(judged.rendered)), { query: LISTED });
  }
});

test('with a list alone nothing else passes; beside one everything else is held to the limits', () => {
  const only = guardOf({ queries, onlyListed: true });
  assert.match(faultOf(only, { query: '{ a }' }).message, /not one of the queries/);
  assert.equal(faultOf(only, { id: 'other' }).known, undefined);
  const beside = guardOf({ queries, maxDepth: 1 });
  assert.deepEqual(beside.judge(readMessage({ query: '{ a }' })).excess, []);
  assert.deepEqual(beside.judge(readMessage({ query: '{ a { b } }' })).excess, ['depth 2, at most 1']);
});

test("an unknown hash is told in the word that makes Apollo's clients send the document", () => {
  const message = { extensions: { persistedQuery: { version: 1, sha256Hash: 'ab' } } };
  assert.equal(faultOf(guardOf(), message).known, 'PersistedQueryNotFound');
});

test('a hash of another document is refused, so that no cache keeps one under the name of another', () => {
  const message = { query: '{ evil }', extensions: { persistedQuery: { version: 1, sha256Hash: HASH } } };
  assert.match(faultOf(guardOf({ queries }), message).message, /hash is that of another query/);
  assert.match(faultOf(guardOf(), message).message, /hash is that of another query/);
});

test('names of prototypes are no IDs', () => {
  for (const id of ['__proto__', 'constructor', 'toString'])
    assert.match(faultOf(guardOf({ queries }), { id }).message, /no query of this ID/);
});

test('the variables of a listed document count', () => {
  const guard = guardOf({ queries: { all: 'query($n: Int) { a(first: $n) { b } }' }, maxCost: 100 });
  const judged = guard.judge(readMessage({ id: 'all', variables: { n: 1000 } }));
  assert.deepEqual(guard.excessOfAll([judged]), ['cost 2000, at most 100']);
});
