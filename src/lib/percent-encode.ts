/** A character of one octet, percent-encoded (RFC 3986, section 2.1). */
export function encodeOctet(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
