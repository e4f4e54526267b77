import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  fillTemplate,
  parsePathTemplate,
  samplePath,
  TemplateFault,
  ValueFault,
} from '../../../src/compose/path-template.ts';
import { textAt } from '../../../src/compose/reference.ts';
import { parseJsonExactly } from '../../../src/lib/json-text.ts';
import { normalizeTarget } from '../../../src/routing/normalize.ts';

/** Fills a template with `params` as a path has them, and `parts` as answers are. */
function fill(
  text: string,
  params: Readonly<Record<string, string>>,
  parts: Readonly<Record<string, unknown>> = {},
): string {
  return fillTemplate(parsePathTemplate(text), ({ root, name, path }) => {
    if (root === 'params') return { text: params[name] ?? '', isEncoded: true };
    const value = textAt(parts[name], path);
    if (value === undefined) throw new ValueFault(name);
    return { text: value, isEncoded: false };
  });
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

test('a long number keeps its digits', () => {
  assert.equal(
    fill('/${parts.a.n}', {}, { a: parseJsonExactly('{"n":12345678901234567890}') }),
    '/12345678901234567890',
  );
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
    ['/a/${user.id}', /expected a value such as/],
    ['/a/${parts.user.a-b}', /expected a value such as/],
    ['/a/${params.id.x}', /has no members/],
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
