import { GatewayError } from '../errors.ts';
import { resolveSegments, unescapePath } from './resolve.ts';

/** Longest request target, in bytes: over it the answer is 414 (RFC 9110, section 15.5.15). */
export const MAX_TARGET_BYTES = 8 * 1024;

/** A request target in the one form that is matched and forwarded. */
export interface NormalizedTarget {
  /** Starts with `/`; no dot segments, no empty segments but a last one, escapes in upper case. */
  readonly path: string;
  /** `?a=b` as it came, `?` alone, or an empty string. */
  readonly query: string;
  /** The path as it came, without authority and query; for routes that say `path: "raw"`. */
  readonly rawPath: string;
  /** Host and port of an absolute-form target: they count, and Host does not (RFC 9112, section 3.2.2). */
  readonly authority: string | undefined;
  /** Whether escapes are left by which a service could decode the path into another one. */
  readonly hasEscapes: boolean;
  /** Whether a segment has parameters (`;v=1`), which some services cut off before they look at the path. */
  readonly hasParameters: boolean;
}

const PLAIN = 0;
const SLASH = 1;
const QUESTION = 2;
const SEMICOLON = 3;
const PERCENT = 4;
const REFUSED = 5;

/** What the scan does about each octet of a path. */
const CLASS = new Uint8Array(256).fill(REFUSED);
CLASS.fill(PLAIN, 0x21, 0x7f);
CLASS[0x2f] = SLASH;
CLASS[0x3f] = QUESTION;
CLASS[0x3b] = SEMICOLON;
CLASS[0x25] = PERCENT;
CLASS[0x23] = REFUSED; // a fragment never travels (RFC 9112, section 3.2)
CLASS[0x5c] = REFUSED; // Windows services and browsers take a backslash for a slash

const DOT = 0x2e;

/** Any but those of a space and what is beyond ASCII: decoded or not, they are matched as the same. */
const TELLING_ESCAPE = /%(?![89A-F][0-9A-F]|20)/;

/**
 * Brings the target of a request line into the one form that is matched and forwarded (RFC 3986, section 6.2.2):
 * dot segments resolved, slashes merged, unreserved characters decoded once. A path that needs nothing is returned
 * as the string it is.
 *
 * @throws GatewayError `bad_path` for what climbs above the root, is not encoded rightly, or could be read in two
 * ways; `uri_too_long` over 8 KiB.
 */
export function normalizeTarget(rawUrl: string): NormalizedTarget {
  if (rawUrl.length > MAX_TARGET_BYTES) throw new GatewayError('uri_too_long');
  if (rawUrl.charCodeAt(0) !== 0x2f) return normalizeAbsoluteForm(rawUrl);
  return normalizeOriginForm(rawUrl, undefined);
}

function normalizeOriginForm(url: string, authority: string | undefined): NormalizedTarget {
  let simple = true;
  let hasParameters = false;
  let end = 0;
  scan: for (; end < url.length; end += 1) {
    switch (CLASS[url.charCodeAt(end)]) {
      case PLAIN:
        break;
      case SLASH: {
        const next = url.charCodeAt(end + 1);
        if (next === 0x2f || next === DOT) simple = false;
        break;
      }
      case QUESTION:
        break scan;
      case SEMICOLON:
        hasParameters = true;
        break;
      case PERCENT:
        simple = false;
        break;
      default:
        throw refuseOctet(url.charCodeAt(end));
    }
  }
  const rawPath = end === url.length ? url : url.slice(0, end);
  const query = end === url.length ? '' : checkedQuery(url, end);
  if (simple) return { path: rawPath, query, rawPath, authority, hasEscapes: false, hasParameters };

  const unescaped = unescapePath(rawPath);
  return {
    path: resolveSegments(unescaped),
    query,
    rawPath,
    authority,
    hasEscapes: TELLING_ESCAPE.test(unescaped),
    hasParameters: hasParameters || unescaped.includes('%3B'),
  };
}

/** `http://host/path`, which every server must understand (RFC 9112, section 3.2.2). */
function normalizeAbsoluteForm(url: string): NormalizedTarget {
  const [, authority, rest] = /^https?:\/\/([^/?#\\@\s]+)(?=[/?]|$)(.*)$/is.exec(url) ?? [];
  if (authority === undefined || rest === undefined) {
    throw new GatewayError('bad_path', 'A request target must be a path that begins with a slash.');
  }
  if (authority.startsWith(':'))
    throw new GatewayError('bad_path', 'A URL must name a host (RFC 9110, section 4.2.1).');
  return normalizeOriginForm(rest.startsWith('/') ? rest : `/${rest}`, authority);
}

/** The query as it came: its meaning is the service's, but no octet that is not allowed in a URL travels on. */
function checkedQuery(url: string, start: number): string {
  for (let i = start; i < url.length; i += 1) {
    const code = url.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f || code === 0x23) throw refuseOctet(code);
  }
  return url.slice(start);
}

function refuseOctet(code: number): GatewayError {
  if (code === 0x5c) return new GatewayError('bad_path', 'A path may not contain a backslash.');
  if (code === 0x23) return new GatewayError('bad_path', 'A fragment ("#") is not sent to a server.');
  return new GatewayError('bad_path', `A URL may not contain octet 0x${code.toString(16)}; percent-encode it.`);
}
