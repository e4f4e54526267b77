import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdsMessage, readUrlMessage, renderUrlMessage } from '../../../../src/validate/graphql/read-url.ts';

test('a message is read as a form is', () => {
  const message = readUrlMessage(
    '?query=query+A%28%24n%3AInt%29%7Ba%7D&operationName=A&variables=%7B%22n%22%3A1%7D&x=1',
  );
  assert.equal(message?.query, 'query A($n:Int){a}');
  assert.equal(message?.operationName, 'A');
  assert.deepEqual(message?.variables, { n: 1 });
});

test('a URL without one has none', () => {
  for (const query of ['', '?', '?x=1', '?querying=1']) assert.equal(readUrlMessage(query), undefined, query);
});

test('what is there twice, or what services could read differently, is refused', () => {
  const faults: readonly (readonly [string, RegExp])[] = [
    ['?query={a}&query={b}', /"query" twice/],
    ['?query={a};query={b}', /"query" twice/],
    ['?query={a}&%71uery={b}', /"query" twice/],
    ['?query={a}&QUERY={b}', /one service may read/],
    ['?query={a}&query[]={b}', /one service may read/],
    ['?query={a}&query%5B0%5D={b}', /one service may read/],
    ['?query={a}&+query={b}', /one service may read/],
    ['?query={a}&doc_id=7', /one service may read/],
    ['?query={a}&variables={}&variables={}', /"variables" twice/],
    ['?query=%ff', /percent-encoding/],
    ['?query=%', /percent-encoding/],
    ['?query={a}&variables={', /"variables" is no JSON/],
    ['?query={a}&variables=[]', /"variables" is no object/],
    [`?query={a}&variables=${'['.repeat(2000)}`, /"variables" is no JSON/],
  ];
  for (const [query, message] of faults) assert.throws(() => readUrlMessage(query), { message }, query);
});

test('what was read is written anew, in the place of what came; other parameters stay', () => {
  const message = { query: '{ a(x: "ü&;") }', operationName: undefined, variables: { n: 1 } };
  const written = renderUrlMessage('?tenant=a%20b&query=old&extensions={}', message);
  assert.equal(written, '?tenant=a%20b&query=%7B%20a(x%3A%20%22%C3%BC%26%3B%22)%20%7D&variables=%7B%22n%22%3A1%7D');
  assert.equal(readUrlMessage(written)?.query, message.query);
});

test('a URL that holds a part of a message is told from one that does not', () => {
  for (const query of [
    '?query=',
    '?a=1&Variables=',
    '?operationName',
    '?x;id=1',
    '?documentId=1',
    '?extensions[a]=1',
    '?%ff=1',
  ])
    assert.equal(holdsMessage(query), true, query);
  for (const query of ['', '?', '?op=A', '?tenant=query', '?idx=1']) assert.equal(holdsMessage(query), false, query);
});
