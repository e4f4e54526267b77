import type { KeyObject } from 'node:crypto';
import type { Refusal } from './identity.ts';
import type { Algorithm } from './signing-keys.ts';

/** Finds the key for a token; a promise where it must be fetched first. */
export interface KeySource {
  /** Goes up whenever keys have changed: what was verified before is verified again. */
  readonly generation: number;
  /** From then on the source wants to be asked again, even for a token that is remembered. */
  readonly freshUntilMs: number;
  find(kid: string | undefined, alg: Algorithm, nowMs: number): KeyAnswer | Promise<KeyAnswer>;
}

export type KeyAnswer = KeyObject | Refusal;

/** Gives the keys behind a place; those of the same place are shared, and outlive a reload. */
export type FindRemoteKeys = (place: KeyPlace) => KeySource;

/** Where the keys of an issuer are: a URL, or the issuer itself, whose configuration names it (OpenID Connect Discovery 4). */
export type KeyPlace = ({ readonly jwks: string } | { readonly discover: string }) & {
  /** PEM of the authority whose word is taken for the certificate there; undefined: those that Node trusts. */
  readonly ca?: string | undefined;
  /** True where plain http is no fault. */
  readonly allowHttp?: boolean | undefined;
};
