/**
 * True for a URI that is written in the one form in which it can be compared (RFC 3986, section 6.2.2): what begins like
 * an allowed one, and leads elsewhere once somebody has normalised it, is none.
 */
export function isPlainUri(uri: string): boolean {
  const [, authority = ''] = /^[a-z][a-z0-9+.-]*:(?:\/\/([^/?#]*))?/.exec(uri) ?? [undefined, undefined];
  if (!/^[a-z][a-z0-9+.-]*:/.test(uri) || authority !== authority.toLowerCase()) return false;
  if (uri.includes('\\') || /%(?![0-9A-F]{2})/.test(uri)) return false;
  const path = uri.split(/[?#]/, 1)[0] as string;
  return !/(?:^|[/:])\.{1,2}(?:\/|$)/.test(path) && !NEEDLESS.test(uri);
}

/** Escapes of what needs none, letters, digits and `-._~`; and of slashes, which some read as such. */
const NEEDLESS = /%(?:4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A]|3[0-9]|2D|2E|5F|7E|2F|5C|00)/;
