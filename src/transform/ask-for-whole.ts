import { isKnownCoding } from '../lib/decode-content.ts';
import { withStrongTags } from './compression.ts';

/**
 * Asks a service for an answer that can be edited: whole (RFC 9110, section 14.2), and in codings that can be undone.
 * `fields` are names and values by turns; edited in place. If-None-Match passes: it compares weak tags as well; in If-Match the strong tags of the service stand
 * beside the weak ones that clients know (RFC 9110, section 13.1).
 */
export function askForWhole(fields: string[]): void {
  let kept = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const [name, value] = [fields[i] as string, fields[i + 1] as string];
    const lower = name.toLowerCase();
    if (lower === 'range' || lower === 'if-range') continue;
    fields[kept++] = name;
    fields[kept++] = forWhole(lower, value);
  }
  fields.length = kept;
}

function forWhole(lowerName: string, value: string): string {
  if (lowerName === 'accept-encoding') return knownCodings(value);
  return lowerName === 'if-match' && value.length <= MAX_IF_MATCH_CHARS ? withStrongTags(value) : value;
}

const MAX_IF_MATCH_CHARS = 1024;

/** Those of an Accept-Encoding that can be undone, with their weights; `*` could be any. */
function knownCodings(field: string): string {
  const known = field.split(',').filter((one) => isKnownCoding(one.split(';', 1)[0]?.trim() ?? ''));
  return known.length === 0 ? 'identity' : known.map((one) => one.trim()).join(', ');
}
