import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findDuplicateKey } from '../../../src/lib/duplicate-keys.ts';

test('a key that an object has twice is found where it is', () => {
  assert.equal(findDuplicateKey('{"a":1,"a":2}'), '/a');
  assert.equal(findDuplicateKey('{"x":[0,{"b":{"a":1,"c":[],"a":2}}]}'), '/x/1/b/a');
  assert.equal(findDuplicateKey('{"a":1,"\\u0061":2}'), '/a');
  assert.equal(findDuplicateKey('{"a/b":1,"a\\/b":2}'), '/a~1b');
  assert.equal(findDuplicateKey('{"__proto__":1,"__proto__":2}'), '/__proto__');
});

test('the same key in other objects, and the same text as a value, are no such key', () => {
  assert.equal(findDuplicateKey('[{"a":1},{"a":1}]'), undefined);
  assert.equal(findDuplicateKey('{"a":{"a":{"a":"a"}},"b":["a","a"],"c":"a"}'), undefined);
  assert.equal(findDuplicateKey('{"a":"{\\"a\\":1,\\"a\\":2}","b":"\\\\"}'), undefined);
  assert.equal(findDuplicateKey('{"a":[],"b":{},"c":[{}],"d":"a,\\"b"}'), undefined);
  assert.equal(findDuplicateKey('"a"'), undefined);
});
