import assert from 'node:assert/strict';
import { test } from 'node:test';
import { questionSchema, requestOf } from '../../../src/explain/question.ts';

const requestOfText = (question: object) => requestOf(questionSchema.parse(question));

test('a URL gives Host and scheme; its path stays as it is written', () => {
  const { target, headers, from } = requestOfText({ url: 'https://API.example:8443/a/../b%2f?x#y' });
  assert.equal(target, '/a/../b%2f?x');
  assert.deepEqual(headers, ['host', 'API.example:8443']);
  assert.deepEqual(from, { address: '127.0.0.1', scheme: 'https' });
});

test('a Host among the fields wins, and a list is sent field by field', () => {
  const { headers } = requestOfText({ url: 'http://a/', headers: { Host: 'b', 'x-a': ['1', '2'] } });
  assert.deepEqual(headers, ['Host', 'b', 'x-a', '1', 'x-a', '2']);
});

test('a URL without a path asks for the root', () => {
  assert.equal(requestOfText({ url: 'http://a' }).target, '/');
  assert.equal(requestOfText({ url: 'http://a?x=1' }).target, '/?x=1');
});

test('what no request could carry is refused', () => {
  for (const bad of [{ url: 'x' }, { url: '/', headers: { 'a\n': '1' } }, { url: '/', headers: { a: '1\r\nb: 2' } }])
    assert.equal(questionSchema.safeParse(bad).success, false);
});
