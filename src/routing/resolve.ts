import { GatewayError } from '../errors.ts';

/** The slower half of normalising: paths with escapes, dot segments or empty segments. */

/** Value of a hexadecimal digit, or -1. */
function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Letters, digits and `-._~` (RFC 3986, section 2.3): the same whether they are escaped or not. */
function isUnreserved(code: number): boolean {
  const lower = code | 0x20;
  if (lower >= 0x61 && lower <= 0x7a) return true;
  return (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2e || code === 0x5f || code === 0x7e;
}

/**
 * Decodes escaped unreserved characters, once, and writes the other escapes in upper case (RFC 3986, 6.2.2.1 and
 * 6.2.2.2). `%25` stays, so nothing is ever decoded twice.
 *
 * @throws GatewayError `bad_path` for a malformed escape, an escaped control character, backslash or overlong UTF-8.
 */
export function unescapePath(path: string): string {
  let out = '';
  let copied = 0;
  for (let at = path.indexOf('%'); at !== -1; at = path.indexOf('%', at + 3)) {
    const code = escapedOctet(path, at);
    out += path.slice(copied, at);
    out += isUnreserved(code) ? String.fromCharCode(code) : path.slice(at, at + 3).toUpperCase();
    copied = at + 3;
  }
  return copied === 0 ? path : out + path.slice(copied);
}

function escapedOctet(path: string, at: number): number {
  const code = octetAt(path, at);
  if (code < 0) throw new GatewayError('bad_path', 'A percent sign must be followed by two hexadecimal digits.');
  if (code < 0x20 || code === 0x7f) throw new GatewayError('bad_path', 'A path may not contain control characters.');
  if (code === 0x5c) throw new GatewayError('bad_path', 'A path may not contain a backslash.');
  if (code >= 0xc0 && beginsOverlong(code, path, at)) {
    throw new GatewayError('bad_path', 'A path may not contain escapes that are not UTF-8.');
  }
  return code;
}

/** The octet that the escape at this place stands for, or -1 where there is none. */
export function octetAt(path: string, at: number): number {
  const high = hexValue(path.charCodeAt(at + 1));
  const low = hexValue(path.charCodeAt(at + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/** Whether octets spell a character longer than needed, `C0 AE` for a dot: lax decoders read it (RFC 3629, section 3). */
function beginsOverlong(code: number, path: string, at: number): boolean {
  if (code === 0xc0 || code === 0xc1 || code >= 0xf5) return true;
  if ((code !== 0xe0 && code !== 0xf0) || path.charCodeAt(at + 3) !== 0x25) return false;
  const next = octetAt(path, at + 3);
  return next >= 0x80 && next < (code === 0xe0 ? 0xa0 : 0x90);
}

/**
 * Resolves `.` and `..` and merges slashes (RFC 3986, section 5.2.4). A slash at the end stays.
 *
 * @throws GatewayError `bad_path` for a path that climbs above the root, or hides dots behind a `;`.
 */
export function resolveSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/');
  for (const segment of segments) addSegment(kept, segment);
  if (kept.length === 0) return '/';
  const last = segments.at(-1);
  const endsOpen = last === '' || last === '.' || last === '..';
  return endsOpen ? `/${kept.join('/')}/` : `/${kept.join('/')}`;
}

function addSegment(kept: string[], segment: string): void {
  if (segment === '' || segment === '.') return;
  if (segment === '..') {
    if (kept.pop() === undefined) throw new GatewayError('bad_path', 'The path climbs above the root.');
    return;
  }
  // Java servers cut parameters off, and would then climb.
  if (/^\.\.?(?:;|%3B)/.test(segment)) throw new GatewayError('bad_path', 'A dot segment may not have parameters.');
  kept.push(segment);
}
