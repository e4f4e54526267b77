import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressKey, createSubject } from '../../../src/limits/subject.ts';
import { createContext } from '../../support/limits.ts';

test('a caller is counted by consumer, else by token subject, else by address', () => {
  const subject = createSubject('consumer');
  assert.equal(subject(createContext({ consumer: 'app', subject: 'u1' })), 'c:app');
  assert.equal(subject(createContext({ subject: 'u1' })), 'u:u1');
  assert.equal(subject(createContext({ address: '192.0.2.7' })), 'a:192.0.2.7');
});

test('a user is counted apart from one of another issuer, and so is a claim', () => {
  const of = (issuer: string | undefined) =>
    Object.assign(createContext({ subject: 'u1', claims: { org: 'acme' } }), { issuer });
  for (const by of ['user', 'consumer', 'claim:org']) {
    const keys = ['https://a.example/', 'https://b.example/', undefined].map((issuer) => createSubject(by)(of(issuer)));
    assert.equal(new Set(keys).size, 3, keys.join(' '));
  }
});

test('a user named like an address is not that address', () => {
  const address = createSubject('address')(createContext({ address: '192.0.2.7' }));
  assert.notEqual(createSubject('user')(createContext({ subject: '192.0.2.7' })), address);
});

test('neighbours in one /56 of IPv6 share a counter, others do not', () => {
  const key = addressKey('2001:db8:0:ab00::1');
  assert.equal(addressKey('2001:db8:0:abff:1:2:3:4'), key);
  assert.notEqual(addressKey('2001:db8:0:ac00::1'), key);
});

test('an IPv4 address counts the same however it is written', () => {
  assert.equal(addressKey('::ffff:192.0.2.7'), addressKey('192.0.2.7'));
});

test('a header that may be a credential is never a key as it is', () => {
  const subject = createSubject('header:X-Tenant-Key');
  const key = subject(createContext({ headers: { 'x-tenant-key': 'very-secret' } }));
  assert.doesNotMatch(key, /secret/);
  assert.notEqual(key, subject(createContext({ headers: { 'x-tenant-key': 'other' } })));
  assert.equal(subject(createContext({ address: '192.0.2.7' })), 'a:192.0.2.7');
});

test('a claim is found by its name or by its path, and a caller without it is counted as a consumer', () => {
  const context = createContext({ consumer: 'app', claims: { 'https://x.example/org': 'acme', org: { id: 7 } } });
  assert.equal(createSubject('claim:https://x.example/org')(context), 'k:acme');
  assert.equal(createSubject('claim:org.id')(context), 'k:7');
  assert.equal(createSubject('claim:org')(context), 'c:app', 'an object names nobody');
  assert.equal(createSubject('claim:constructor.name')(context), 'c:app', 'nor does what every object has');
});

test('a long name makes a short key', () => {
  const subject = createSubject('user');
  const long = subject(createContext({ subject: 'x'.repeat(8000) }));
  assert.ok(long.length < 64);
  assert.notEqual(long, subject(createContext({ subject: `${'x'.repeat(8000)}y` })));
});
