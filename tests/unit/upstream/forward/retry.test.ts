import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRetryPolicy, retryDelayMs, retrySchema } from '../../../../src/upstream/forward/retry.ts';

const policy = createRetryPolicy(retrySchema.parse({}));

test('before a byte was sent any method may be repeated, once', () => {
  for (const outcome of ['refused', 'dns', 'tls', 'connect-timeout'] as const) {
    assert.equal(policy.isWanted('POST', outcome, 0, 1, false), true, outcome);
    assert.equal(policy.isWanted('POST', outcome, 0, 2, false), false, outcome);
  }
});

test('after that only methods that may be repeated, and only what the route names', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])
    assert.equal(policy.isWanted(method, 'reset', 0, 1, true), true, method);
  for (const method of ['POST', 'PATCH', 'LINK'])
    assert.equal(policy.isWanted(method, 'reset', 0, 1, true), false, method);
  for (const status of [502, 503, 504]) assert.equal(policy.isWanted('GET', 'status', status, 1, true), true);
  for (const status of [500, 501, 429]) assert.equal(policy.isWanted('GET', 'status', status, 1, true), false);
  assert.equal(policy.isWanted('GET', 'headers-timeout', 0, 1, true), false);
  const patient = createRetryPolicy(retrySchema.parse({ on: ['timeout'] }));
  assert.equal(patient.isWanted('GET', 'headers-timeout', 0, 1, true), true);
  assert.equal(patient.isWanted('GET', 'reset', 0, 1, true), false);
});

test('a refused connection after earlier attempts counts among the attempts', () => {
  const once = createRetryPolicy(retrySchema.parse({ attempts: 3 }));
  assert.equal(once.isWanted('POST', 'refused', 0, 2, false), true);
  assert.equal(once.isWanted('POST', 'refused', 0, 3, false), false);
});

test('the pause lies between 25 and 250 ms, and grows with the attempts', () => {
  assert.equal(
    retryDelayMs(1, () => 0),
    25,
  );
  assert.equal(
    retryDelayMs(1, () => 1),
    50,
  );
  assert.equal(
    retryDelayMs(2, () => 1),
    100,
  );
  for (let attempts = 1; attempts < 40; attempts++) assert.ok(retryDelayMs(attempts, () => 1) <= 250);
});
