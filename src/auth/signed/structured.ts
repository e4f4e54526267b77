import { createRequire } from 'node:module';
import type { Dictionary, InnerList, Item, Parameters } from 'structured-headers';

export type { InnerList, Item, Parameters };

const require = createRequire(import.meta.url);
let library: typeof import('structured-headers') | undefined;

/** Loaded with the first signed request: most gateways see none. */
function load(): typeof import('structured-headers') {
  library ??= require('structured-headers') as typeof import('structured-headers');
  return library;
}

/** A dictionary (RFC 9651, section 3.2); undefined for what is none. */
export function parseDictionary(text: string): Dictionary | undefined {
  try {
    return load().parseDictionary(text);
  } catch {
    // Of what came the caller is told that it is malformed.
    return undefined;
  }
}

/** A field in the one spelling that its type has, whichever that is; undefined where it is of none. */
export function respell(text: string): string | undefined {
  const { parseList, serializeList, parseItem, serializeItem, serializeDictionary } = load();
  return (
    // What reads as several of them is spelt alike in each, but for names that stand twice.
    attempt(() => serializeList(parseList(text))) ??
    attempt(() => serializeDictionary(load().parseDictionary(text))) ??
    attempt(() => serializeItem(parseItem(text)))
  );
}

/** The member of a dictionary in its one spelling (RFC 9421, section 2.1.2); undefined where there is none. */
export function memberOf(text: string, key: string): string | undefined {
  const member = parseDictionary(text)?.get(key);
  return member && attempt(() => spell(member));
}

/** An item or an inner list with its parameters; throws for what the standard knows no spelling of. */
export function spell(member: Item | InnerList): string {
  const { serializeInnerList, serializeItem } = load();
  return isInnerList(member) ? serializeInnerList(member) : serializeItem(member);
}

export function isInnerList(member: Item | InnerList): member is InnerList {
  return Array.isArray(member[0]);
}

function attempt(spellIt: () => string): string | undefined {
  try {
    return spellIt();
  } catch {
    // It is of another type.
    return undefined;
  }
}
