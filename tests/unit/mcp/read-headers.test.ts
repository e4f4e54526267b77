import assert from 'node:assert/strict';
import { test } from 'node:test';
import { McpFault } from '../../../src/mcp/message-fault.ts';
import { decodeValue } from '../../../src/mcp/read-headers.ts';

test('a value is read as the examples of the protocol have it', () => {
  assert.equal(decodeValue('us-west1'), 'us-west1');
  assert.equal(decodeValue('=?base64?SGVsbG8sIOS4lueVjA==?='), 'Hello, 世界');
  assert.equal(decodeValue('=?base64?IHBhZGRlZCA=?='), ' padded ');
  assert.equal(decodeValue('=?base64?bGluZTEKbGluZTI=?='), 'line1\nline2');
  assert.equal(decodeValue('=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='), '=?base64?literal?=');
});

test('a value that can be read in two ways is refused', () => {
  for (const text of ['=?base64?SGVsbG8?=', '=?base64?SGVs bG8=?=', '=?base64?_w==?=', '=?base64?/w==?=', 'caf\u00e9'])
    assert.throws(() => decodeValue(text), McpFault, text);
});
