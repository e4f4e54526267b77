import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { mountOf } from '../../../src/lib/mount-path.ts';

const at = (baseUrl: unknown) => ({ req: { baseUrl } as unknown as IncomingMessage });

test('the mount is what Express says that clients have written before our paths', () => {
  assert.equal(mountOf(at('/api')), '/api');
  assert.equal(mountOf(at('/API/v1')), '/API/v1');
  assert.equal(mountOf(at('')), '');
  assert.equal(mountOf(at(undefined)), '');
});

test('what a client has written there begins no host, and ends no header field or attribute', () => {
  assert.equal(mountOf(at('//evil.example/api')), '/evil.example/api');
  assert.equal(mountOf(at('/\\evil.example')), '/evil.example');
  assert.equal(mountOf(at('/a"b<c>')), '/a%22b%3Cc%3E');
  assert.equal(mountOf(at('/a/')), '/a');
});

test('a part of a request has the mount of the whole', () => {
  assert.equal(mountOf({ ...at(''), parent: at('/api') }), '/api');
});
