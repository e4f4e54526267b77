import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeTimeouts, timeoutsOption } from '../../../src/upstream/service-options.ts';

test('all attempts together may take as long as one, unless the file says less', () => {
  const totalOf = (option: object) => completeTimeouts(timeoutsOption.parse(option)).total;
  assert.equal(totalOf({}), 30_000);
  assert.equal(totalOf({ headers: '5s' }), 30_000);
  assert.equal(totalOf({ headers: '120s' }), 120_000);
  assert.equal(totalOf({ headers: '120s', total: '45s' }), 45_000);
});
