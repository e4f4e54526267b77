import type { Consumer, ConsumerKey } from '../facts.ts';
import type { MetadataMap } from './caller-facts.ts';
import { createIdentity, type Identity } from './identity.ts';

/** A consumer with what it has of its groups. */
interface Described {
  readonly name: string;
  readonly plan?: string | undefined;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly metadata?: MetadataMap | undefined;
}

/** The consumer of a request, without what a single credential says of it. */
export function consumerOf({ name, plan, roles, metadata }: Described, key?: ConsumerKey): Consumer {
  return { name, plan, roles, metadata: textsOf(metadata, key?.metadata), key };
}

/** Who calls with a credential of this consumer's. One of its keys may hold fewer scopes than it does, never more. */
export function identifyConsumer(method: string, row: Described, key?: ConsumerKey, expiresAtMs?: number): Identity {
  const { plan, roles, scopes } = row;
  return createIdentity(method, {
    consumer: consumerOf(row, key),
    plan,
    roles,
    scopes: heldScopes(scopes, key?.scopes),
    expiresAtMs: key?.expiresAtMs ?? expiresAtMs,
  });
}

/** What a key holds of its consumer's scopes; the consumer may have lost some since the key was made. */
export function heldScopes(scopes: readonly string[], ofKey: readonly string[] | undefined): readonly string[] {
  return ofKey === undefined ? scopes : scopes.filter((scope) => ofKey.includes(scope));
}

function textsOf(...maps: readonly (MetadataMap | undefined)[]): ReadonlyMap<string, string> | undefined {
  const entries = maps.flatMap((map) => (map === undefined ? [] : Object.entries(map)));
  return entries.length === 0 ? undefined : new Map(entries);
}
