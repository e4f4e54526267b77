import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { authOption, credentialHeaders, isProtected } from '../../../src/auth/auth-option.ts';
import { Refusal } from '../../../src/auth/identity.ts';
import { createIssuer, issuerRow } from '../../../src/auth/issuers.ts';
import { TokenVerifier } from '../../../src/auth/jwt.ts';
import { parsePasswordHash } from '../../../src/auth/password.ts';
import { Revocations } from '../../../src/auth/revocations.ts';
import { authenticateStage } from '../../../src/stages/authenticate.ts';
import {
  codeOf,
  compile,
  createDeps,
  createRequest,
  NOW_MS,
  NOW_SECONDS,
  noRemoteKeys,
  run,
  SECRET,
} from '../../support/auth.ts';

const openssl = spawnSync(
  'openssl',
  [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=app',
    '-days',
    '3650',
    '-keyout',
    '/dev/null',
  ],
  { encoding: 'utf8' },
);
const needsOpenssl = { skip: openssl.status !== 0 && 'openssl is not installed (apt-get install openssl)' };

test('a certificate counts only from a load balancer that is trusted', needsOpenssl, async () => {
  const certificate = new X509Certificate(openssl.stdout);
  const consumers = [{ name: 'app', certificates: [{ sha256: certificate.fingerprint256 }] }];
  const { deps, time } = createDeps();
  time.nowMs = certificate.validFromDate.getTime() + 1000;
  const handler = compile(authenticateStage, { options: { auth: 'mtls' }, file: { consumers }, deps });
  const call = async (value: string, peerTrusted = true) => {
    const context = createRequest({ headers: [['Client-Cert', value]] });
    context.peerTrusted = peerTrusted;
    return { code: codeOf(await run(handler, context)), consumer: context.consumer?.name };
  };
  const der = `:${certificate.raw.toString('base64')}:`;
  assert.deepEqual(await call(der), { code: undefined, consumer: 'app' });
  assert.deepEqual(await call(encodeURIComponent(openssl.stdout)), { code: undefined, consumer: 'app' });
  assert.equal((await call(der, false)).code, 'unauthenticated');
  assert.equal((await call('nonsense')).code, 'invalid_credential');
  time.nowMs = certificate.validToDate.getTime();
  assert.equal((await call(der)).code, 'invalid_credential', 'it has expired');
});

test('every way to write auth has one meaning', () => {
  const read = (written: unknown) => {
    const { mode, schemes, optional } = authOption.parse(written);
    return [mode, schemes.join(' '), optional];
  };
  assert.deepEqual(read('none'), ['none', '', false]);
  assert.deepEqual(read('jwt'), ['any', 'jwt', false]);
  assert.deepEqual(read(['jwt', 'api-key', 'jwt']), ['any', 'jwt api-key', false]);
  assert.deepEqual(read({ any: ['jwt'], optional: true }), ['any', 'jwt', true]);
  assert.deepEqual(read({ all: ['mtls', 'jwt'] }), ['all', 'mtls jwt', false]);
  assert.deepEqual(read([{ 'forward-auth': { url: 'http://auth:9000/' } }, 'jwt']), ['any', 'jwt forward-auth', false]);
  for (const wrong of ['nonsense', [], ['none'], {}, { all: ['jwt'], optional: true }, { any: [] }, null]) {
    assert.equal(authOption.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
});

test('what carries a credential stays at the gateway, unless the route forwards it', () => {
  const dropped = (written: unknown, forward = false) => credentialHeaders(authOption.parse(written), forward);
  assert.deepEqual(dropped('none'), []);
  assert.deepEqual(dropped(['jwt', 'api-key']), ['authorization', 'x-api-key']);
  assert.deepEqual(dropped('api-key'), ['x-api-key']);
  assert.deepEqual(dropped(['basic', 'introspection']), ['authorization']);
  assert.deepEqual(dropped({ mtls: { header: 'X-Cert' } }), ['x-cert']);
  const verdict = { 'forward-auth': { url: 'http://auth/', copyHeaders: ['X-Tenant'] } };
  assert.deepEqual(dropped(verdict), ['authorization', 'x-api-key', 'x-tenant']);
  assert.deepEqual(dropped(verdict, true), ['x-tenant']);
  assert.deepEqual(dropped(['jwt', 'api-key'], true), []);
});

test('a route is protected when nobody passes as nobody', () => {
  assert.equal(isProtected(authOption.parse('none')), false);
  assert.equal(isProtected(authOption.parse({ any: ['jwt'], optional: true })), false);
  assert.equal(isProtected(authOption.parse('jwt')), true);
});

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

test('a password hash that would take too much memory is refused', () => {
  const tail = `${'a'.repeat(22)}$${'b'.repeat(43)}`;
  assert.throws(() => parsePasswordHash(`scrypt$1048576$8$1$${tail}`));
  assert.throws(() => parsePasswordHash(`scrypt$1000$8$1$${tail}`));
  assert.throws(() => parsePasswordHash('scrypt$x'));
  assert.equal(parsePasswordHash(`scrypt$16384$8$1$${tail}`).parameters.N, 16_384);
});
