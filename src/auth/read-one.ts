import type { RequestContext } from '../context.ts';
import { Refusal } from './identity.ts';

/** Reads a credential from one place; undefined where none was sent. */
export type Read = (context: RequestContext) => string | Refusal | undefined;

/** A place that a credential may come from. */
export interface CredentialPlace {
  /** As it is told: `Authorization`, `the cookie session`. */
  readonly name: string;
  readonly read: Read;
}

/** Makes what reads a credential, a `what`, from the one place that has it; two at once are refused. */
export function createOneReader(places: readonly CredentialPlace[], what: string): Read {
  const [only] = places;
  if (only !== undefined && places.length === 1) return only.read;

  return function readOne(context) {
    let credential: string | undefined;
    let first = '';
    for (const { name, read } of places) {
      const found = read(context);
      if (found === undefined) continue;
      if (found instanceof Refusal) return found;
      if (credential !== undefined) return new Refusal(`more than one ${what} was sent: in ${first} and in ${name}`);
      credential = found;
      first = name;
    }
    return credential;
  };
}
