import { createApiKeyScheme, type KeyIndex } from './api-keys.ts';
import type { AuthRequirement } from './auth-option.ts';
import { createBasicScheme, type Passwords } from './basic.ts';
import type { SchemeName } from './challenges.ts';
import { type ClientCertificates, createCertificateScheme } from './client-certificate.ts';
import { createForwardAuthScheme } from './forward-auth.ts';
import type { Scheme } from './identity.ts';
import { createIntrospectionScheme, type Introspection } from './introspection.ts';
import { createJwtScheme, type TokenVerifier } from './jwt.ts';

/** All that one snapshot knows about credentials. */
export interface Credentials {
  readonly apiKeys: KeyIndex;
  readonly passwords: Passwords;
  readonly certificates: ClientCertificates;
  readonly tokens: TokenVerifier;
  readonly introspection: Introspection | undefined;
}

/** The schemes that a route accepts, ready to check requests. */
export function createSchemes(auth: AuthRequirement, credentials: Credentials): readonly Scheme[] {
  const { apiKeys, passwords, certificates, tokens, introspection } = credentials;
  // With both kinds of token accepted, their shape says whose they are.
  const takesBoth = auth.schemes.includes('jwt') && auth.schemes.includes('introspection');
  const create: Readonly<Record<SchemeName, () => Scheme | undefined>> = {
    jwt: () => createJwtScheme(tokens, { leavesOpaque: takesBoth }),
    'api-key': () => createApiKeyScheme(apiKeys, auth.apiKeyQuery),
    introspection: () => createIntrospectionScheme(introspection, { leavesJwt: takesBoth }),
    basic: () => createBasicScheme(passwords),
    mtls: () => createCertificateScheme(certificates, auth.certificateField),
    'forward-auth': () => (auth.forwardAuth === undefined ? undefined : createForwardAuthScheme(auth.forwardAuth)),
  };
  return auth.schemes.map((name) => create[name]()).filter((scheme) => scheme !== undefined);
}
