import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawProblem } from '../../../src/server/refuse-connection.ts';

test('a raw refusal is a whole HTTP answer that ends the connection', () => {
  const [head = '', body = ''] = rawProblem('bad_framing').split('\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 400 /);
  assert.match(head, /\r\nConnection: close$/);
  assert.match(head, /\r\nContent-Type: application\/problem\+json\r\n/);
  assert.match(head, new RegExp(`\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`));
  assert.equal(JSON.parse(body).code, 'bad_framing');
});
