import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { renderCaseSchema } from '../../../src/cases/case-file.ts';
import { readCases } from '../../../src/cases/read-cases.ts';
import { configFolder, faultsOf } from '../../support/config-files.ts';

const CASE = { name: 'a', request: { url: '/' }, expect: {} };

function faultsIn(t: TestContext, content: unknown): readonly string[] {
  const file = join(configFolder(t, { 'cases.json': content }), 'cases.json');
  return faultsOf(() => readCases(file)).map(({ path, message, hint = '' }) => `${path} ${message} ${hint}`.trim());
}

test('comments and trailing commas are read, and each case knows its line', (t) => {
  const text = `{ // cases\n "cases": [\n  ${JSON.stringify(CASE)},\n  ${JSON.stringify(CASE)},\n ] }`;
  const { file, lines } = readCases(join(configFolder(t, { 'cases.json': text }), 'cases.json'));
  assert.equal(file.cases.length, 2);
  assert.deepEqual(lines, [3, 4]);
});

test('names that are not there are told with what was probably meant', (t) => {
  assert.deepEqual(faultsIn(t, { cases: [{ ...CASE, expct: {} }] }), [
    '/cases/0/expct unknown key "expct" did you mean "expect"?',
  ]);
  assert.deepEqual(faultsIn(t, { cases: [{ ...CASE, expect: { code: 'rate_limit' } }] }), [
    '/cases/0/expect/code expected a code of docs/errors.md did you mean "rate_limited"?',
  ]);
  const callers = { ann: { claims: {} } };
  assert.deepEqual(faultsIn(t, { callers, cases: [{ ...CASE, request: { url: '/', as: 'anne' } }] }), [
    '/cases/0/request/as there is no caller "anne" did you mean "ann"?',
  ]);
});

test('what a case can not try is refused', (t) => {
  const handshake = { url: '/', headers: { Upgrade: 'websocket' } };
  assert.match(faultsIn(t, { cases: [{ ...CASE, request: handshake }] })[0] ?? '', /WebSockets are not tried here/);
  const [field] = faultsIn(t, { cases: [{ ...CASE, request: { url: '/', headers: { 'x-a': 'b\r\nc' } } }] });
  assert.match(field ?? '', /a value that a header field can carry/);
});

test('a file that is not there, and one that is no JSON, are faults', (t) => {
  assert.match(faultsIn(t, '{ "cases": [')[0] ?? '', /missing|end/i);
  assert.equal(faultsOf(() => readCases('/nowhere/cases.json'))[0]?.message, 'there is no such file');
});

test('cases.schema.json is what case files may say now', () => {
  const committed = readFileSync(new URL('../../../cases.schema.json', import.meta.url), 'utf8');
  assert.ok(committed === renderCaseSchema(), 'it is stale: npm run schema');
});
