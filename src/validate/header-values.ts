import type { IncomingMessage } from 'node:http';
import { distinctFields } from '../lib/distinct-fields.ts';
import { type Kinds, requiredOf } from './coerce.ts';
import { type FieldValues, readFieldValues, type Split } from './field-values.ts';

type ReadHeaders = (req: Pick<IncomingMessage, 'headers' | 'rawHeaders'>, split: Split) => FieldValues;

/**
 * Reads header fields as the object that a schema describes. Names have no case (RFC 9110, section 5.1), and keys of a
 * schema do: a field has the name that the schema gives it.
 */
export function createHeaderReader(kinds: Kinds, root: Readonly<Record<string, unknown>>): ReadHeaders {
  const written = new Map<string, string>();
  for (const name of [...kinds.byName.keys(), ...requiredOf(root)]) written.set(name.toLowerCase(), name);
  return ({ headers, rawHeaders }, split) => {
    const fields = new Map<string, readonly string[]>();
    for (const [name, texts] of distinctFields(rawHeaders)) {
      // What a stage before has taken off is not there any more.
      if (headers[name] !== undefined) fields.set(written.get(name) ?? name, texts);
    }
    return readFieldValues(fields, kinds, 'headers', split);
  };
}
