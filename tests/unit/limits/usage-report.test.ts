import assert from 'node:assert/strict';
import { test } from 'node:test';
import { daysBetween, renderUsageCsv } from '../../../src/limits/usage-report.ts';

const row = {
  consumer: 'app',
  route: 'users',
  calls: 3,
  cost: 5,
  refused: 1,
  tokensIn: 90,
  tokensOut: 40,
  tokensEstimated: 30,
};
const linesOf = (consumer: string) => renderUsageCsv([{ ...row, consumer }]).split('\r\n');

test('days are counted over the end of a month and a leap day, both ends included', () => {
  assert.deepEqual(daysBetween('2028-02-28', '2028-03-01'), ['2028-02-28', '2028-02-29', '2028-03-01']);
  assert.deepEqual(daysBetween('2026-01-01', '2026-01-01'), ['2026-01-01']);
  assert.deepEqual(daysBetween('2026-01-02', '2026-01-01'), []);
});

test('a report is one line of names and one for each row', () => {
  assert.deepEqual(linesOf('app'), [
    'consumer,route,calls,cost,refused,tokensIn,tokensOut,tokensEstimated',
    'app,users,3,5,1,90,40,30',
    '',
  ]);
});

test('a name with commas, quotes or line breaks stays one cell', () => {
  assert.equal(linesOf('a,"b"')[1], '"a,""b""",users,3,5,1,90,40,30');
  assert.match(renderUsageCsv([{ ...row, consumer: 'a\nb' }]), /"a\nb",users/);
});

test('no spreadsheet takes a name for a formula', () => {
  for (const name of ['=1+1', '+1', '-1', '@x', '\tx', '\rx'])
    assert.match(
      renderUsageCsv([{ ...row, consumer: name }]).split('Estimated\r\n')[1] ?? '',
      /^"?'/,
      JSON.stringify(name),
    );
});
