import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calendarPeriod, fixedPeriod } from '../../../src/limits/period.ts';

const at = (text: string) => Date.parse(`${text}Z`);
const endOf = (period: ReturnType<typeof fixedPeriod>, text: string) =>
  new Date(period(at(text)).endsAtMs).toISOString();

test('a month ends with the month, in UTC, whatever its length', () => {
  const month = calendarPeriod('month');
  assert.equal(endOf(month, '2026-01-31T23:59:59.999'), '2026-02-01T00:00:00.000Z');
  assert.equal(endOf(month, '2026-02-01T00:00'), '2026-03-01T00:00:00.000Z');
  assert.equal(endOf(month, '2028-02-29T12:00'), '2028-03-01T00:00:00.000Z');
  assert.equal(endOf(month, '2026-12-31T12:00'), '2027-01-01T00:00:00.000Z');
});

test('a day ends at midnight in UTC', () => {
  assert.equal(endOf(calendarPeriod('day'), '2026-03-29T01:30'), '2026-03-30T00:00:00.000Z');
});

test('every period has a number of its own, which all gateways give it', () => {
  for (const create of [() => calendarPeriod('month'), () => calendarPeriod('day'), () => fixedPeriod(60_000)]) {
    const [one, other] = [create(), create()];
    const numbers = ['2025-12-31T23:59:59', '2026-01-01T00:00', '2026-12-01T00:00', '2027-01-01T00:00'].map((text) => {
      assert.deepEqual(one(at(text)), other(at(text)));
      return one(at(text)).number;
    });
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].toSorted((a, b) => a - b),
    );
  }
});

test('a clock that goes back is in the earlier period again', () => {
  const month = calendarPeriod('month');
  const march = month(at('2026-03-01T00:00:01'));
  assert.notEqual(month(at('2026-02-28T23:59:59')).number, march.number);
  assert.deepEqual(month(at('2026-03-20T00:00')), march);
});
