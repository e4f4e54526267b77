import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderWhatIf } from '../../../../src/explain/what-if/render.ts';
import type { WhatIfReport } from '../../../../src/explain/what-if/report.ts';
import { explainGuard, isTooMuch, percent } from '../../../../src/explain/what-if/verdict.ts';

const REPORT: WhatIfReport = {
  requests: 10_000,
  kinds: 731,
  isThinned: true,
  from: '2026-11-27T17:00:00.000Z',
  to: '2026-11-27T18:00:00.000Z',
  passed: 9_000,
  newlyRefused: 412,
  undecided: 12,
  unchanged: 9_545,
  groups: [
    {
      what: 'refused',
      count: 412,
      who: 'mobile-app',
      says: 'would become 403 (authorize: This needs the role admin, which is a long word for one who reads a screen)',
      examples: ['GET /api/orders/1', 'GET /api/orders/2', 'GET /api/orders/3', 'GET /api/orders/4'],
    },
    { what: 'routed', count: 31, who: 'batch', says: 'would go to orders-v2', examples: ['GET /api/orders/7'] },
    { what: 'undecided', count: 1, who: 'batch', says: 'validate: a body schema', examples: ['POST /api/orders'] },
  ],
  tookMs: 900,
};

test('a report for a person: groups, examples and sums in 80 columns', () => {
  const text = renderWhatIf(REPORT);
  assert.match(text, /The last 10000 requests \(731 different ones, a share of all that came\)/);
  assert.match(text, /Would be refused:\n {2}412 calls of mobile-app: would become 403/);
  assert.match(text, /Would go elsewhere:\n {2}31 calls of batch: would go to orders-v2\n {6}GET \/api\/orders\/7/);
  assert.match(text, /Undecided:\n {2}1 call of batch/);
  assert.match(text, /9545 would end as they do\. Newly refused: 412 of 9000 \(4\.58%\)\./);
  assert.ok(!text.includes('/api/orders/4'), 'three examples are enough');
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
});

test('without a request there is nothing to tell', () => {
  assert.match(renderWhatIf({ ...REPORT, requests: 0, groups: [] }), /No request has come yet/);
});

test('a share that is too much never looks like what is allowed', () => {
  assert.equal(isTooMuch({ passed: 100, newlyRefused: 1 }, 0.01), false);
  assert.equal(isTooMuch({ passed: 9_999, newlyRefused: 100 }, 0.01), true);
  assert.equal(percent(100 / 9_999), '1.01%');
  assert.equal(isTooMuch({ passed: 0, newlyRefused: 0 }, 0), false);
  assert.match(
    explainGuard(REPORT, 0.01),
    /would refuse 412 of the last 9000 .*\(4\.58%, at most 1% may be\): 412 of mobile-app/,
  );
});
