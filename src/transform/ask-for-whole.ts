import { isKnownCoding } from '../lib/decode-content.ts';

/**
 * Asks a service for an answer that can be edited: whole (RFC 9110, section 14.2), and in codings that can be undone.
 * `fields` are names and values by turns; edited in place. If-None-Match passes: it compares weak tags as well.
 */
export function askForWhole(fields: string[]): void {
  let kept = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const [name, value] = [fields[i] as string, fields[i + 1] as string];
    const lower = name.toLowerCase();
    if (lower === 'range' || lower === 'if-range') continue;
    fields[kept++] = name;
    fields[kept++] = lower === 'accept-encoding' ? knownCodings(value) : value;
  }
  fields.length = kept;
}

/** Those of an Accept-Encoding that can be undone, with their weights; `*` could be any. */
function knownCodings(field: string): string {
  const known = field.split(',').filter((one) => isKnownCoding(one.split(';', 1)[0]?.trim() ?? ''));
  return known.length === 0 ? 'identity' : known.map((one) => one.trim()).join(', ');
}
