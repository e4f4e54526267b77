import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback } from '../../../src/lib/loopback.ts';

test('only this very machine is loopback', () => {
  for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '127.255.0.1', '::1', '[::1]']) {
    assert.equal(isLoopback(host), true, host);
  }
  for (const host of ['', '0.0.0.0', '128.0.0.1', '127.0.0.1.example.com', 'localhost.example.com', '127.1', '::2']) {
    assert.equal(isLoopback(host), false, host);
  }
});
