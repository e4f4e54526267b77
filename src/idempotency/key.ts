/** Keys are remembered hashed: the bound is there so that nobody sends a novel. */
const MAX_CHARS = 255;

/** An Item whose value is a String (RFC 9651, sections 3.3 and 3.3.3), with parameters that nobody has defined yet. */
const STRING_ITEM = /^"((?:[ !#-[\]-~]|\\["\\])*)"(?: *; *[a-z*][a-z0-9_.*-]*(?:=[^;]*)?)*$/;
/** What many clients send in its place: the key without its quotes. */
const BARE = /^[!#-~][!-~]*$/;

/**
 * The key of a request, 1 to 255 visible characters and spaces; undefined where the field holds none. Whoever quotes
 * it and whoever does not name the same key. Two fields of the name have been joined by then, and are none.
 */
export function readKey(field: string): string | undefined {
  // Longer than any key can be with each of its characters escaped, and parameters.
  if (field.length > 4 * MAX_CHARS) return undefined;
  const text = field.trim();
  const key = text.startsWith('"') ? STRING_ITEM.exec(text)?.[1]?.replaceAll(/\\(["\\])/g, '$1') : BARE.exec(text)?.[0];
  return key === undefined || key.length > MAX_CHARS || key.trim() === '' ? undefined : key;
}
