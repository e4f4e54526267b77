import assert from 'node:assert/strict';
import { test } from 'node:test';
import { McpFault } from '../../../src/mcp/message-fault.ts';
import { readMessages } from '../../../src/mcp/read-messages.ts';

const readOne = (message: object) => readMessages({ jsonrpc: '2.0', id: 1, ...message }, 10)[0];

test('a call has its method, its ID and what it names', () => {
  assert.deepEqual(readOne({ method: 'tools/call', params: { name: 'a', arguments: { name: 'b' } } }), {
    method: 'tools/call',
    id: 1,
    asks: [{ kind: 'tool', name: 'a' }],
    headerName: 'a',
  });
  assert.deepEqual(readOne({ method: 'prompts/get', params: { name: 'p' } })?.asks, [{ kind: 'prompt', name: 'p' }]);
  assert.deepEqual(readOne({ method: 'resources/read', params: { uri: 'a:b' } })?.asks, [
    { kind: 'resource', name: 'a:b' },
  ]);
  assert.deepEqual(readOne({ method: 'tasks/get', params: { taskId: 't' } }), {
    method: 'tasks/get',
    id: 1,
    asks: [],
    headerName: 't',
  });
  assert.deepEqual(readOne({ method: 'x/y', params: { name: 7 } })?.asks, []);
  assert.deepEqual(readOne({ method: 'tools/list' })?.asks, []);
});

test('a prompt or template to be completed, and resources to be listened to, are asked for', () => {
  const complete = (ref: object) => readOne({ method: 'completion/complete', params: { ref } })?.asks;
  assert.deepEqual(complete({ type: 'ref/prompt', name: 'p' }), [{ kind: 'prompt', name: 'p' }]);
  assert.deepEqual(complete({ type: 'ref/prompt', name: 'p', uri: 'a:b' }), [
    { kind: 'prompt', name: 'p' },
    { kind: 'resource', name: 'a:b' },
  ]);
  const notifications = { toolsListChanged: true, resourceSubscriptions: ['a:1', 'a:2'] };
  assert.deepEqual(readOne({ method: 'subscriptions/listen', params: { notifications } })?.asks, [
    { kind: 'resource', name: 'a:1' },
    { kind: 'resource', name: 'a:2' },
  ]);
  assert.throws(() => complete({ type: 'ref/prompt' }), McpFault);
});

test('the answers of a client are no calls, and those of a batch are left out', () => {
  const answer = { jsonrpc: '2.0', id: 7, result: { action: 'accept' } };
  assert.deepEqual(readMessages(answer, 1), []);
  assert.deepEqual(
    readMessages([answer, { id: 1, method: 'ping' }], 2).map(({ method }) => method),
    ['ping'],
  );
});

test('the fault of a message has its ID, so that the client knows which one is meant', () => {
  assert.throws(
    () => readOne({ method: 'tools/call', params: {} }),
    (error) => error instanceof McpFault && error.id === 1 && error.rpcCode === -32_602,
  );
});
