import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Explanation } from '../../../src/explain/explanation.ts';
import { renderExplanation } from '../../../src/explain/render.ts';

const REFUSED: Explanation = {
  request: { method: 'GET', host: 'h', asked: '/a', path: '/a', clientAddress: '192.0.2.1', scheme: 'http' },
  route: 'orders',
  considered: [
    { route: 'beta', prefix: '/a', lost: 'headers' },
    { route: 'orders', prefix: '/a', lost: null },
  ],
  steps: [
    { stage: 'match', decisions: ['route orders'], refuses: false },
    { stage: 'authorize', decisions: [`needs one of the roles ${'very-long-role-name '.repeat(6)}`], refuses: true },
    { stage: 'forward', decisions: null, refuses: false },
  ],
  outcome: 'refused',
  status: 403,
  code: 'forbidden',
  detail: 'A role is missing.',
  answerHeaders: [],
  trace: [],
};

test('the first line tells the end, and the stage that refuses is marked, with none behind it', () => {
  const text = renderExplanation(REFUSED);
  assert.match(text, /^GET \/a would be refused: 403 forbidden\n/);
  assert.match(text, /^x authorize +needs one of the roles/m);
  assert.match(text, /^\. forward +not reached$/m);
  assert.match(text, /not beta \(\/a\): a header field is missing or another one/);
});

test('no line is longer than 80 columns, however long a word is', () => {
  const long = { ...REFUSED, detail: 'x'.repeat(500) };
  for (const line of renderExplanation(long).split('\n')) assert.ok(line.length <= 80, line);
});
