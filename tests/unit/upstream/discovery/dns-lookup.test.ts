import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDnsQuestion } from '../../../../src/upstream/discovery/dns-lookup.ts';

test('a name to look up is read into a question', () => {
  assert.deepEqual(parseDnsQuestion('srv:_http._tcp.a'), { kind: 'srv', name: '_http._tcp.a' });
  assert.deepEqual(parseDnsQuestion('a:a.test:80'), { kind: 'host', name: 'a.test', port: 80 });
  assert.deepEqual(parseDnsQuestion('a.test:80'), { kind: 'host', name: 'a.test', port: 80 });
});
