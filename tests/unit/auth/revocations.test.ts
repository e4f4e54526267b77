import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { Refusal } from '../../../src/auth/identity.ts';
import { createIssuer, issuerRow } from '../../../src/auth/issuers.ts';
import { TokenVerifier } from '../../../src/auth/jwt.ts';
import { Revocations } from '../../../src/auth/revocations.ts';
import { NOW_MS, NOW_SECONDS, noRemoteKeys, SECRET } from '../../support/auth.ts';

test('a revoked token is refused at once, also one that was verified before', () => {
  const revocations = new Revocations({
    clock: { now: () => NOW_MS },
    log: { warn: () => {} } as never,
    redis: undefined,
  });
  const row = issuerRow.parse({ issuer: 'a', secret: SECRET });
  const verifier = new TokenVerifier([createIssuer(row, noRemoteKeys)], revocations);
  const sign = (jti: string) => jwt.sign({ iss: 'a', jti, iat: NOW_SECONDS, exp: NOW_SECONDS + 60 }, SECRET);
  const [taken, kept] = [sign('t1'), sign('t2')];
  assert.ok(!(verifier.verify(taken, NOW_MS) instanceof Refusal));
  assert.equal(revocations.revoke('t1', NOW_MS + 60_000, 'a'), true);
  assert.ok(verifier.verify(taken, NOW_MS) instanceof Refusal);
  assert.ok(!(verifier.verify(kept, NOW_MS) instanceof Refusal));
  assert.equal(revocations.revoke('', NOW_MS), false);
  assert.equal(revocations.revoke('x'.repeat(513), NOW_MS), false);
});

test('the list of revoked tokens is bounded, and expired ones make room', () => {
  let nowMs = NOW_MS;
  const revocations = new Revocations({
    clock: { now: () => nowMs },
    log: { warn: () => {} } as never,
    redis: undefined,
  });
  for (let i = 0; i < 100_000; i += 1) revocations.revoke(`t${i}`, NOW_MS + 1000);
  assert.equal(revocations.revoke('one more', NOW_MS + 60_000), false);
  nowMs += 1000;
  assert.equal(revocations.revoke('one more', NOW_MS + 60_000), true);
  assert.equal(revocations.size, 1);
});
