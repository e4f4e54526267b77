import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget, countWork, TooMuchWork } from '../../../src/validate/budget.ts';

test('each call and each round of a loop is counted, and nothing in a text is touched', () => {
  const code = 'return function validate1(data, {a=""}={}){for(let i0=0; i0<n; i0++){x("for(let i0=0;i<1;){");}}';
  assert.equal(
    countWork(code),
    'return function validate1(data, {a=""}={}){self.spend();for(let i0=0; i0<n; i0++){self.spend();x("for(let i0=0;i<1;){");}}',
  );
});

test('a larger value may cost more, and none without bound', () => {
  const budget = new Budget();
  const steps = (bytes: number) => {
    budget.begin(bytes);
    for (let count = 0; ; count += 1) {
      try {
        budget.spend();
      } catch (error) {
        assert.ok(error instanceof TooMuchWork);
        return count;
      }
    }
  };
  assert.ok(steps(0) > 1000);
  assert.ok(steps(10_000) > steps(0));
});
