import { GatewayError } from '../errors.ts';
import { encodeOctet } from '../lib/percent-encode.ts';
import { octetAt } from './resolve.ts';

/**
 * The other paths that a service may read out of one: decoded once more, or up to four times, with dot segments
 * resolved at any point between, parameters cut off, backslashes taken for slashes, and what looks like a query or a
 * fragment once it is decoded taken for one.
 */

/** More often than this nobody was seen to decode: a proxy, a server, a framework, and an application by mistake. */
const MAX_DECODINGS = 4;

/** Only a path that is made to confuse has more: each decoding makes one, each kind of oddity in it another. */
const MAX_READINGS = 16;

/** Stands for a percent sign that is to stay one: no path can hold it. */
export const FIXED_PERCENT = '\uE000';

/** A path in its two parts: what the prefix covers, and what follows it, which begins with a slash or is empty. */
interface Reading {
  readonly covered: string;
  readonly rest: string;
}

/** What a client is told of a path that could be read as another one. */
export function refuseReading(): GatewayError {
  return new GatewayError(
    'bad_path',
    'However often a service decodes a path, it must stay below the prefix of its route and select the same route.',
  );
}

/**
 * Whether every reading of a path stays below its prefix and is accepted by `isSame`, which gets it in the form in
 * which paths are matched. Costs a few passes over the path, and is for paths with escapes or parameters.
 */
export function staysInPlace(covered: string, rest: string, isSame: (path: string) => boolean): boolean {
  const seen = new Set<string>();
  let readings: Reading[] = [{ covered, rest }];
  for (let decodings = 0; decodings <= MAX_DECODINGS && readings.length > 0; decodings += 1) {
    // It grows while it is walked: a reading can bring others.
    for (const reading of readings) {
      const key = `${reading.covered}\n${reading.rest}`;
      if (seen.has(key)) continue;
      if (seen.size === MAX_READINGS || !staysAt(reading, readings, isSame)) return false;
      seen.add(key);
    }
    readings = readings.filter(hasEscape).map(decodeReading);
  }
  return true;
}

/** Whether one reading stays in place, resolved or not; those that go with it are added to the list. */
function staysAt(reading: Reading, readings: Reading[], isSame: (path: string) => boolean): boolean {
  if (isUnreadable(reading) || !isSame(matchedForm(reading.covered + reading.rest))) return false;
  const resolved = resolveRest(reading.rest);
  if (resolved === undefined) return false;
  addSiblings(readings, reading, resolved);
  return true;
}

/**
 * Whether a `:name` segment stays one segment in every reading, so that it may be put into another path, and what
 * follows it there still follows.
 */
export function staysOneSegment(value: string): boolean {
  return staysInPlace('', `/${value}/-`, (path) => /^\/[^/]+\/-$/.test(path));
}

/** Whether no reading of a path has dot segments that the path itself hides. */
export function hidesNoDots(path: string): boolean {
  let text = path;
  for (let decodings = 0; decodings < MAX_DECODINGS && text.includes('%'); decodings += 1) {
    text = decodeOnce(text);
    if (HARMFUL.test(text) || DOTS.test(text.replaceAll('\\', '/').replace(ESCAPED_DOT, '.'))) return false;
  }
  return true;
}

const ESCAPE = /%([0-9A-Fa-f]{2})/g;
const ESCAPED_UNRESERVED = /%(?:2[DE]|3\d|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])/gi;
const ESCAPED_DOT = /%2E/gi;
/** A dot segment, with parameters or without, also as the last one before a query (RFC 3986, section 5.2.4). */
const DOTS = /(?:^|\/)\.\.?(?:[/;?#]|%3B|$)/i;
const DOTS_WITH_PARAMETERS = /(?:^|\/)\.\.?(?:;|%3B)/i;
const PARAMETERS = /(?:;|%3B)[^/]*/gi;
/** Where a path ends for who parses it as a URL after it was decoded: only by decoding does it come by such a thing. */
const PATH_END = /[?#]/;
/** Control characters, and octets that begin overlong UTF-8 (RFC 3629, section 3). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not pass
const HARMFUL = /[\u0000-\u001f\u007f\u00c0\u00c1\u00f5-\u00ff]|\u00e0[\u0080-\u009f]|\u00f0[\u0080-\u008f]/;

/** Octet by octet, as lax decoders do it: what is malformed stays. */
function decodeOnce(text: string): string {
  let out = '';
  let copied = 0;
  for (let at = text.indexOf('%'); at !== -1; at = text.indexOf('%', at + 1)) {
    const code = octetAt(text, at);
    if (code < 0) continue;
    out += text.slice(copied, at) + String.fromCharCode(code);
    copied = at + 3;
  }
  return copied === 0 ? text : out + text.slice(copied);
}

/** True for what no two services read in the same way. */
function isUnreadable({ covered, rest }: Reading): boolean {
  if (HARMFUL.test(covered) || HARMFUL.test(rest) || DOTS.test(covered) || DOTS_WITH_PARAMETERS.test(rest)) return true;
  // Whether `..` takes back an empty segment is read in both ways (RFC 3986 says yes, merged slashes say no).
  return (rest.includes('//') || rest.includes('\\')) && DOTS.test(rest.replaceAll('\\', '/'));
}

/** What follows the prefix, resolved; undefined where it climbs out of it. */
function resolveRest(rest: string): string | undefined {
  if (!DOTS.test(rest)) return rest;
  const kept: string[] = [];
  const segments = rest.split('/');
  for (const segment of segments.slice(1)) {
    if (segment === '..') {
      if (kept.pop() === undefined) return undefined;
    } else if (segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}`;
}

/** The same path as a service reads it that resolves, cuts off parameters or a query, or takes a backslash for a slash. */
function addSiblings(readings: Reading[], { covered, rest }: Reading, resolved: string): void {
  if (resolved !== rest) readings.push({ covered, rest: resolved });
  const cut = rest.replace(PARAMETERS, '');
  const coveredCut = covered.replace(PARAMETERS, '');
  if (cut !== rest || coveredCut !== covered) readings.push({ covered: coveredCut, rest: cut });
  const end = rest.search(PATH_END);
  const coveredEnd = covered.search(PATH_END);
  if (coveredEnd !== -1) readings.push({ covered: covered.slice(0, coveredEnd), rest: '' });
  else if (end !== -1) readings.push({ covered, rest: rest.slice(0, end) });
  if (rest.includes('\\') || covered.includes('\\')) {
    readings.push({ covered: covered.replaceAll('\\', '/'), rest: rest.replaceAll('\\', '/') });
  }
  // Browsers' URL parsers, and what is built like them, resolve an escaped dot segment too.
  const undotted = rest.replace(ESCAPED_DOT, '.');
  const coveredUndotted = covered.replace(ESCAPED_DOT, '.');
  if (undotted !== rest || coveredUndotted !== covered) readings.push({ covered: coveredUndotted, rest: undotted });
}

function hasEscape({ covered, rest }: Reading): boolean {
  return rest.includes('%') || covered.includes('%');
}

function decodeReading({ covered, rest }: Reading): Reading {
  return { covered: decodeOnce(covered), rest: decodeOnce(rest) };
}

/** As `normalizeTarget` would bring it: slashes merged, unreserved characters plain, the rest as a URL can hold it. */
function matchedForm(path: string): string {
  return path
    .replaceAll(FIXED_PERCENT, '%')
    .replace(/\/{2,}/g, '/')
    .replace(/%(?![0-9A-Fa-f]{2})|[^\x21-\x7e]|[#?\\]/g, encodeOctet)
    .replace(ESCAPE, (triplet) => triplet.toUpperCase())
    .replace(ESCAPED_UNRESERVED, decodeOnce);
}
