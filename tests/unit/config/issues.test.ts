import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { describeIssue } from '../../../src/config/issue-words.ts';
import { faultOfRoute, faultsIn } from '../../support/sample-config.ts';

test('a missing key is told at the object that lacks it', (t) => {
  const fault = faultOfRoute(t, { rateLimits: [{ limit: 1 }] });
  assert.equal(fault.path, '/routes/0/rateLimits/0/window');
  assert.equal(fault.message, 'is missing: expected a duration such as "30s" (units: ms, s, m, h, d)');
});

test('a bare number for a duration says that a unit is missing', (t) => {
  assert.match(
    faultOfRoute(t, { rateLimits: [{ limit: 1, window: 60 }] }).message,
    /needs a unit: "30s", not a bare number/,
  );
});

test('a fraction where a whole number is needed is called one', (t) => {
  const fault = faultOfRoute(t, { rateLimits: [{ limit: 1.5, window: '1m' }] });
  assert.equal(fault.message, 'expected a whole number, got a fraction');
});

test('a number beyond all that can be counted is called too large', () => {
  for (const schema of [z.number(), z.int(), z.number().min(1).max(9)]) {
    for (const text of ['1e400', '-1e400']) {
      const { error } = schema.safeParse(JSON.parse(text), { error: describeIssue });
      assert.match(error?.issues[0]?.message ?? '', /^expected a (?:whole )?number, got a number that is too large$/);
    }
  }
});

test('a value that fits no form of a union names the forms in words, and the nearest one', (t) => {
  const fault = faultOfRoute(t, { auth: 'jtw' });
  assert.equal(fault.message, 'expected "none", "jwt", "api-key" or a list');
  assert.equal(fault.hint, 'did you mean "jwt"?');
});

test('a value that has one form of a union is judged by that form alone', (t) => {
  const fault = faultOfRoute(t, { auth: ['jwt', 'api_key'] });
  assert.deepEqual(
    [fault.path, fault.message, fault.hint],
    ['/routes/0/auth/1', 'expected "jwt" or "api-key"', 'did you mean "api-key"?'],
  );
});

test('a key that no form of a union knows is compared with the keys of all of them', (t) => {
  const fault = faultOfRoute(t, { balance: { stiky: 'session' } });
  assert.deepEqual([fault.path, fault.hint], ['/routes/0/balance/stiky', 'did you mean "sticky"?']);
  assert.equal(faultOfRoute(t, { balance: { xyz: 1 } }).hint, 'Known here: hash, sticky.');
});

test('the same wrong word on two routes gets its own suggestion each', (t) => {
  const routes = [
    { prefix: '/a', target: 'x', auth: ['jwtt'] },
    { prefix: '/b', target: 'x', auth: ['apikey'] },
  ];
  assert.deepEqual(
    faultsIn(t, { routes }).map(({ hint }) => hint),
    ['did you mean "jwt"?', 'did you mean "api-key"?'],
  );
});

test('keys in another style are recognised', (t) => {
  assert.equal(faultOfRoute(t, { rate_limits: [] }).hint, 'did you mean "rateLimits"?');
  assert.equal(faultOfRoute(t, { ratelimit: [] }).hint, 'did you mean "rateLimits"?');
  assert.equal(faultOfRoute(t, { zzzzzzzzzzz: 1 }).hint, undefined);
});

test('unknown keys at the top of the file and inside a list are told', (t) => {
  const faults = faultsIn(t, {
    servces: {},
    services: { a: { targets: [{ url: 'x', weight: 1, wait: 2 }] } },
    routes: [],
  });
  assert.deepEqual(
    faults.map(({ path }) => path),
    ['/servces', '/services/a/targets/0/wait'],
  );
});
