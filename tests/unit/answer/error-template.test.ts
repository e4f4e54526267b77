import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  asItIs,
  compileTemplate,
  compileTree,
  escapeForJson,
  escapeForMarkup,
  findUnknownWords,
} from '../../../src/answer/error-template.ts';

const WORDS = {
  code: 'not_found',
  status: 404,
  title: 'No such route',
  detail: `<script>alert("it's")</script>`,
  requestId: 'id',
  path: '/a&b',
  retryAfter: undefined,
};

test('placeholders become what they stand for, escaped for where they are', () => {
  assert.equal(compileTemplate('${error.status} ${error.code}!', asItIs)(WORDS), '404 not_found!');
  assert.equal(
    compileTemplate('<p>${error.detail} ${error.path}', escapeForMarkup)(WORDS),
    '<p>&lt;script&gt;alert(&quot;it&#39;s&quot;)&lt;/script&gt; /a&amp;b',
  );
  const text = compileTemplate('{"d":"${error.detail}"}', escapeForJson)(WORDS);
  assert.deepEqual(JSON.parse(text), { d: WORDS.detail });
});

test('what is not there is nothing, and other dollars are text', () => {
  assert.equal(compileTemplate('[${error.retryAfter}] ${name} $1 ${}', asItIs)(WORDS), '[] ${name} $1 ${}');
  assert.equal(compileTemplate('none', asItIs)(WORDS), 'none');
});

test('an object keeps its form; a whole placeholder keeps its type', () => {
  const tree = {
    ok: false,
    error: { status: '${error.status}', text: 'it is ${error.status}', again: '${error.retryAfter}' },
  };
  assert.deepEqual(JSON.parse(compileTree({ ...tree, list: ['${error.code}', 1, null] })(WORDS)), {
    ok: false,
    error: { status: 404, text: 'it is 404', again: null },
    list: ['not_found', 1, null],
  });
});

test('names that there are none of are found, however deep', () => {
  assert.deepEqual(findUnknownWords('${error.code} ${error.stack}'), ['stack']);
  assert.deepEqual(findUnknownWords({ a: ['${error.constructor}', { b: '${error.}' }], c: 1, d: null }), [
    'constructor',
    '',
  ]);
});
