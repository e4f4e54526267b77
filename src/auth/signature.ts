import { type KeyObject, verify } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { Refusal } from './identity.ts';
import type { Issuer } from './issuers.ts';
import { refuseAudience, refuseIssuer } from './not-for-us.ts';
import { type Algorithm, algorithmsOf } from './signing-keys.ts';
import type { TokenParts } from './token-parts.ts';

/** How far two clocks may be apart. */
export const TOLERANCE_SECONDS = 5;

export const WRONG_ALGORITHM = new Refusal('the token is signed with an algorithm that is not accepted');
export const EXPIRED = new Refusal('the token has expired', { kind: 'expired_token' });
const BAD_SIGNATURE = new Refusal('the signature of the token is not valid');
const NOT_YET = new Refusal('the token is not valid yet');

/** Verifies the signature, the times, the issuer and the audience of a token whose parts have been read. */
export function verifySignature(
  key: KeyObject,
  issuer: Issuer,
  token: string,
  parts: TokenParts,
  nowMs: number,
): jwt.JwtPayload | Refusal {
  // The key decides too: an EC key of another curve, or an RSA key in place of a secret, never gets to verify.
  if (!(algorithmsOf(key) as readonly string[]).includes(parts.alg)) return WRONG_ALGORITHM;
  const nowSeconds = Math.floor(nowMs / 1000);
  const claims =
    parts.alg === 'EdDSA'
      ? verifyEdDsa(key, issuer, token, parts, nowSeconds)
      : verifyByLibrary(key, issuer, token, parts, nowSeconds);
  if (claims instanceof Refusal) return claims;
  if (claims.iat !== undefined && claims.iat > nowSeconds + TOLERANCE_SECONDS) return NOT_YET;
  return claims;
}

function verifyByLibrary(
  key: KeyObject,
  source: Issuer,
  token: string,
  parts: TokenParts,
  nowSeconds: number,
): jwt.JwtPayload | Refusal {
  const { issuer, audience } = source;
  try {
    jwt.verify(token, key, {
      algorithms: [parts.alg as Exclude<Algorithm, 'EdDSA'>],
      clockTimestamp: nowSeconds,
      clockTolerance: TOLERANCE_SECONDS,
      ...(issuer === undefined ? undefined : { issuer }),
      ...(audience === undefined ? undefined : { audience: audience as [string, ...string[]] }),
    });
    // The same text, whose long numbers the package would round: two users would be one.
    return parts.claims;
  } catch (error) {
    return explain(error, source, parts);
  }
}

function explain(error: unknown, { issuer, audience = [] }: Issuer, { iss, claims }: TokenParts): Refusal {
  if (error instanceof jwt.TokenExpiredError) return EXPIRED;
  if (error instanceof jwt.NotBeforeError) return NOT_YET;
  if (!(error instanceof jwt.JsonWebTokenError)) return new Refusal(BAD_SIGNATURE.reason, { cause: error });
  if (error.message.startsWith('jwt audience')) return refuseAudience(claims['aud'], audience);
  return error.message.startsWith('jwt issuer') ? refuseIssuer(iss, [issuer]) : BAD_SIGNATURE;
}

/** Ed25519 (RFC 8037), which jsonwebtoken 9 doesn't know: its checks of the claims, in its order. */
function verifyEdDsa(
  key: KeyObject,
  { issuer, audience }: Issuer,
  token: string,
  { claims }: TokenParts,
  nowSeconds: number,
): jwt.JwtPayload | Refusal {
  const end = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  if (!verify(null, Buffer.from(token.slice(0, end)), key, signature)) return BAD_SIGNATURE;
  const { nbf, exp, aud, iss } = claims as jwt.JwtPayload;
  if (nbf !== undefined && nbf > nowSeconds + TOLERANCE_SECONDS) return NOT_YET;
  // That there is one has been seen when the parts were read.
  if (nowSeconds >= (exp as number) + TOLERANCE_SECONDS) return EXPIRED;
  if (audience !== undefined && ![aud].flat().some((one) => one !== undefined && audience.includes(one)))
    return refuseAudience(aud, audience);
  return issuer === undefined || iss === issuer ? claims : refuseIssuer(iss, [issuer]);
}
