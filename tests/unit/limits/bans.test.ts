import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bans, bansKind, bansOption } from '../../../src/limits/bans.ts';
import { createLimits } from '../../../src/limits/create-limits.ts';
import type { Decision } from '../../../src/limits/decision.ts';
import { createSubject } from '../../../src/limits/subject.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { SharedTimes } from '../../../src/redis/shared-times.ts';
import { type Caller, createContext, FakeClock } from '../../support/limits.ts';

const MINUTE_MS = 60_000;

function setUp(rules: object) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = { warn: (message: string) => void lines.push(message) } as never;
  const list = new SharedTimes({ name: 'bans', clock, log, redis: undefined });
  const limits = createLimits({ clock, redis: undefined } as never);
  const bans = new Bans(bansOption.parse(rules), { list, limits, clock, log, metrics: createMetrics() });
  const fail = (count: number, caller?: Caller) => {
    for (let i = 0; i < count; i++) bans.countFailure(createContext(caller));
  };
  const refuse = (count: number, by: string, caller?: Caller) => {
    for (let i = 0; i < count; i++)
      bans.countRefusal(createContext(caller), { window: { subject: createSubject(by) } } as Decision);
  };
  const addressBan = (caller?: Caller) => bans.addressSeconds(createContext(caller));
  const callerBan = (caller?: Caller) => bans.callerSeconds(createContext(caller));
  return { clock, list, bans, lines, fail, refuse, addressBan, callerBan };
}

test('the fifth wrong credential within the window bans the address for as long as the file says', () => {
  const { clock, fail, addressBan, lines } = setUp({ failedCredentials: { after: 5, window: '10m', for: '15m' } });
  fail(4);
  assert.equal(addressBan(), 0);
  fail(1);
  assert.equal(addressBan(), 15 * 60);
  assert.equal(addressBan({ address: '192.0.2.2' }), 0);
  clock.pass(15 * MINUTE_MS - 1);
  assert.equal(addressBan(), 1);
  clock.pass(1);
  assert.equal(addressBan(), 0);
  assert.deepEqual(lines, ['banned a:192.0.2.1 for 15m']);
});

test('wrong credentials that are far apart ban nobody', () => {
  const { clock, fail, addressBan } = setUp({ failedCredentials: { after: 5, window: '10m' } });
  for (let i = 0; i < 12; i++) {
    fail(1);
    clock.pass(3 * MINUTE_MS);
  }
  assert.equal(addressBan(), 0);
});

test('after a ban, ended or lifted, the count begins anew', () => {
  const { list, fail, addressBan } = setUp({ failedCredentials: { after: 5, window: '1d', for: '1h' } });
  fail(5);
  assert.equal(list.remove('a:192.0.2.1'), true);
  fail(4);
  assert.equal(addressBan(), 0);
  fail(1);
  assert.equal(addressBan(), 3600);
});

test('who is banned is whom the limit counts: consumer, user or address', () => {
  const { refuse, addressBan, callerBan } = setUp({ refusedCalls: { after: 3 } });
  refuse(3, 'consumer', { consumer: 'app' });
  refuse(3, 'user', { subject: 'u1' });
  assert.ok(callerBan({ consumer: 'app', address: '192.0.2.9' }) > 0);
  assert.ok(callerBan({ subject: 'u1' }) > 0);
  assert.equal(callerBan({ consumer: 'other' }), 0);
  assert.equal(callerBan({ subject: 'app' }), 0);
  assert.equal(addressBan(), 0);
  refuse(3, 'address', { consumer: 'third' });
  assert.ok(addressBan() > 0);
  assert.equal(callerBan({ consumer: 'third', address: '192.0.2.9' }), 0);
});

test('a limit that many share bans none of them', () => {
  const { list, refuse } = setUp({ refusedCalls: { after: 3 } });
  const caller = { consumer: 'app', headers: { 'x-tenant': 't1' }, claims: { org: 'o1' } };
  for (const by of ['route', 'header:X-Tenant', 'claim:org']) refuse(9, by, caller);
  assert.deepEqual(list.list(), []);
});

test('neighbours in one IPv6 /56 are counted and banned together', () => {
  const { fail, addressBan } = setUp({ failedCredentials: { after: 4 } });
  for (let i = 0; i < 4; i++) fail(1, { address: `2001:db8:0:ab0${i}::${i}` });
  assert.ok(addressBan({ address: '2001:db8:0:abff::9' }) > 0);
  assert.equal(addressBan({ address: '2001:db8:0:ac00::9' }), 0);
});

test('neither the addresses in `never` nor that of a trusted proxy itself are banned', () => {
  const { list, bans, fail, addressBan } = setUp({ failedCredentials: { after: 2 }, never: ['198.51.100.0/24'] });
  fail(9, { address: '198.51.100.7' });
  const proxied = createContext({ address: '10.0.0.1' });
  proxied.peerAddress = '10.0.0.1';
  proxied.peerTrusted = true;
  for (let i = 0; i < 9; i++) bans.countFailure(proxied);
  assert.deepEqual(list.list(), []);
  // Added to `never` after it was banned, an address is let in again.
  list.add('a:198.51.100.7', Number.MAX_SAFE_INTEGER);
  assert.equal(addressBan({ address: '198.51.100.7' }), 0);
});

test('a dry run counts towards no ban', () => {
  const { list, fail, refuse } = setUp({ failedCredentials: { after: 2 }, refusedCalls: { after: 2 } });
  fail(9, { dryRun: true });
  refuse(9, 'consumer', { consumer: 'app', dryRun: true });
  assert.deepEqual(list.list(), []);
});

test('the list of bans is bounded', () => {
  const { list, fail } = setUp({ failedCredentials: { after: 2 } });
  for (let i = 0; i < 100_000; i++) list.add(`a:${i}`, Number.MAX_SAFE_INTEGER);
  fail(9);
  assert.equal(list.size, 100_000);
  assert.equal(bansKind.name, 'bans');
});
