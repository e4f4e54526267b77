import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkKey } from '../../../src/lib/network-key.ts';

test('addresses of one /56 are one network, however they are written', () => {
  const key = networkKey('2001:db8:0:ab00::1');
  for (const same of ['2001:db8:0:abff:1:2:3:4', '2001:0db8:0000:ab12::', '2001:db8::abcd:1:2:3:4']) {
    assert.equal(networkKey(same), key, same);
  }
  for (const other of ['2001:db8:0:ac00::1', '2001:db8:1:ab00::1', '2001:db8::1', '::1', '192.0.2.1']) {
    assert.notEqual(networkKey(other), key, other);
  }
});

test('an IPv4 address is its own network', () => {
  assert.equal(networkKey('192.0.2.1'), '192.0.2.1');
});
