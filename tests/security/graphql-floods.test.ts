import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

/** Small requests that would make much work: each costs a 400, and the gateway goes on. */

async function start(t: TestContext, graphql: object = {}) {
  const service = await startService(t);
  const route = { prefix: '/graphql', target: service.url, auth: 'none', graphql };
  const gateway = await startGateway(t, { file: { routes: [route] } });
  const post = (message: unknown) =>
    ask(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
    });
  return { service, post };
}

/** As much as a route can be told to take. */
const WIDE = { maxSize: '1mb', maxTokens: 100_000, maxDepth: 100, maxBatch: 100 };

const chain = (length: number): string =>
  `{ ...f0 } ${Array.from({ length }, (_, i) => `fragment f${i} on T { ...f${i + 1} }`).join(' ')} fragment f${length} on T { a }`;
const bomb = (length: number): string =>
  `{ ...f0 } ${Array.from({ length }, (_, i) => `fragment f${i} on T { x: a ...f${i + 1} ...f${i + 1} }`).join(' ')} fragment f${length} on T { a }`;

const FLOODS: Readonly<Record<string, unknown>> = {
  'selections 100,000 deep': { query: `${'{a'.repeat(100_000)}${'}'.repeat(100_000)}` },
  'selections that never close': { query: '{a'.repeat(100_000) },
  'lists 100,000 deep': { query: `{ a(x: ${'['.repeat(100_000)}) }` },
  'objects 100,000 deep': { query: `{ a(x: ${'{x:'.repeat(100_000)}` },
  'types 100,000 deep': { query: `query($x: ${'['.repeat(100_000)}` },
  'a fragment bomb': { query: bomb(60) },
  'a fragment bomb of all fragments that fit': { query: bomb(400) },
  'a chain of fragments': { query: chain(10_000) },
  'fragments in a circle': { query: '{ ...a } fragment a on T { b { ...a } }' },
  'a thousand aliases of __typename': {
    query: `{ ${Array.from({ length: 1000 }, (_, i) => `a${i}:__typename`).join(' ')} }`,
  },
  'ten thousand directives': { query: `{ a ${'@d '.repeat(10_000)} }` },
  'a million dots of a string': { query: `{ a(x: "${'.'.repeat(900_000)}` },
  'a list of a billion lists': { query: '{ a(first: 1000000000) { a(first: 1000000000) { a } } }' },
  'variables that ask for everything': { query: 'query($n: Int) { a(first: $n) { b } }', variables: { n: 1e308 } },
  'a batch of a hundred thousand': Array.from({ length: 100_000 }, () => 1),
};

for (const [what, message] of Object.entries(FLOODS)) {
  test(`${what}: 400, by default and where a route takes as much as it can`, async (t) => {
    for (const graphql of [{}, WIDE]) {
      const { service, post } = await start(t, graphql);
      const { status, json, text } = await post(message);
      assert.equal(status, 400, text);
      assert.ok(['query_refused', 'bad_body'].includes(json.code), json.code);
      assert.ok(text.length < 20_000);
      assert.equal((await post({ query: '{ a }' })).status, 200);
      assert.equal(service.requests.length, 1);
    }
  });
}

test('what is just within the limits passes', async (t) => {
  const { post } = await start(t, WIDE);
  assert.equal((await post({ query: `${'{a'.repeat(100)}${'}'.repeat(100)}` })).status, 200);
});
