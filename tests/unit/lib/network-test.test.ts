import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNetworkTest, isNetwork, isWithin } from '../../../src/lib/network-test.ts';

test('an address is in a network of its family, to the bit', () => {
  const isInside = createNetworkTest(['10.1.0.0/15', '192.0.2.7', '2001:db8::/33']);
  for (const inside of ['10.0.0.0', '10.1.255.255', '192.0.2.7', '2001:db8::1', '2001:DB8:7FFF::']) {
    assert.equal(isInside(inside), true, inside);
  }
  for (const outside of ['10.2.0.0', '9.255.255.255', '192.0.2.8', '2001:db8:8000::', '::1']) {
    assert.equal(isInside(outside), false, outside);
  }
});

test('an IPv4 address is the same one written in IPv6', () => {
  const isInside = createNetworkTest(['10.0.0.0/8']);
  for (const spelling of ['::ffff:10.1.1.1', '::FFFF:10.1.1.1', '::ffff:a01:101', '0:0:0:0:0:ffff:10.1.1.1'])
    assert.equal(isInside(spelling), true, spelling);
  assert.equal(isInside('::ffff:11.1.1.1'), false);
  assert.equal(createNetworkTest(['::ffff:10.0.0.0/104'])('10.1.1.1'), true);
});

test('a network is within another where all of its addresses are', () => {
  for (const inner of ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.3', '::ffff:10.0.0.1'])
    assert.equal(isWithin(inner, '10.0.0.0/8'), true, inner);
  for (const inner of ['10.0.0.0/7', '11.0.0.0/8', '0.0.0.0/0', 'fd00::/8', '::ffff:11.0.0.1'])
    assert.equal(isWithin(inner, '10.0.0.0/8'), false, inner);
  assert.equal(isWithin('fd00:1::/32', 'fc00::/7'), true);
});

test('what is no address is in no network', () => {
  const isInside = createNetworkTest(['0.0.0.0/0', '::/0']);
  for (const odd of ['', 'localhost', '10.1', '010.1.1.1', '10.0.0.0/8', '1.2.3.4 ', 'unknown'])
    assert.equal(isInside(odd), false, JSON.stringify(odd));
  assert.equal(createNetworkTest([])('127.0.0.1'), false);
});

test('an address of a link may name its interface', () => {
  assert.equal(createNetworkTest(['fe80::/10'])('fe80::1%eth0'), true);
});

test('a network is an address, with a number of bits that its family has', () => {
  for (const good of ['10.0.0.0/8', '10.0.0.1', '0.0.0.0/0', '::/0', '::1/128'])
    assert.equal(isNetwork(good), true, good);
  for (const bad of [
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '::/129',
    '/8',
    '',
    'a.test',
  ])
    assert.equal(isNetwork(bad), false, bad);
});
