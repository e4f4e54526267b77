import { z } from 'zod';
import type { RequestContext } from '../../context.ts';
import type { StageDeps } from '../../stage.ts';
import { BEARER_CHALLENGE, looksLikeJwt, readBearer } from '../bearer.ts';
import { warnOfPlainHttp, warnWithoutAudience } from '../credential-warnings.ts';
import { Refusal } from '../identity.ts';
import { checkIssuers, createEnvironmentIssuers, createIssuer, type IssuerRow, issuerRow } from '../issuers.ts';
import { jwksKind, RemoteKeys } from '../jwks.ts';
import { TokenVerifier } from '../jwt.ts';
import type { KeyPlace } from '../key-source.ts';
import { Revocations, revocationsKind } from '../revocations.ts';
import { defineScheme } from '../scheme.ts';
import type { TokenCallers } from '../token-identity.ts';
import { createTokenReader, type TokenPlaces, tokenPlaces } from '../token-places.ts';

/**
 * Tokens that an issuer has signed, in `Authorization: Bearer` (RFC 6750, section 2.1) and where else a route takes them.
 * What doesn't look like a JWT is left to the scheme that takes opaque ones, where there is one beside.
 */
export const jwtScheme = defineScheme({
  name: 'jwt',
  options: tokenPlaces,
  bare: {} as TokenPlaces,
  challenge: BEARER_CHALLENGE,
  isToken: true,
  fileKeys: {
    issuers: z
      .array(issuerRow)
      .default([])
      .describe('Who may sign tokens; one more can come from the environment (JWT_*).'),
  },
  credentialFields: () => ['authorization'],
  queryParameter: ({ query }) => query,
  tokenPlaces: (places) => places,
  // The environment may name an issuer, whatever the file says.
  isPossible: () => true,
  check: ({ issuers }, report) => checkIssuers(issuers, report),
  prepare: ({ issuers }, deps, callers) => createTokenVerifier(issuers, deps, callers),

  create(places, verifier, { beside, takesOpaqueBearer, issuers }) {
    const readToken = createTokenReader(places);
    const leavesOpaque = beside.has('introspection');
    // Introspection reads all of the places; a key comes as a bearer alone.
    const isLeft = (token: string, { req }: RequestContext) =>
      takesOpaqueBearer && !looksLikeJwt(token) && (leavesOpaque || token === readBearer(req.headers.authorization));
    return {
      authorizationWord: 'bearer',
      isConfigured: verifier.isConfigured,
      check(context: RequestContext, nowMs: number) {
        const token = readToken(context);
        if (token instanceof Refusal) return token;
        if (token === undefined || isLeft(token, context)) return undefined;
        return verifier.verify(token, nowMs, issuers);
      },
      recognize: ({ methods, claims }) =>
        methods.includes('jwt') && claims !== undefined ? verifier.recognize(claims, issuers) : undefined,
    };
  },
});

function createTokenVerifier(rows: readonly IssuerRow[], deps: StageDeps, callers: TokenCallers): TokenVerifier {
  const { lease, clock, log, redis, settings, call } = deps;
  warnWithoutAudience(rows, settings.jwt, log);
  warnOfPlainHttp(rows, log);
  const findKeys = (place: KeyPlace) =>
    lease.use(jwksKind, JSON.stringify(place), () => new RemoteKeys({ place, clock, log, call }));
  const issuers = [
    ...rows.map((row) => createIssuer(row, findKeys)),
    ...createEnvironmentIssuers(settings.jwt, findKeys),
  ];
  const revocations = lease.use(revocationsKind, '', () => new Revocations({ clock, log, redis }));
  return new TokenVerifier(issuers, revocations, callers);
}
