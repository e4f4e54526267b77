import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLines } from '../../../src/dev/lines.ts';

const plain = createLines({
  isColoured: false,
  isStubbed: (origin) => origin === 'http://localhost:4001',
  explain: (method, path) => `turnpike explain ${method} ${path}`,
});

const line = (fields: object) =>
  JSON.stringify({
    time: '2026-01-31T12:34:56.789Z',
    method: 'GET',
    path: '/api/users/1',
    status: 200,
    totalMs: 12.3,
    ...fields,
  });

test('a request is one line: when, what, how it went, and who answered', () => {
  const text = plain.request(line({ route: '/api/users', service: 'users', target: 'http://localhost:4001' }));
  assert.equal(text, '12:34:56 GET     200    12 ms  /api/users/1  /api/users → users (stub)\n');
});

test('a real service is named without the word stub', () => {
  const text = plain.request(line({ route: 'r', service: 'orders', target: 'http://localhost:4002/base' }));
  assert.match(text, /r → orders\n$/);
});

test('a refusal says why, and how to hear more', () => {
  const text = plain.request(
    line({ status: 401, code: 'unauthenticated', detail: 'Send a credential.', route: '/api/users' }),
  );
  const [head, why, hint] = text.split('\n');
  assert.match(head ?? '', /401 .* → refused$/);
  assert.equal(why?.trim(), 'unauthenticated: Send a credential.');
  assert.equal(hint?.trim(), 'turnpike explain GET /api/users/1');
});

test('no line but a command is wider than 80 columns, however long a path is', () => {
  const long = `/${'a'.repeat(500)}`;
  for (const fields of [
    { path: long, route: long, service: 's'.repeat(200), target: 'http://localhost:4001' },
    { path: long, status: 404, code: 'not_found', detail: 'd'.repeat(300), nearestRoute: long },
    { method: 'VERSION-CONTROL', path: long, part: 'user' },
  ]) {
    for (const each of plain.request(line(fields)).split('\n')) {
      if (!each.includes('turnpike explain')) assert.ok(each.length <= 80, each);
    }
  }
});

test('what a client sends can give the terminal no orders', () => {
  const text = plain.request(
    line({ path: '/\u001b[2J\u202e', status: 404, code: 'not_found', detail: '\u001b]0;x\u0007' }),
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  assert.doesNotMatch(text.replace(/turnpike explain.*/, ''), /[\u001b\u0007\u202e]/);
});

test('colour is for those who asked for it', () => {
  const coloured = createLines({ isColoured: true, isStubbed: () => false, explain: () => '' });
  assert.ok(coloured.request(line({})).includes('\u001b[32m200'));
  assert.ok(!plain.request(line({})).includes('\u001b'));
});

test('a reload tells what is different', () => {
  const text = plain.message(
    JSON.stringify({
      time: '2026-01-31T12:34:56.789Z',
      level: 'info',
      message: 'configuration reloaded',
      changes: ['/a added'],
    }),
  );
  assert.equal(text, '12:34:56 info configuration reloaded\n  - /a added\n');
});
