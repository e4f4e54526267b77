import type { ProblemEntry } from '../errors.ts';
import { escapePointer } from '../lib/json-pointer.ts';
import { coerceList, coerceText, isList, type Kind, type Kinds } from './coerce.ts';
import type { Fields } from './url-encoded.ts';

/** The object that fields of text stand for, to be checked by a schema; nothing of it is sent on. */
export interface FieldValues {
  readonly value: Readonly<Record<string, unknown>>;
  readonly faults: readonly ProblemEntry[];
}

/** A single text as the list that it stands for; parameters may have ways of their own. */
export type Split = (text: string, name: string) => readonly string[];

/**
 * Reads texts as what the schema has them be. A name that stands more than once is a list, or a fault: services do not
 * agree on which of two values counts. A single text is split to a list by `split`.
 */
export function readFieldValues(
  fields: Fields,
  { byName, others }: Kinds,
  place: ProblemEntry['in'] & string,
  split: Split,
): FieldValues {
  // Whatever its fields are called, it has them alone.
  const value: Record<string, unknown> = Object.create(null);
  const faults: ProblemEntry[] = [];
  for (const [name, texts] of fields) {
    if (texts.length > 1 && byName.has(name) && !isList(byName.get(name) as Kind))
      faults.push({ in: place, pointer: `/${escapePointer(name)}`, detail: 'must be given once' });
    value[name] = readTexts(texts, byName.get(name), others, (text) => split(text, name));
  }
  return { value, faults };
}

function readTexts(
  texts: readonly string[],
  known: Kind | undefined,
  others: Kind,
  split: (text: string) => readonly string[],
): unknown {
  const kind = known ?? others;
  const [first = ''] = texts;
  if (isList(kind)) return coerceList(texts.length > 1 ? texts : split(first), kind);
  return texts.length === 1 || known !== undefined ? coerceText(first, kind) : texts;
}

/** A list as one text of a query: `1,2,3`, or nothing. */
export function splitAtCommas(text: string): readonly string[] {
  return text === '' ? [] : text.split(',');
}

/** A list as a header field has it (RFC 9110, section 5.6.1). */
export function splitHeader(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
