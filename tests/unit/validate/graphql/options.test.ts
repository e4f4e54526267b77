import assert from 'node:assert/strict';
import { test } from 'node:test';
import { graphqlOption } from '../../../../src/validate/graphql/options.ts';

test('the defaults are those of the documentation', () => {
  const { maxDepth, maxAliases, maxCost, maxBatch, introspection, chargeCost, subscriptions } = graphqlOption.parse({});
  assert.deepEqual([maxDepth, maxAliases, maxCost, maxBatch], [10, 15, 5000, 1]);
  assert.deepEqual([introspection, chargeCost, subscriptions], [false, false, 'refused']);
});

test('a list may be the text of one, as a file leaves it', () => {
  assert.deepEqual(graphqlOption.parse({ queries: '{ "a": "{ a }" }' }).queries, { a: '{ a }' });
  for (const queries of ['./queries.json', '[]', '{ "a": 1 }', '{ "a": "" }'])
    assert.match(graphqlOption.safeParse({ queries }).error?.message ?? '', /expected an object of documents/);
});

test('what is not known, or is no limit, is refused', () => {
  for (const option of [
    { maxdepth: 1 },
    { maxDepth: 0 },
    { maxBatch: 101 },
    { chargeCost: 0 },
    { listArguments: ['a b'] },
  ])
    assert.equal(graphqlOption.safeParse(option).success, false, JSON.stringify(option));
});
