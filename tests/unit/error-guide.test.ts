import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMAND_SPECS, findCommand } from '../../src/cli/table/table.ts';
import { ERROR_GUIDE, listCodes, tellError } from '../../src/error-guide.ts';
import { ERRORS } from '../../src/errors.ts';

test('every code says what it means and what to do, in whole sentences', () => {
  assert.deepEqual(Object.keys(ERROR_GUIDE).toSorted(), Object.keys(ERRORS).toSorted());
  for (const code of listCodes()) {
    const { means, client, operator } = tellError(code);
    for (const text of [means, client, operator]) assert.match(text, /^[A-Za-z499].*[.:]?$/, code);
    assert.match(means, /\.$/, code);
    assert.match(operator, /[.?]$/, code);
    assert.notEqual(means, client, code);
  }
});

test('every command that the guide names is one', () => {
  for (const { operator } of Object.values(ERROR_GUIDE)) {
    for (const [, name = '', sub = ''] of operator.matchAll(/turnpike ([a-z-]+)(?: ([a-z]+))?/g)) {
      assert.ok(
        COMMAND_SPECS.some((spec) => spec.name === name),
        `${name} in: ${operator}`,
      );
      if (name === 'key' && sub !== '') assert.equal(findCommand([name, sub])?.name, `key ${sub}`, operator);
    }
  }
});
