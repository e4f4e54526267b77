import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPick, pickFrom } from '../../../src/compose/pick.ts';
import { parseJsonExactly } from '../../../src/lib/json-text.ts';

/** What is kept of a JSON text. */
const pick = (text: string, ...paths: string[]): string =>
  JSON.stringify(pickFrom(parseJsonExactly(text), createPick(paths)));

test('names and dotted paths are kept, through lists, and what is not there is left out', () => {
  const text = '{"id":1,"name":"a","home":{"city":"x","zip":2},"teams":[{"id":3,"x":4},{"id":5}],"none":null}';
  assert.equal(pick(text, 'name', 'id'), '{"name":"a","id":1}');
  assert.equal(
    pick(text, 'home.city', 'teams.id', 'none', 'missing'),
    '{"home":{"city":"x"},"teams":[{"id":3},{"id":5}],"none":null}',
  );
  assert.equal(pick(text, 'id.x', 'none.x', 'home.missing'), '{"home":{}}');
  assert.equal(pick(text, 'home', 'home.city'), '{"home":{"city":"x","zip":2}}');
  assert.equal(pick(text, 'home.city', 'home'), '{"home":{"city":"x","zip":2}}');
  assert.equal(pick(`[${text},[{"id":9,"x":1}],7]`, 'id'), '[{"id":1},[{"id":9}],7]');
  assert.equal(pick('"text"', 'id'), '"text"');
});

test('long numbers stay as they were written', () => {
  assert.equal(
    pick('{"id":12345678901234567890,"x":{"y":1e400}}', 'id', 'x.y'),
    '{"id":12345678901234567890,"x":{"y":1e400}}',
  );
});

test('names that every object inherits are names like any other', () => {
  assert.equal(
    pick('{"__proto__":{"a":1},"constructor":2,"x":{}}', '__proto__.a', 'constructor', 'x.toString'),
    '{"__proto__":{"a":1},"constructor":2,"x":{}}',
  );
  assert.equal(pick('{}', '__proto__.a', 'constructor', 'toString'), '{}');
  assert.equal(({} as Record<string, unknown>)['a'], undefined);
});
