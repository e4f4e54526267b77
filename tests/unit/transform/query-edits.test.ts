import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createQueryEdits, queryEditsOption } from '../../../src/transform/query-edits.ts';

function edit(options: object, query: string, value = 'computed'): string {
  const edits = createQueryEdits(queryEditsOption.parse(options));
  assert.ok(edits);
  return edits.edit(query, (template) => (template.isConstant ? template.text : value));
}

test('no edits are no work', () => {
  assert.equal(createQueryEdits(undefined), undefined);
  assert.equal(createQueryEdits(queryEditsOption.parse({})), undefined);
});

test('what no edit names keeps its place and its spelling', () => {
  const query = '?b=%2f+%20&&a&=x&c=1=2&%zz=%zz&%C3%A4=ä';
  assert.equal(edit({ remove: ['none'] }, query), query);
  assert.equal(edit({ remove: ['a'] }, query), '?b=%2f+%20&&=x&c=1=2&%zz=%zz&%C3%A4=ä');
});

test('names are compared decoded, as a service reads them', () => {
  assert.equal(edit({ remove: ['debug'] }, '?d%65bug=1&a=2&%64%65bug'), '?a=2');
  assert.equal(edit({ remove: ['a b'] }, '?a+b=1&a%20b=2&ab=3'), '?ab=3');
  assert.equal(edit({ remove: ['a'] }, '?a=1'), '');
});

test('set leaves one, in the place of the first, or at the end', () => {
  assert.equal(edit({ set: { a: 'n' } }, '?x=1&a=1&y=2&a=2&%61=3'), '?x=1&a=n&y=2');
  assert.equal(edit({ set: { a: 'n' } }, ''), '?a=n');
  assert.equal(edit({ set: { 'ä b': 'c&d=e#' } }, '?x'), '?x&%C3%A4%20b=c%26d%3De%23');
});

test('a computed value is encoded: it never becomes another parameter', () => {
  assert.equal(
    edit({ set: { a: '${user}' } }, '', 'x&admin=true\r\nHost: y \ud800'),
    '?a=x%26admin%3Dtrue%0D%0AHost%3A%20y%20%EF%BF%BD',
  );
});

test('rename keeps the value as it was written, and takes the place of those of the new name', () => {
  assert.equal(edit({ rename: { q: 'query' } }, '?query=forged&q=%2f&x=1&q'), '?query=%2f&x=1&query');
  assert.equal(edit({ rename: { q: 'query' } }, '?query=1'), '?query=1');
});

test('the order is remove, rename, set, add, whatever it is in the file', () => {
  const all = { add: { c: 'added' }, set: { c: 'set' }, rename: { b: 'c' }, remove: ['a'] };
  assert.equal(edit(all, '?a=1&b=2&d=3'), '?c=set&d=3&c=added');
});

test('a query does not grow beyond what a target may be', () => {
  assert.throws(() => edit({ set: { a: '${user}' } }, '?b=1', 'x'.repeat(9000)), { code: 'uri_too_long' });
});
