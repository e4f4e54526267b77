import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causesFirst, countKinds } from '../../../src/cli/causes-first.ts';

const lines = (...codes: readonly (string | number)[]) =>
  codes.map((code, index) => (typeof code === 'number' ? { status: code, index } : { code, status: 503, index }));

test('one of each code comes first, and what follows from others behind its causes', () => {
  const all = lines('circuit_open', 'circuit_open', 'circuit_open', 'headers_timeout', 502, 'headers_timeout');
  const told = causesFirst(all, 5).map(({ code, status, index }) => [code ?? status, index]);
  assert.deepEqual(told, [
    ['headers_timeout', 3],
    [502, 4],
    ['circuit_open', 0],
    ['circuit_open', 1],
    ['circuit_open', 2],
  ]);
  assert.equal(causesFirst(all, 1)[0]?.['code'], 'headers_timeout');
  assert.equal(countKinds(all), 'circuit_open 3, headers_timeout 2, 502 1');
});
