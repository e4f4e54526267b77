import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailureRow } from '../../../src/upstream/target-failure.ts';

test('a row of failures is told with its last cause, its length and its beginning', () => {
  const row = new FailureRow();
  assert.equal(row.last(0), undefined);
  row.note('reset', new Error('read ECONNRESET'), 1000);
  row.note('refused', new Error('connect ECONNREFUSED 10.0.0.1:80'), 3000);
  const cause = 'connect ECONNREFUSED 10.0.0.1:80';
  assert.deepEqual(row.last(5000), { outcome: 'refused', cause, agoMs: 2000, inARow: 2, firstAgoMs: 4000 });
});

test('a success ends the row, and the last failure is known still', () => {
  const row = new FailureRow();
  row.note('status', 503, 1000);
  row.inARow = 0;
  assert.deepEqual(row.last(2000), {
    outcome: 'status',
    cause: 'it answered 503',
    agoMs: 1000,
    inARow: 0,
    firstAgoMs: 1000,
  });
  row.note('status', 500, 3000);
  assert.deepEqual([row.last(3000)?.inARow, row.last(3000)?.firstAgoMs], [1, 0]);
});

test('of several addresses that were tried the first says why, and no secret is told', () => {
  const row = new FailureRow();
  row.note('refused', new AggregateError([new Error('connect ECONNREFUSED ::1:80')], ''), 0);
  assert.equal(row.last(0)?.cause, 'connect ECONNREFUSED ::1:80');
  row.note('protocol', new Error(`bad answer of http://me:hush@10.0.0.1/ ${'x'.repeat(1000)}`), 0);
  const cause = row.last(0)?.cause ?? '';
  assert.ok(!cause.includes('hush') && cause.length <= 200, cause);
});
