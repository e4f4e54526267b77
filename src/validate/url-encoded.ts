/** Names and their values, in the order in which they came. */
export type Fields = ReadonlyMap<string, readonly string[]>;

/** More fields than any form has; each costs. */
const MAX_FIELDS = 1000;

/** Why a query or a form can't be read. */
export class UnreadableFields extends Error {}

/**
 * Reads a query, or a body of `application/x-www-form-urlencoded` (WHATWG URL, section 5.1). Throws `UnreadableFields`
 * for escapes that are none, which others would read otherwise, and for more than 1,000 fields.
 */
export function parseUrlEncoded(text: string): Fields {
  const parts = text.split('&', MAX_FIELDS + 1).filter((part) => part !== '');
  if (parts.length > MAX_FIELDS) throw new UnreadableFields(`has more than ${MAX_FIELDS} fields`);
  const fields = new Map<string, string[]>();
  for (const part of parts) {
    const mark = part.indexOf('=');
    const name = decode(mark < 0 ? part : part.slice(0, mark));
    const value = mark < 0 ? '' : decode(part.slice(mark + 1));
    const known = fields.get(name);
    if (known === undefined) fields.set(name, [value]);
    else known.push(value);
  }
  return fields;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw new UnreadableFields('is not encoded rightly (percent escapes of UTF-8)', { cause });
  }
}
