import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf, refusalOf } from '../../../src/own/decision.ts';

test('a refusal is a code of the table, or a status', () => {
  const code = refusalOf('rate_limited', 'Later.', { retryAfter: 1.2, headers: { 'X-A': '1' } });
  assert.deepEqual([code.status, code.code, code.message], [429, 'rate_limited', 'Later.']);
  assert.deepEqual([code.extras?.retryAfterSeconds, code.extras?.headers], [2, ['x-a', '1']]);
  assert.deepEqual([refusalOf(451, undefined).status, refusalOf(451, undefined).code], [451, 'stage_refused']);
  assert.deepEqual([refusalOf(502, undefined).status, refusalOf(502, undefined).code], [502, 'stage_unavailable']);
  for (const why of [200, 600, 404.5, 'internal', 'constructor'])
    assert.throws(() => refusalOf(why as never, undefined), /refuse\(/);
});

test('a time to wait that is no number is left out, and the refusal stands', () => {
  for (const retryAfter of [Number.NaN, Number.POSITIVE_INFINITY, 'soon' as never])
    assert.equal(refusalOf(429, 'slow', { retryAfter }).extras?.retryAfterSeconds, undefined);
});

test('an answer is text, bytes or JSON, with a type that it may set itself', () => {
  assert.deepEqual(answerOf({}), { status: 200, fields: {}, body: Buffer.alloc(0) });
  assert.equal(answerOf({ body: 'x' }).fields['content-type'], 'text/plain; charset=utf-8');
  assert.equal(answerOf({ body: { a: 1 } }).body.toString(), '{"a":1}');
  assert.equal(answerOf({ body: new Uint8Array([1]) }).fields['content-type'], 'application/octet-stream');
  assert.equal(answerOf({ body: 'x', headers: { 'Content-Type': 'text/html' } }).fields['content-type'], 'text/html');
  for (const headers of [{ 'content-length': '3' }, { 'x-a': 'a\nb' }, { 'bad name': '' }, { connection: 'close' }])
    assert.throws(() => answerOf({ headers: headers as unknown as Record<string, string> }), TypeError);
  assert.throws(() => answerOf({ status: 101 }), TypeError);
});
