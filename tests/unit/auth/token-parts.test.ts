import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../../src/auth/identity.ts';
import { readTokenParts } from '../../../src/auth/token-parts.ts';

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const CLAIMS = { iss: 'a', sub: 'u1', exp: 2_000_000_000 };

/** What is read of a token with these fields beside the usual ones; the reason when it is refused. */
function read({ header = {}, claims = {} }: { header?: object | string; claims?: object | string }) {
  const head = typeof header === 'string' ? header : { alg: 'RS256', kid: 'k1', typ: 'JWT', ...header };
  const body = typeof claims === 'string' ? claims : { ...CLAIMS, ...claims };
  return outcomeOf(`${encode(head)}.${encode(body)}.c2ln`);
}

function outcomeOf(token: string) {
  const parts = readTokenParts(token);
  return parts instanceof Refusal ? parts.reason : parts;
}

test('a token says by which key it claims to be signed, and what', () => {
  assert.deepEqual(read({}), { alg: 'RS256', kid: 'k1', iss: 'a', claims: CLAIMS });
});

test('what is not three parts of base64url, two of them objects, is malformed', () => {
  const [head, body] = [encode({ alg: 'RS256' }), encode(CLAIMS)];
  const broken = [
    '',
    'a',
    `${head}.${body}`,
    `${head}.${body}.`,
    `${head}.${body}.c2ln.c2ln`,
    `.${body}.c2ln`,
    `${head}=.${body}.c2ln`,
  ];
  for (const token of broken) assert.equal(outcomeOf(token), 'the token is malformed', token);
  for (const text of ['[]', 'null', '"text"', '1', '{', '']) {
    assert.equal(read({ claims: text }), 'the token is malformed', text);
    assert.equal(read({ header: text }), 'the token is malformed', text);
  }
});

test('no header asks for an extension', () => {
  for (const header of [{ crit: ['exp'] }, { crit: [] }, { b64: false }, { b64: true }])
    assert.equal(read({ header }), 'the token demands an extension that is not supported', JSON.stringify(header));
});

test('a token of another type is no access token', () => {
  for (const typ of ['logout+jwt', 'secevent+jwt', 'dpop+jwt', 1, null]) {
    assert.equal(read({ header: { typ } }), 'the token is of another type', String(typ));
  }
  for (const typ of ['JWT', 'at+jwt', 'application/AT+JWT', undefined])
    assert.equal(typeof read({ header: { typ } }), 'object', typ);
});

test('a token ends, at a time that a date can be written in', () => {
  for (const exp of [undefined, null, '2000000000', -1, 1e300, 253_402_300_800]) {
    assert.equal(read({ claims: { exp } }), 'the token has no valid expiry', String(exp));
  }
  for (const claims of [{ nbf: 'now' }, { iat: null }, { nbf: -1 }, { iat: 1e300 }])
    assert.equal(read({ claims }), 'a time in the token is not valid', JSON.stringify(claims));
});

test('the names of algorithm, key and issuer are text of a sensible length', () => {
  for (const header of [{ alg: undefined }, { alg: 1 }, { kid: {} }, { kid: 'k'.repeat(513) }])
    assert.equal(read({ header }), 'the token is malformed', JSON.stringify(header).slice(0, 40));
  assert.equal(read({ claims: { iss: ['a'] } }), 'the token is malformed');
});

test('neither its length nor its depth is without end', () => {
  assert.equal(outcomeOf(`${'a'.repeat(8192)}.a.a`), 'the token is larger than 8 KiB');
  const nested = (depth: number) => `{"exp":2000000000,"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  assert.equal(typeof read({ claims: nested(31) }), 'object');
  assert.equal(read({ claims: nested(32) }), 'the token is malformed');
  const brackets = { text: '"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[' };
  assert.equal(typeof read({ claims: brackets }), 'object', 'brackets in a text are no nesting');
});
