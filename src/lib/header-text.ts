const PLAIN = /^[\x21-\x24\x26-\x2b\x2d-\x7e]*$/;

/**
 * Text of unknown origin as a header field value: visible ASCII stays, all else is percent-encoded as UTF-8.
 *
 * `%` and `,` are encoded too: so two texts never become one value, and a value never becomes two in a list
 * (RFC 9110, section 5.6.1). A lone surrogate becomes U+FFFD.
 */
export function encodeHeaderText(text: string): string {
  if (PLAIN.test(text)) return text;
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x25 && byte !== 0x2c;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
