import type { z } from 'zod';
import type { Unite } from '../lib/unite.ts';
import type { StageDeps } from '../stage.ts';
import { consumersFileKeys } from './consumers.ts';
import type { CredentialCheck } from './identity.ts';
import { listIssuers } from './issuer-names.ts';
import type { Scheme } from './scheme.ts';
import { apiKeyScheme } from './schemes/api-key.ts';
import { basicScheme } from './schemes/basic.ts';
import { forwardAuthScheme } from './schemes/forward-auth.ts';
import { httpSignatureScheme } from './schemes/http-signature.ts';
import { introspectionScheme } from './schemes/introspection.ts';
import { jwtScheme } from './schemes/jwt.ts';
import { mtlsScheme } from './schemes/mtls.ts';
import { webhookScheme } from './schemes/webhook.ts';
import { createTokenCallers } from './token-identity.ts';

/**
 * THE TABLE: who may prove to be whom, and how. What a route may say in `auth` is what these schemes say it may.
 * To add a scheme: one new file, one line here, one test.
 */
const TABLE = [
  jwtScheme, //           signed tokens: nobody needs to be asked
  apiKeyScheme, //        keys of applications, by their hash
  introspectionScheme, // opaque tokens, which a server knows
  basicScheme, //         user names and passwords, for operators
  mtlsScheme, //          client certificates, as a load balancer tells them
  httpSignatureScheme, // requests that a partner has signed
  webhookScheme, //       what a provider sends of its own accord, signed
  forwardAuthScheme, //   a service of the company's own decides
] as const;

// Each scheme is typed by its own options; here they are all alike.
export const SCHEMES: readonly Scheme[] = TABLE;

/** The keys of the file that hold credentials: those of every scheme, and `consumers`, which they share. */
export const credentialFileKeys = {
  ...consumersFileKeys,
  ...(Object.assign({}, ...TABLE.map(({ fileKeys }) => fileKeys)) as Unite<(typeof TABLE)[number]['fileKeys']>),
};

/** A scheme that a route has named, with its options. */
export interface ChosenScheme {
  readonly name: string;
  readonly options: object;
}

/** The scheme of this name; there is one, since the schema of `auth` knows no other. */
export function schemeOf(name: string): Scheme {
  const scheme = SCHEMES.find((each) => each.name === name);
  if (scheme === undefined) throw new Error(`there is no authentication scheme "${name}"`);
  return scheme;
}

/** Whether a bearer that is no JWT is this scheme's. */
export function takesOpaqueBearer({ name, options }: ChosenScheme): boolean {
  return schemeOf(name).takesOpaqueBearer?.(options) === true;
}

/** What every scheme has made of one snapshot's file. */
export type PreparedSchemes = ReadonlyMap<string, unknown>;

export function prepareSchemes(file: CredentialsFile, deps: StageDeps): PreparedSchemes {
  const { jwt } = deps.settings;
  const issuers = listIssuers(file, jwt && { name: jwt.issuer });
  const callers = createTokenCallers(file.consumers, issuers);
  return new Map(SCHEMES.map((scheme) => [scheme.name, scheme.prepare(file, deps, callers)]));
}

/** The part of the file that the schemes are made from. */
export type CredentialsFile = z.output<z.ZodObject<typeof credentialFileKeys>>;

/** The schemes that a route accepts, ready to check requests. */
export function createChecks(
  chosen: readonly ChosenScheme[],
  issuers: readonly string[] | undefined,
  prepared: PreparedSchemes,
): readonly CredentialCheck[] {
  const route = {
    beside: new Set(chosen.map(({ name }) => name)),
    takesOpaqueBearer: chosen.some(takesOpaqueBearer),
    issuers: issuers && new Set(issuers),
  };
  return chosen.map(({ name, options }) => {
    const scheme = schemeOf(name);
    const { isLastResort = false } = scheme;
    return { name, isLastResort, ...scheme.create(options, prepared.get(name), route) };
  });
}
