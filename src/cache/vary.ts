import { boundedName } from './bounded-name.ts';
import type { FieldValue } from './directives.ts';
import type { ToldFields } from './told-fields.ts';

/** More names than that, and the answer is not stored. */
const MAX_NAMES = 20;
/** Whose values may be written in any case (RFC 9110, sections 8.4.1 and 12.5.4). */
const CASELESS = new Set(['accept-encoding', 'accept-language', 'accept-charset']);

/** The names that an answer depends on, sorted; undefined for `*`, or too many: then nobody else gets it. */
export function parseVary(field: FieldValue): readonly string[] | undefined {
  if (field === undefined) return NONE;
  const names = new Set(
    [field]
      .flat()
      .join(',')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
  names.delete('');
  return names.has('*') || names.size > MAX_NAMES ? undefined : [...names].sort();
}

const NONE: readonly string[] = [];

/** The names of two answers to one URL together: what is told apart by more than it must be is never mixed up. */
export function uniteVary(first: readonly string[], second: readonly string[]): readonly string[] | undefined {
  const names = [...new Set([...first, ...second])].sort();
  return names.length > MAX_NAMES ? undefined : names;
}

/**
 * The name of the variant that is meant for a request, by what the service is told (RFC 9111, section 4.1). `isLocal`:
 * it stays in this process.
 */
export function variantName(name: string, vary: readonly string[], told: ToldFields, isLocal: boolean): string {
  const values = vary.map((one) => normalize(one, told.get(one)));
  return `${name}.${boundedName(JSON.stringify([vary, values]), isLocal)}`;
}

/** Blanks around commas mean nothing, but in quotes; a field that is missing is not one that is empty. */
function normalize(name: string, value: string | undefined): string | null {
  if (value === undefined) return null;
  if (value.includes('"')) return value;
  const text = value
    .split(',')
    .map((part) => part.trim())
    .join(',');
  return CASELESS.has(name) ? text.toLowerCase() : text;
}
