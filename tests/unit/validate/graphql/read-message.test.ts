import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMessage, readMessages, renderMessage } from '../../../../src/validate/graphql/read-message.ts';

test('a message is read, and what is not known of it is left out', () => {
  const message = readMessage({
    query: '{ a }',
    operationName: 'A',
    variables: { n: 1 },
    extensions: { trace: 1, persistedQuery: { version: 1, sha256Hash: 'AB' } },
    doc_id: '7',
    id: 3,
  });
  assert.equal(message.hash, 'ab');
  assert.equal(message.id, undefined);
  assert.deepEqual(JSON.parse(JSON.stringify(renderMessage(message, '{ a }'))), {
    query: '{ a }',
    operationName: 'A',
    variables: { n: 1 },
    extensions: { trace: 1 },
  });
});

test('null, empty and absent are the same', () => {
  const empty = { query: undefined, id: undefined, hash: undefined, operationName: undefined };
  const whole = { ...empty, variables: undefined, extensions: undefined };
  assert.deepEqual(readMessage({ query: '', operationName: null, variables: null, extensions: null }), whole);
  assert.deepEqual(readMessage({}), whole);
  assert.deepEqual(readMessage(Object.create({ query: '{ a }' })), whole);
});

test('a listed document is named by id, documentId or hash', () => {
  assert.equal(readMessage({ id: 'a' }).id, 'a');
  assert.equal(readMessage({ documentId: 'a' }).id, 'a');
  assert.equal(readMessage({ extensions: { persistedQuery: { sha256Hash: 'AB' } } }).id, 'ab');
});

test('members of another type are refused', () => {
  const faults: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /the message is no object/],
    ['{ a }', /the message is no object/],
    [[{ query: '{ a }' }], /the message is no object/],
    [{ query: 1 }, /"query" is no string/],
    [{ query: ['{ a }'] }, /"query" is no string/],
    [{ query: '{ a }', operationName: {} }, /"operationName" is no string/],
    [{ query: '{ a }', variables: '{}' }, /"variables" is no object/],
    [{ query: '{ a }', variables: [] }, /"variables" is no object/],
    [{ query: '{ a }', extensions: 1 }, /"extensions" is no object/],
    [{ query: '{ a }', extensions: { persistedQuery: 'x' } }, /"persistedQuery" is no object/],
    [{ id: 1 }, /"id" is no string/],
  ];
  for (const [value, message] of faults) assert.throws(() => readMessage(value), { message });
});

test('a batch is bounded, and has at least one', () => {
  assert.equal(readMessages({ query: '{ a }' }, 1).isBatch, false);
  assert.equal(readMessages([{ query: '{ a }' }], 1).isBatch, true);
  assert.equal(readMessages([{}, {}], 2).messages.length, 2);
  assert.throws(() => readMessages([{}, {}, {}], 2), { message: 'a batch of 3, at most 2' });
  assert.throws(() => readMessages(new Array(1_000_000).fill(0), 2), { message: 'a batch of 1000000, at most 2' });
  assert.throws(() => readMessages([], 2), { message: 'an empty batch' });
  assert.throws(() => readMessages([[{}]], 2), { message: 'the message is no object' });
});
