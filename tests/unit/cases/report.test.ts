import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderJunit, renderResults } from '../../../src/cases/report.ts';

const GOOD = { name: 'good', line: 3, asked: 'GET /', mismatches: [], steps: [], notes: [], tookMs: 2 };
const BAD = {
  ...GOOD,
  name: 'a "bad" <one>\u0007',
  mismatches: [{ what: 'headers/x', expected: null, came: 'a\u001b[2J' }],
  steps: [{ stage: 'match', decisions: ['route a'], refuses: false }],
  notes: ['no stub answers for http://a'],
};

test('failed cases are told, good ones are counted', () => {
  assert.equal(renderResults([{ file: 'cases.json', results: [GOOD] }], 7.4), 'ok: 1 case, in 7 ms\n');
  assert.equal(
    renderResults([{ file: 'cases.json', results: [GOOD, BAD] }], 7),
    [
      'x a "bad" <one>?  (cases.json:3)',
      '  GET /',
      '  headers/x: expected none, got "a\\u001b[2J"',
      '  no stub answers for http://a',
      '    + match           route a',
      '',
      '1 of 2 cases failed, in 7 ms',
      '',
    ].join('\n'),
  );
});

test('the report for CI is XML, whatever cases are called', () => {
  const xml = renderJunit([{ file: 'cases.json', results: [GOOD, BAD] }]);
  assert.match(xml, /<testsuite name="cases\.json" tests="2" failures="1" time="0\.004">/);
  assert.match(xml, /<testcase name="good" classname="cases\.json" file="cases\.json" line="3" time="0\.002"\/>/);
  assert.match(xml, /<testcase name="a &quot;bad&quot; &lt;one&gt;\ufffd"/);
  assert.match(xml, /<failure message="headers\/x: expected none, got &quot;a\\u001b\[2J&quot;">/);
});
