import type { RequestContext } from '../context.ts';
import { Refusal } from './identity.ts';

/** Reads a credential from one place; undefined where none was sent. */
export type Read = (context: RequestContext) => string | Refusal | undefined;

/** Makes what reads a credential from the one place that has it; two at once are refused. */
export function createOneReader(readers: readonly Read[], doubled: Refusal): Read {
  const [only] = readers;
  if (only !== undefined && readers.length === 1) return only;

  return function readOne(context) {
    let credential: string | undefined;
    for (const read of readers) {
      const found = read(context);
      if (found === undefined) continue;
      if (found instanceof Refusal) return found;
      if (credential !== undefined) return doubled;
      credential = found;
    }
    return credential;
  };
}
