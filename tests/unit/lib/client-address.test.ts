import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import {
  type ClientAddress,
  createAddressResolver,
  plainAddress,
  type Trust,
} from '../../../src/lib/client-address.ts';

function resolve(trust: Trust, peer: string, headers: Record<string, string> = {}, encrypted = false): ClientAddress {
  const into: ClientAddress = { peerAddress: '', peerTrusted: false, clientAddress: '', scheme: 'http' };
  const socket = { remoteAddress: peer, encrypted };
  createAddressResolver(trust)({ socket, headers } as unknown as IncomingMessage, into);
  return into;
}

const forwarded = (value: string) => ({ 'x-forwarded-for': value });
const nobody: Trust = { kind: 'none' };
const hops = (count: number): Trust => ({ kind: 'hops', hops: count });
const networks = (...list: string[]): Trust => ({ kind: 'networks', networks: list });

test('without trust the client is the peer, whatever X-Forwarded-For says', () => {
  for (const trust of [nobody, hops(0)]) {
    const found = resolve(trust, '203.0.113.9', { ...forwarded('6.6.6.6'), 'x-forwarded-proto': 'https' });
    assert.deepEqual(found, {
      peerAddress: '203.0.113.9',
      peerTrusted: false,
      clientAddress: '203.0.113.9',
      scheme: 'http',
    });
  }
});

test('with one hop the client is what the one proxy wrote, not what the client sent it', () => {
  assert.equal(resolve(hops(1), '10.0.0.1', forwarded('6.6.6.6, 203.0.113.9')).clientAddress, '203.0.113.9');
  assert.equal(resolve(hops(2), '10.0.0.1', forwarded('6.6.6.6, 203.0.113.9, 10.0.0.2')).clientAddress, '203.0.113.9');
});

test('with more hops than entries the leftmost entry is the client', () => {
  assert.equal(resolve(hops(3), '10.0.0.1', forwarded('203.0.113.9')).clientAddress, '203.0.113.9');
  assert.equal(resolve(hops(1), '10.0.0.1').clientAddress, '10.0.0.1');
});

test('with networks the client is the first entry from the right that none of them covers', () => {
  const trust = networks('10.0.0.0/8', '2001:db8::/32');
  assert.equal(resolve(trust, '10.0.0.1', forwarded('6.6.6.6, 203.0.113.9, 10.1.2.3')).clientAddress, '203.0.113.9');
  assert.equal(resolve(trust, '2001:db8::1', forwarded('203.0.113.9')).clientAddress, '203.0.113.9');
  assert.equal(resolve(trust, '10.0.0.1', forwarded('10.0.0.9, 10.0.0.8')).clientAddress, '10.0.0.9');
});

test('a peer outside the networks may not speak for others', () => {
  const found = resolve(networks('10.0.0.0/8'), '203.0.113.9', forwarded('6.6.6.6'));
  assert.equal(found.peerTrusted, false);
  assert.equal(found.clientAddress, '203.0.113.9');
});

test('an entry that is no address ends the walk at the last one that was', () => {
  assert.equal(resolve(hops(3), '10.0.0.1', forwarded('6.6.6.6, unknown, 203.0.113.9')).clientAddress, '203.0.113.9');
  assert.equal(resolve(hops(1), '10.0.0.1', forwarded('nonsense')).clientAddress, '10.0.0.1');
});

test('a list of a thousand entries is not walked to its end', () => {
  const long = Array.from({ length: 1000 }, () => '10.0.0.2').join(',');
  assert.equal(resolve(networks('10.0.0.0/8'), '10.0.0.1', forwarded(`6.6.6.6,${long}`)).clientAddress, '10.0.0.2');
});

test('ports, brackets and mapped addresses are taken off, so that a port is no new client', () => {
  const spellings = {
    '203.0.113.9:4711': '203.0.113.9',
    ' 203.0.113.9 ': '203.0.113.9',
    '::ffff:203.0.113.9': '203.0.113.9',
    '::FFFF:203.0.113.9': '203.0.113.9',
    '[2001:DB8::1]:443': '2001:db8::1',
    '[2001:db8::1]': '2001:db8::1',
    'fe80::1%eth0': 'fe80::1',
  };
  for (const [written, plain] of Object.entries(spellings)) assert.equal(plainAddress(written), plain, written);
  for (const garbage of ['', '1.2.3', '[::1', '[::1]x', '1.2.3.4:', '1.2.3.4:99999999', 'localhost', '_hidden']) {
    assert.equal(plainAddress(garbage), undefined, garbage);
  }
});

test("the scheme is the socket's, or what a trusted peer says", () => {
  assert.equal(resolve(nobody, '1.2.3.4', {}, true).scheme, 'https');
  assert.equal(resolve(hops(1), '10.0.0.1', { 'x-forwarded-proto': 'http, https' }).scheme, 'https');
  assert.equal(resolve(hops(1), '10.0.0.1', { 'x-forwarded-proto': 'gopher' }).scheme, 'http');
});
