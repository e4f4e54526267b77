import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

// A schema is the operator's, what is checked by it the client's: no body may cost more than its size allows. Each of
// these took seconds to for ever where Ajv is used as it comes; the bound leaves room for a slow machine.
const BOUND_MS = 4000;

async function start(t: TestContext, validate: object, bodyLimit = '1mb'): Promise<TestGateway> {
  const service = await startService(t);
  return await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', validate, bodyLimit }] },
  });
}

async function post(gateway: TestGateway, body: string | Buffer, headers: Record<string, string> = {}) {
  const startedAtMs = performance.now();
  const answer = await ask(`${gateway.url}/x`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return { ...answer, json: JSON.parse(answer.text), tookMs: performance.now() - startedAtMs };
}

test('an expression that backtracks elsewhere takes time linear in the text', async (t) => {
  const gateway = await start(t, { body: { type: 'string', pattern: '^(a+)+$' } });
  const answer = await post(gateway, JSON.stringify(`${'a'.repeat(50_000)}!`));
  assert.equal(answer.status, 400);
  assert.ok(answer.tookMs < BOUND_MS, `${answer.tookMs} ms`);
});

test('no format can be made to backtrack', async (t) => {
  const formats =
    'date time date-time duration uri uri-reference uri-template url email hostname ipv4 ipv6 regex uuid json-pointer relative-json-pointer byte'.split(
      ' ',
    );
  const properties = Object.fromEntries(formats.map((format) => [format, { type: 'array', items: { format } }]));
  const gateway = await start(t, { body: { properties } });
  const nasty = [
    'a-'.repeat(4000),
    'a.'.repeat(4000),
    `http://${'a:'.repeat(4000)}`,
    '1'.repeat(8000),
    '/~'.repeat(4000),
  ];
  for (const format of formats) {
    const { tookMs } = await post(gateway, JSON.stringify({ [format]: nasty.map((text) => `${text}\u0000!`) }));
    assert.ok(tookMs < BOUND_MS, `${format}: ${tookMs} ms`);
  }
});

test('a long list of objects that must be unique is compared in linear time', async (t) => {
  const gateway = await start(t, { body: { type: 'array', uniqueItems: true } });
  const items = Array.from({ length: 40_000 }, (_, index) => ({ a: { b: index } }));
  assert.ok((await post(gateway, JSON.stringify(items))).tookMs < BOUND_MS);
  const twice = await post(gateway, JSON.stringify([...items, { a: { b: 0 } }]));
  assert.deepEqual([twice.status, twice.json.errors[0].detail], [400, 'must NOT have duplicate items']);
});

test('a schema that refers to itself in two branches does not double its work with every level', async (t) => {
  const branch = { type: 'object', properties: { next: { $ref: '#' } } };
  const gateway = await start(t, { body: { anyOf: [branch, { ...branch, minProperties: 1 }] } });
  const answer = await post(gateway, `${'{"next":'.repeat(60)}1${'}'.repeat(60)}`);
  assert.equal(answer.status, 400);
  assert.equal(answer.json.errors[0].detail, 'takes too long to check against its schema');
  assert.ok(answer.tookMs < BOUND_MS, `${answer.tookMs} ms`);
});

test('nor does it look at a long text, or compare a long list, so many times', async (t) => {
  const branch = (more: object) => ({
    type: 'object',
    properties: {
      text: { maxLength: 1e6 },
      list: { type: 'array', uniqueItems: true },
      next: { anyOf: [{ $ref: '#' }, { $ref: '#', ...more }] },
    },
  });
  const gateway = await start(t, { body: { anyOf: [branch({}), { ...branch({}), minProperties: 1 }] } });
  const list = JSON.stringify(Array.from({ length: 20_000 }, (_, index) => index));
  for (const part of [`"text":"${'ü'.repeat(200_000)}"`, `"list":${list}`]) {
    const answer = await post(gateway, `${`{"next":`.repeat(30)}{${part},"next":1}${'}'.repeat(30)}`);
    assert.equal(answer.status, 400);
    assert.ok(answer.tookMs < 2 * BOUND_MS, `${answer.tookMs} ms`);
  }
});

const NODE = {
  $defs: {
    node: {
      anyOf: [
        { type: 'object', properties: { a: { $ref: '#/$defs/node' }, b: { type: 'integer' } }, required: ['b'] },
        { type: 'object', properties: { a: { $ref: '#/$defs/node' }, c: { type: 'integer' } }, required: ['c'] },
        { type: 'integer' },
      ],
    },
  },
  properties: { tree: { $ref: '#/$defs/node' } },
};

test('blanks that unpack from a few bytes buy no work, and faults in branches take no memory', async (t) => {
  const gateway = await start(t, { body: NODE }, '4mb');
  const tree = `{"tree":${'{"a":'.repeat(60)}"bad"${',"b":1,"c":1}'.repeat(60)}}`;
  const before = process.memoryUsage().rss;
  for (const padding of [' '.repeat(4_190_000 - tree.length), '']) {
    const answer = await post(gateway, gzipSync(tree + padding), { 'content-encoding': 'gzip' });
    assert.equal(answer.json.errors[0].detail, 'takes too long to check against its schema');
    assert.ok(answer.tookMs < BOUND_MS, `${answer.tookMs} ms`);
  }
  assert.ok(process.memoryUsage().rss - before < 150e6);
});

test('a list of four megabytes holds nobody up for longer than the least of them may', async (t) => {
  const gateway = await start(t, { body: { properties: { unique: { uniqueItems: true } } } }, '4mb');
  const items = Array.from({ length: 300_000 }, (_, index) => ({ a: index }));
  const answer = await post(gateway, JSON.stringify({ unique: items }));
  assert.ok(answer.tookMs < BOUND_MS);
  const few = await post(gateway, JSON.stringify({ unique: items.slice(0, 10_000) }));
  assert.equal(few.status, 200);
});

test('a schema that refers to itself on the spot ends', async (t) => {
  const gateway = await start(t, { body: { anyOf: [{ type: 'string' }, { $ref: '#' }] } });
  assert.equal((await post(gateway, '"a"')).status, 200);
  assert.equal((await post(gateway, '{}')).status, 400);
});

test('however many faults a body has, few are looked for and fewer told', async (t) => {
  const gateway = await start(t, { body: { type: 'array', items: { type: 'string', minLength: 2 } } });
  const small = await post(gateway, JSON.stringify(Array(1000).fill(1)));
  assert.equal(small.json.errors.length, 20);
  const large = await post(gateway, JSON.stringify(Array(400_000).fill(1)));
  assert.equal(large.json.errors.length, 1);
  assert.ok(large.text.length < 1000);
});

test('a name that is long, or that the client made up, does not grow the answer', async (t) => {
  const gateway = await start(t, { body: { additionalProperties: false } });
  const answer = await post(gateway, JSON.stringify({ ['x'.repeat(10_000)]: 1 }));
  assert.equal(answer.status, 400);
  assert.ok(answer.text.length < 1500);
});

test('a body that is nested too deep, or unpacks to too much, is refused before it is checked', async (t) => {
  const gateway = await start(t, { body: { type: 'object' } }, '64kb');
  assert.equal((await post(gateway, `${'['.repeat(20_000)}${']'.repeat(20_000)}`)).json.code, 'bad_body');
  const bomb = await post(gateway, gzipSync(Buffer.alloc(50_000_000, ' ')), { 'content-encoding': 'gzip' });
  assert.equal(bomb.status, 413);
  const form = await post(gateway, 'a&'.repeat(5000), { 'content-type': 'application/x-www-form-urlencoded' });
  assert.equal(form.json.code, 'bad_body');
});
