import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRawNumber, JsonTooDeep, parseJson, parseJsonExactly } from '../../../src/lib/json-text.ts';

test('JSON that is written again keeps numbers that a double would change', () => {
  for (const number of ['12345678901234567890', '0.12345678901234567891', '1e400', '-9007199254740993', '1e-400']) {
    const text = `{"a":[${number}],"b":"${number}"}`;
    assert.equal(JSON.stringify(parseJsonExactly(text)), text);
  }
});

test('ordinary numbers are numbers', () => {
  const text = '[0, -1, 1.50, 1e3, 9007199254740991, 0.1, 1700000000000.25, 0.0000000000000001]';
  assert.deepEqual(parseJsonExactly(text), JSON.parse(text));
  assert.equal(isRawNumber((parseJsonExactly('[1e400]') as unknown[])[0]), true);
});

test('nesting is bounded before anything recurses; brackets in strings do not count', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  assert.ok(Array.isArray(parseJson(nested(64))));
  assert.throws(() => parseJson(nested(65)), JsonTooDeep);
  assert.throws(() => parseJsonExactly(nested(100_000)), JsonTooDeep);
  assert.throws(() => parseJson('{"a":'.repeat(100_000)), JsonTooDeep);
  const text = JSON.stringify({ a: '['.repeat(1000), b: `\\"${'{'.repeat(1000)}` });
  assert.deepEqual(parseJson(text), JSON.parse(text));
  assert.deepEqual(
    parseJson(JSON.stringify(Array.from({ length: 1000 }, () => [{}]))),
    Array.from({ length: 1000 }, () => [{}]),
  );
});

test('what is no JSON is a SyntaxError', () => {
  for (const text of ['', '{', '"a', '"\\', '[1,]', 'nope']) assert.throws(() => parseJson(text), SyntaxError, text);
});

test('long digits that a double keeps, or that stand in a text, change nothing', () => {
  const text = '{"at":1764253999123456,"id":"12345678901234567890","e":1e3,"version":"1.2.3.4.5.6.7.8.9"}';
  assert.deepEqual(parseJsonExactly(text), JSON.parse(text));
  assert.equal(JSON.stringify(parseJsonExactly('{"s":"1e400","n":1e400}')), '{"s":"1e400","n":1e400}');
  const startedAtMs = performance.now();
  parseJsonExactly(JSON.stringify('1'.repeat(1_000_000)));
  parseJsonExactly(JSON.stringify('.e'.repeat(500_000)));
  assert.ok(performance.now() - startedAtMs < 2_000);
});
