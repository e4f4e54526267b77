import { createHmac, createSign, type KeyObject } from 'node:crypto';
import { encode, pemOf, signRs256 } from './auth.ts';

/** What the forger knows: an issuer's public key, and a moment at which the good token would be valid. */
export interface Target {
  /** `iss` of the issuer that signs with the RSA key. */
  readonly issuer: string;
  /** `iss` of another one, that signs with `secret`. */
  readonly hmacIssuer: string;
  readonly secret: string;
  readonly rsa: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly otherRsa: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly nowSeconds: number;
  /** The `kid` that the issuer publishes its key under. */
  readonly kid?: string;
  /** A server that nobody must ever ask. */
  readonly spyUrl?: string;
}

/** A token signed by hand with HS256. */
export function signHs256(header: object, claims: unknown, secret: string): string {
  const input = `${encode({ alg: 'HS256', typ: 'JWT', ...header })}.${encode(claims)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

/** Claims of a token that the gateway must accept; every attack changes something about it. */
export function goodClaims({ issuer, nowSeconds }: Pick<Target, 'issuer' | 'nowSeconds'>) {
  return { iss: issuer, aud: 'api', sub: 'u1', iat: nowSeconds, exp: nowSeconds + 60 };
}

/** A token whose payload is this very text. */
export function signText(text: string, { rsa, kid }: Pick<Target, 'rsa' | 'kid'>): string {
  const input = `${encode({ alg: 'RS256', kid })}.${encode(text)}`;
  return `${input}.${createSign('RSA-SHA256').update(input).sign(rsa.privateKey).toString('base64url')}`;
}

/** The table of attacks (RFC 8725): name and token. Each must be refused as invalid, quickly, with nobody asked. */
export function forgeTokens(target: Target): Readonly<Record<string, string>> {
  const { issuer, hmacIssuer, secret, rsa, otherRsa, nowSeconds, kid, spyUrl = 'https://evil.example' } = target;
  const good = goodClaims(target);
  const rs256 = (claims: unknown, header: object = {}, key = rsa.privateKey) =>
    signRs256({ ...(kid && { kid }), ...header }, claims, key);
  const hs256 = (claims: unknown, key: string) => signHs256(kid === undefined ? {} : { kid }, claims, key);
  const text = (claims: string) => signText(claims, target);
  const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const jwk = otherRsa.publicKey.export({ format: 'jwk' });
  const evil = otherRsa.privateKey;
  return {
    'alg none': `${encode({ alg: 'none', typ: 'JWT', kid })}.${encode(good)}.`,
    'alg None with a signature': `${encode({ alg: 'None', kid })}.${encode(good)}.AAAA`,
    'alg nOnE': `${encode({ alg: 'nOnE', kid })}.${encode(good)}.`,
    'alg NONE': `${encode({ alg: 'NONE', kid })}.${encode(good)}.AAAA`,
    'alg empty': `${encode({ alg: '', kid })}.${encode(good)}.AAAA`,
    'alg missing': `${encode({ typ: 'JWT', kid })}.${encode(good)}.AAAA`,
    'alg as a list': `${encode({ alg: ['RS256'], kid })}.${encode(good)}.AAAA`,
    'the signature cut off': rs256(good).replace(/[^.]*$/, ''),
    'the public RSA key used as HMAC secret': hs256(good, pemOf(rsa.publicKey)),
    'an HMAC token under the name of the RSA issuer': hs256(good, secret),
    'an RSA token under the name of the HMAC issuer': rs256({ ...good, iss: hmacIssuer }),
    'RS512 where RS256 is listed': rs256(good, { alg: 'RS512' }),
    'a key of somebody else': rs256(good, {}, evil),
    'an embedded jwk': rs256(good, { jwk }, evil),
    'a jku': rs256(good, { jku: `${spyUrl}/jwks.json` }, evil),
    'an x5u': rs256(good, { x5u: `${spyUrl}/cert.pem` }, evil),
    'a changed claim': rs256(good).replace(/\.[^.]+\./, `.${encode({ ...good, sub: 'admin' })}.`),
    'no exp': rs256({ ...good, exp: undefined }),
    'exp of 1e300': rs256({ ...good, exp: 1e300 }),
    'exp beyond the year 9999': rs256({ ...good, exp: 253_402_300_800 }),
    'exp as text': rs256({ ...good, exp: '9999999999' }),
    'exp null': rs256({ ...good, exp: null }),
    'exp negative': rs256({ ...good, exp: -1 }),
    'exp 6 seconds ago': rs256({ ...good, exp: nowSeconds - 6 }),
    'nbf in the future': rs256({ ...good, nbf: nowSeconds + 3600 }),
    'nbf as text': rs256({ ...good, nbf: 'now' }),
    'iat in the future': rs256({ ...good, iat: nowSeconds + 3600 }),
    'iat as text': rs256({ ...good, iat: 'now' }),
    'another iss': rs256({ ...good, iss: spyUrl }),
    'no iss': rs256({ ...good, iss: undefined }),
    'iss as a list': rs256({ ...good, iss: [issuer] }),
    'iss __proto__': rs256({ ...good, iss: '__proto__' }),
    'another aud': rs256({ ...good, aud: 'other' }),
    'no aud': rs256({ ...good, aud: undefined }),
    'an unknown crit': rs256(good, { crit: ['exp2'], exp2: 1 }),
    'an empty crit': rs256(good, { crit: [] }),
    'b64 false': rs256(good, { b64: false, crit: ['b64'] }),
    'b64 false without crit': rs256(good, { b64: false }),
    'a logout token': rs256(good, { typ: 'logout+jwt' }),
    'a kid that is a path and the key of somebody else': rs256(good, { kid: '../../../../dev/null' }, evil),
    'a kid that is a URL and the key of somebody else': rs256(good, { kid: `${spyUrl}/kid` }, evil),
    'a kid that is SQL and the key of somebody else': rs256(good, { kid: "' OR 1=1 --" }, evil),
    'a kid of 10 KB': rs256(good, { kid: 'k'.repeat(10_000) }),
    'a kid of 5 KB': rs256(good, { kid: 'k'.repeat(5000) }),
    'a kid that is an object': rs256(good, { kid: { toString: 1 } }),
    'a kid __proto__ and the key of somebody else': rs256(good, { kid: '__proto__' }, evil),
    'a token of 15 KB': rs256({ ...good, pad: 'x'.repeat(11_000) }),
    'deep JSON': text(`${JSON.stringify(good).slice(0, -1)},"x":${nested(2500)}}`),
    'deep JSON that does not end': text('['.repeat(5000)),
    'quotes and backslashes without end': text('"a\\'.repeat(1800)),
    'a payload that is text': rs256('just text'),
    'a payload that is a list': rs256([good]),
    'a payload that is null': text('null'),
    'a header that is a list': `${encode(['RS256'])}.${encode(good)}.AAAA`,
    'claims through __proto__': text(`{"__proto__":${JSON.stringify(good)}}`),
    'a fourth part': `${rs256(good)}.AAAA`,
    'five parts, as an encrypted token has': `${rs256(good)}.AAAA.AAAA`,
    'a blank inside': rs256(good).replace('.', ' .'),
    'base64 that is not url-safe': rs256(good).replace(/.$/, '+'),
    'nothing but dots': '..',
    'eight thousand dots': '.'.repeat(8000),
  };
}
