import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { fillTemplate, parsePathTemplate, samplePath, TemplateFault } from '../../../src/compose/path-template.ts';
import { ValueFault } from '../../../src/compose/reference.ts';
import { RequestContext } from '../../../src/context.ts';
import { parseJsonExactly } from '../../../src/lib/json-text.ts';
import { normalizeTarget } from '../../../src/routing/normalize.ts';

/** Fills a template with `params` as a path has them, and `parts` as answers are. */
function fill(text: string, params: Record<string, string>, parts: Readonly<Record<string, unknown>> = {}): string {
  const context = new RequestContext({ headers: {} } as IncomingMessage, {} as ServerResponse);
  context.params = params;
  return fillTemplate(parsePathTemplate(text), { context, parts: new Map(Object.entries(parts)) });
}

test('places take segments of the prefix and values of answers, in the path and in the query', () => {
  const parts = { user: { team: { id: 7 }, tags: ['a b', true] } };
  assert.equal(fill('/a/:id/b', { id: 'x' }), '/a/x/b');
  assert.equal(fill('/a/${params.id}', { id: 'x' }), '/a/x');
  assert.equal(
    fill('/t-${parts.user.team.id}/x?y=${ parts.user.tags[0] }&z=${parts.user.tags[1]}', {}, parts),
    '/t-7/x?y=a%20b&z=true',
  );
  assert.equal(fill('/a?b', {}), '/a?b');
  assert.equal(fill('/', {}), '/');
  assert.equal(fill('/a/', {}), '/a/');
});

test('a name of a segment in the query, which would be sent by the letter, is refused with what is meant', () => {
  for (const text of ['/b?user=:id', '/b?limit=5&user=:id', '/b?limit=${params.n}&user=:id&a=b']) {
    assert.throws(() => parsePathTemplate(text), { message: /^":id" in a query .* write "\$\{params\.id\}"$/ }, text);
  }
  for (const text of ['/b?at=12:30', '/b?a=:', '/b?a=:id.x', '/b?user=%3Aid']) parsePathTemplate(text);
});

test('a long number keeps its digits', () => {
  assert.equal(
    fill('/${parts.a.n}', {}, { a: parseJsonExactly('{"n":12345678901234567890}') }),
    '/12345678901234567890',
  );
});

test('any expression may stand in a place, and tells which parts and segments it needs', () => {
  const parts = { user: { id: 7, tags: ['a/b'], n: null }, other: {} };
  assert.equal(
    fill('/t/${parts.user.id + 1.0}?q=${parts.user.tags[0] + "-" + params.id}', { id: 'x' }, parts),
    '/t/8?q=a%2Fb-x',
  );
  assert.equal(fill('/t/${parts.user.id > 5.0 ? "many" : "few"}', {}, parts), '/t/many');
  for (const bad of ['parts.user.missing + "x"', 'parts["user"].tags', 'parts.other.?a', 'parts.user.n ?? 1']) {
    assert.throws(
      () => fill(`/t/\${${bad}}`, {}, parts),
      (error) => error instanceof ValueFault || error instanceof TemplateFault,
      bad,
    );
  }
  const [reference] = parsePathTemplate('/t/${parts.user.id + parts.team.id + params.id}').references;
  assert.deepEqual([reference?.parts.toSorted(), reference?.params], [['team', 'user'], ['id']]);
});

test('a value stays one segment, or one component of a query, whatever is in it', () => {
  for (const value of [
    'a/b',
    'a?x=1',
    'a#b',
    'a&b=c',
    'é',
    '%2e%2e',
    '%2F',
    'a;b',
    "'(*)!",
    ' ',
    '...',
    ' ..',
    '../x',
    '..\u2215',
  ]) {
    const target = fill('/t/${parts.a}/end?q=${parts.a}', {}, { a: value });
    const [path = '', query = ''] = target.split('?');
    assert.equal(path.split('/').length, 4, value);
    assert.equal(decodeURIComponent(path.split('/')[2] as string), value);
    assert.equal(new URLSearchParams(query).get('q'), value);
    assert.equal(normalizeTarget(target).path.split('/').length, 4, value);
  }
});

test('a value that no escape makes a name of is refused', () => {
  for (const value of ['', '.', '..', '..;x', ';x', 'a\0', 'a\\b', '\ud800', 'a\nb', '\x7f']) {
    assert.throws(() => fill('/t/${parts.a}', {}, { a: value }), ValueFault, JSON.stringify(value));
  }
  assert.throws(() => fill('/t/${parts.a}${parts.b}', {}, { a: '.', b: '.' }), ValueFault);
  assert.throws(() => fill('/t/.${parts.a}', {}, { a: '.' }), ValueFault);
});

test('only what an answer has itself is found, and no list, object or nothing', () => {
  const parts = { a: { list: [1], object: {}, none: null, text: 'abc' } };
  for (const place of [
    'list',
    'object',
    'none',
    'missing',
    'constructor.name',
    'toString',
    'text.length',
    'list.length',
    'list[1]',
    'object[0]',
  ]) {
    assert.throws(() => fill(`/t/\${parts.a.${place}}`, {}, parts), ValueFault, place);
  }
  assert.throws(
    () => fill('/t/${parts.a.__proto__.x}', {}, { a: Object.create({ __proto__: null, x: 1 }) }),
    ValueFault,
  );
});

test('a segment of the prefix stays as it was matched in a path, and adds nothing to a query', () => {
  assert.equal(fill('/a/:id?q=${params.id}', { id: 'a%2Fb&c=d+e' }), '/a/a%2Fb&c=d+e?q=a%2Fb%26c%3Dd%2Be');
});

test('what is no target is refused with the reason', () => {
  for (const [text, reason] of [
    ['api', /must be a path/],
    ['https://a/b', /must be a path/],
    ['/a b', /can't stand in a URL/],
    ['/a#b', /can't stand in a URL/],
    ['/a/${parts.user', /without its "\}"/],
    ['/a/${team.id}', /there is no "team" here.*known here: .*parts/],
    ['/a/${parts.user.}', /of the expression/],
    ['/a/${params.id.x}', /No such key: x|of the expression/],
    ['/a/:1', /is no name of a segment/],
    [`/${'a'.repeat(2048)}`, /longer than/],
  ] as const) {
    assert.throws(
      () => parsePathTemplate(text),
      (error) => error instanceof TemplateFault && reason.test(error.message),
      text,
    );
  }
});

test('a sample has a stand-in at each place', () => {
  assert.equal(samplePath(parsePathTemplate('/a/:id/b-${parts.x.y}?q=${params.id}')), '/a/x/b-x');
});

test('two targets with the same text are equal, and others are not', () => {
  assert.deepEqual(parsePathTemplate('/a/${params.id}'), parsePathTemplate('/a/${params.id}'));
  assert.notDeepEqual(parsePathTemplate('/a/${params.id}'), parsePathTemplate('/a/${params.it}'));
});
