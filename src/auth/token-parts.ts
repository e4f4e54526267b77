import { isObject } from '../lib/json-object.ts';
import { parseJsonWithNames } from '../lib/json-text.ts';
import { Refusal } from './identity.ts';

/** What a token says before anything of it is proven: good for choosing a key, and for nothing else. */
export interface TokenParts {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly iss: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
}

const MAX_TOKEN_CHARS = 8192;
const MAX_DEPTH = 32;
const MAX_KID_CHARS = 512;
/** 9999-12-31T23:59:59Z, the last second that a date can be written in. */
const MAX_TIME_SECONDS = 253_402_300_799;
const BASE64URL = /^[A-Za-z0-9_-]+$/;
// Explicit typing (RFC 8725, section 3.11): a logout token or a security event is not an access token.
const ACCEPTED_TYPES: ReadonlySet<unknown> = new Set([
  undefined,
  'jwt',
  'at+jwt',
  'application/jwt',
  'application/at+jwt',
]);

const TOO_LARGE = new Refusal('the token is larger than 8 KiB');
const MALFORMED = new Refusal('the token is malformed');
const CRITICAL = new Refusal('the token demands an extension that is not supported');
const WRONG_TYPE = new Refusal('the token is of another type');
const NO_EXPIRY = new Refusal('the token has no valid expiry');
const BAD_TIME = new Refusal('a time in the token is not valid');

/**
 * Reads a token's header and claims, and refuses what jsonwebtoken 9 would let pass: an unknown `crit`, `b64: false`,
 * no `exp` or one beyond any date, another type of token, a payload that is no object (RFC 7515 4.1.11, RFC 8725).
 */
export function readTokenParts(token: string): TokenParts | Refusal {
  if (token.length > MAX_TOKEN_CHARS) return TOO_LARGE;
  const [head = '', body = '', signature = '', ...rest] = token.split('.');
  if (rest.length > 0 || !isCanonical(signature)) return MALFORMED;
  const header = readObject(head);
  const claims = readObject(body);
  if (header === undefined || claims === undefined) return MALFORMED;
  return checkHeader(header) ?? checkTimes(claims) ?? describe(header, claims);
}

function describe(header: Record<string, unknown>, claims: Record<string, unknown>): TokenParts | Refusal {
  const { alg, kid } = header as { alg?: unknown; kid?: unknown };
  const { iss } = claims as { iss?: unknown };
  if (typeof alg !== 'string' || !isText(kid) || !isText(iss)) return MALFORMED;
  if (kid !== undefined && kid.length > MAX_KID_CHARS) return MALFORMED;
  return { alg, kid, iss, claims };
}

function checkHeader(header: Record<string, unknown>): Refusal | undefined {
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return CRITICAL;
  const { typ } = header as { typ?: unknown };
  return ACCEPTED_TYPES.has(typeof typ === 'string' ? typ.toLowerCase() : typ) ? undefined : WRONG_TYPE;
}

function checkTimes(claims: Record<string, unknown>): Refusal | undefined {
  const { exp, nbf, iat } = claims as { exp?: unknown; nbf?: unknown; iat?: unknown };
  if (!isTime(exp)) return NO_EXPIRY;
  if ((nbf !== undefined && !isTime(nbf)) || (iat !== undefined && !isTime(iat))) return BAD_TIME;
  return undefined;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_TIME_SECONDS;
}

function isText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

/** False also for a second spelling of the same bytes: bits of the last letter that nobody reads (RFC 4648, section 3.5). */
function isCanonical(part: string): boolean {
  return BASE64URL.test(part) && Buffer.from(part, 'base64url').toString('base64url') === part;
}

function readObject(part: string): Record<string, unknown> | undefined {
  if (!isCanonical(part)) return undefined;
  const text = Buffer.from(part, 'base64url').toString('utf8');
  let value: unknown;
  try {
    // Some issuers number their users beyond what a double can tell apart.
    value = parseJsonWithNames(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return isObject(value) && isShallow(text) ? value : undefined;
}

/** Bounds the nesting before anything recursive (a log line, a template) meets the claims. Takes valid JSON alone: there the pattern is linear. */
function isShallow(text: string): boolean {
  let depth = 0;
  for (const [bracket] of text.replace(STRINGS, '').matchAll(BRACKETS)) {
    depth += bracket === '{' || bracket === '[' ? 1 : -1;
    if (depth > MAX_DEPTH) return false;
  }
  return true;
}

const STRINGS = /"(?:[^"\\]|\\.)*"/gs;
const BRACKETS = /[{}[\]]/g;
