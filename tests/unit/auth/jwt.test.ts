import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { type Identity, Refusal } from '../../../src/auth/identity.ts';
import { createEnvironmentIssuers, createIssuer, issuerRow } from '../../../src/auth/issuers.ts';
import { TokenVerifier } from '../../../src/auth/jwt.ts';
import { createKeys, NOW_MS, NOW_SECONDS, noRemoteKeys, pemOf, SECRET } from '../../support/auth.ts';

const RSA = createKeys('rsa');
const EC = createKeys('ec');
const CLAIMS = { sub: 'u1', iat: NOW_SECONDS, exp: NOW_SECONDS + 60 };

function createVerifier(...rows: object[]): TokenVerifier {
  return new TokenVerifier(rows.map((row) => createIssuer(issuerRow.parse(row), noRemoteKeys)));
}

function accept(verifier: TokenVerifier, token: string, nowMs = NOW_MS): Identity {
  const outcome = verifier.verify(token, nowMs);
  assert.ok(!(outcome instanceof Promise));
  assert.ok(!(outcome instanceof Refusal), outcome instanceof Refusal ? outcome.reason : '');
  return outcome;
}

function refuse(verifier: TokenVerifier, token: string, nowMs = NOW_MS): string {
  const outcome = verifier.verify(token, nowMs);
  assert.ok(outcome instanceof Refusal, 'it was accepted');
  return outcome.reason;
}

test('each issuer verifies its own tokens with its own kind of key', () => {
  const verifier = createVerifier(
    { issuer: 'rsa', publicKey: pemOf(RSA.publicKey) },
    { issuer: 'ec', publicKey: pemOf(EC.publicKey) },
    { issuer: 'hmac', secret: SECRET + SECRET, algorithms: ['HS512'] },
  );
  const tokens = [
    jwt.sign({ ...CLAIMS, iss: 'rsa' }, RSA.privateKey, { algorithm: 'RS256' }),
    jwt.sign({ ...CLAIMS, iss: 'rsa' }, RSA.privateKey, { algorithm: 'PS256' }),
    jwt.sign({ ...CLAIMS, iss: 'ec' }, EC.privateKey, { algorithm: 'ES256' }),
    jwt.sign({ ...CLAIMS, iss: 'hmac' }, SECRET + SECRET, { algorithm: 'HS512' }),
  ];
  for (const token of tokens) assert.equal(accept(verifier, token).subject, 'u1');
  assert.match(refuse(verifier, jwt.sign({ ...CLAIMS, iss: 'hmac' }, SECRET)), /algorithm/);
  assert.match(
    refuse(verifier, jwt.sign({ ...CLAIMS, iss: 'ec' }, RSA.privateKey, { algorithm: 'RS256' })),
    /algorithm/,
  );
});

test('clocks may be 5 seconds apart', () => {
  const verifier = createVerifier({ issuer: 'a', secret: SECRET });
  const sign = (claims: object) => jwt.sign({ ...CLAIMS, iss: 'a', ...claims }, SECRET);
  accept(verifier, sign({ exp: NOW_SECONDS - 4 }));
  accept(verifier, sign({ nbf: NOW_SECONDS + 5 }));
  accept(verifier, sign({ iat: NOW_SECONDS + 5 }));
  assert.match(refuse(verifier, sign({ exp: NOW_SECONDS - 5 })), /expired/);
  assert.match(refuse(verifier, sign({ iat: NOW_SECONDS + 6 })), /not valid yet/);
});

test('a remembered token is refused from its expiry on', () => {
  const verifier = createVerifier({ issuer: 'a', secret: SECRET });
  const token = jwt.sign({ ...CLAIMS, iss: 'a' }, SECRET);
  const first = accept(verifier, token);
  assert.equal(accept(verifier, token), first, 'the second look is a memory');
  accept(verifier, token, NOW_MS + 64_999);
  assert.match(refuse(verifier, token, NOW_MS + 65_000), /expired/);
});

test('claims stand where the issuer says, nested or under a name with dots', () => {
  const paths = {
    subject: 'user.id',
    roles: 'realm_access.roles',
    scopes: 'https://example.com/scopes',
    plan: 'account.tier',
  };
  const verifier = createVerifier({ issuer: 'a', secret: SECRET, claims: paths });
  const claims = {
    ...CLAIMS,
    iss: 'a',
    role: 'ignored',
    user: { id: 7 },
    realm_access: { roles: ['admin', 3, 'reader'] },
    'https://example.com/scopes': ['a', 'b c'],
    account: { tier: 'pro' },
  };
  const { subject, roles, scopes, plan } = accept(verifier, jwt.sign(claims, SECRET));
  assert.deepEqual(
    { subject, roles, scopes, plan },
    { subject: '7', roles: ['admin', 'reader'], scopes: ['a', 'b', 'c'], plan: 'pro' },
  );
});

test('the issuer from the environment takes any name unless it has one itself', () => {
  const settings = {
    secret: SECRET,
    publicKeyPem: undefined,
    jwksUrl: undefined,
    issuer: undefined,
    audience: ['api'],
    algorithms: ['HS256'],
  };
  const open = new TokenVerifier(createEnvironmentIssuers(settings, noRemoteKeys));
  assert.equal(accept(open, jwt.sign({ ...CLAIMS, iss: 'whoever', aud: 'api' }, SECRET)).subject, 'u1');
  assert.match(refuse(open, jwt.sign({ ...CLAIMS, aud: 'other' }, SECRET)), /audience/);
  const named = new TokenVerifier(
    createEnvironmentIssuers({ ...settings, issuer: 'me', audience: undefined }, noRemoteKeys),
  );
  assert.match(refuse(named, jwt.sign(CLAIMS, SECRET)), /issuer/);
  assert.equal(accept(named, jwt.sign({ ...CLAIMS, iss: 'me' }, SECRET)).subject, 'u1');
});

function logged(verifier: TokenVerifier, claims: object): string | undefined {
  const outcome = verifier.verify(jwt.sign({ ...CLAIMS, ...claims }, SECRET), NOW_MS);
  assert.ok(outcome instanceof Refusal, 'it was accepted');
  return outcome.forLog;
}

test('the log is told which issuer or audience came, and which was expected', () => {
  const verifier = createVerifier(
    { issuer: 'https://a.example', secret: SECRET, audience: ['api', 'web'] },
    { issuer: 'b', secret: SECRET },
  );
  const expected = 'expected "https://a.example" or "b"';
  assert.equal(logged(verifier, { iss: 'https://a.example/' }), `its iss is "https://a.example/", ${expected}`);
  assert.equal(logged(verifier, {}), `it has no iss, ${expected}`);
  assert.match(logged(verifier, { iss: 'x'.repeat(4000) }) ?? '', /^its iss is "x{200}…", expected/);
  const from = (aud: unknown) => logged(verifier, { iss: 'https://a.example', aud });
  assert.equal(from('other'), 'its aud is "other", expected "api" or "web"');
  assert.equal(from(['x', 'y']), 'its aud is "x" and "y", expected "api" or "web"');
  assert.equal(from([]), 'its aud is an empty list, expected "api" or "web"');
  assert.equal(from(undefined), 'it has no aud, expected "api" or "web"');
  assert.match(from([...'abcdefg']) ?? '', /"e" and 2 more, expected/);
});

test('the log is told of the issuers of the route alone, for a token that is remembered too', () => {
  const verifier = createVerifier({ issuer: 'a', secret: SECRET }, { issuer: 'b', secret: SECRET });
  const token = jwt.sign({ ...CLAIMS, iss: 'a' }, SECRET);
  for (let i = 0; i < 2; i += 1) {
    const outcome = verifier.verify(token, NOW_MS, new Set(['b']));
    assert.ok(outcome instanceof Refusal);
    assert.equal(outcome.forLog, 'its iss is "a", expected "b"');
    accept(verifier, token);
  }
});

test('private keys, small RSA keys and text that is no key are refused when they are configured', () => {
  assert.throws(() => createVerifier({ issuer: 'a', publicKey: pemOf(RSA.privateKey) }), /private key/);
  assert.throws(() => createVerifier({ issuer: 'a', publicKey: 'hello' }), /no public key in PEM/);
  assert.throws(() => createVerifier({ issuer: 'a', secret: 'x'.repeat(31) }), /31 bytes/);
});
