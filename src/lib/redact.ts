/** Takes secrets out of what goes to a log: by the name of a field, by the look of a value. */
export const REDACTED = '***';

/**
 * Names whose value is a secret: their last word tells. `code` is one only as the whole name (OAuth's) or with the word
 * that makes it one; then come sessions, PKCE's verifier (RFC 7636), and what SAML and WS-Federation carry in a query.
 */
const SECRET_NAME = new RegExp(
  [
    /(?:^|[^a-z]|api|access|refresh|id|auth|client|private|shared|session|admin)(?:key|token|secret|password|passwd|passphrase|pwd|pass|signature|sig|auth|authorization|session|sid|jwt|otp|pin|credentials?|assertion|ticket|cookie)[^a-z]*$/,
    /^(?:(?:auth|authorization|device|user)[-_]?)?code$/,
    /(?:^|[^a-z]|php|j)sess(?:ion)?[-_]?id[^a-z]*$/,
    /verifier[^a-z]*$|id[-_]?token[-_]?hint$|^saml(?:request|response|art)$|^wresult$/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
);

/** Keys of this gateway, and what stands after an HTTP scheme. */
const SECRET_VALUE = /(?<![A-Za-z0-9])tpk_\w+|\b(Bearer|Basic)\s+[\w+/=.~-]{6,}/gi;
/** JSON Web Tokens are within such a run. It is found whole: each `eyJ` of a long one must not be a start of its own. */
const DOTTED_RUN = /(?<![\w-])[\w-]+(?:\.[\w-]*)+/g;
const TOKEN_START = /(?<![A-Za-z0-9])eyJ[\w-]{5}/;
/** Up to the last `@` before a slash: a password may have one in it. */
const URL_PASSWORD = /(:\/\/[^\s:/@]*:)[^\s/]+@/g;
/** Letters, digits and `_` that are percent-encoded, though they need not be. */
const ENCODED_WORD = /%(?:3\d|[46][1-9a-f]|[57][\da]|5f)/i;
const ENCODED_COLON = /%3a/i;
const URL_PARAMETER = /([?&#])([^=&?#\s"']+)=[^&\s"']+/g;

/** Names of parameters, in small letters. */
type Known = ReadonlySet<string>;
const NONE: Known = new Set();

const MAX_DEPTH = 5;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** A message for a log: tokens, keys and passwords within it are replaced, of URLs also the parameters `known` as secret. */
export function redactText(text: string, known: Known = NONE): string {
  return (text.includes('eyJ') ? text.replace(DOTTED_RUN, withoutToken) : text)
    .replace(URL_PASSWORD, `$1${REDACTED}@`)
    .replace(URL_PARAMETER, (whole, mark: string, name: string) =>
      isSecretParameter(name, known) ? `${mark}${name}=${REDACTED}` : whole,
    )
    .replace(SECRET_VALUE, (_whole, scheme: string | undefined) =>
      scheme === undefined ? REDACTED : `${scheme} ${REDACTED}`,
    );
}

/** Whether a secret may be within: asked of every line, so that what is slower is asked of few. */
function isSuspicious(text: string): boolean {
  return (
    text.includes('tpk_') ||
    text.includes('eyJ') ||
    text.includes('earer') ||
    text.includes('asic') ||
    (text.includes('%') && (ENCODED_WORD.test(text) || (ENCODED_COLON.test(text) && text.includes('40')))) ||
    (text.includes('@') && text.includes('://'))
  );
}

/** A text that a client chose, for a log: mostly it comes back as it is. */
export function redactWord(text: string): string {
  return isSuspicious(text) ? redactText(text) : text;
}

/** A path for a log, or a whole request target without its query. */
export function redactPath(path: string): string {
  if (!isSuspicious(path)) return path;
  const segments = redactText(path).split('/');
  return segments.map((segment) => (segment.includes('%') && holdsSecret(segment) ? REDACTED : segment)).join('/');
}

/** Whether a part of a URL holds a secret once it is decoded. */
function holdsSecret(part: string): boolean {
  const text = decodePart(part.replaceAll('+', ' '));
  return text === undefined || redactText(text) !== text;
}

function withoutToken(run: string): string {
  const start = run.search(TOKEN_START);
  return start < 0 || !run.includes('.', start) ? run : run.slice(0, start) + REDACTED;
}

/**
 * A query (with its `?`) for a log: the values of secret names, and values that look secret, are replaced; also those
 * of the parameters `known` as secret, whatever their names.
 */
export function redactQuery(query: string, known: Known = NONE): string {
  if (query.length < 2) return query;
  const mayHoldSecret = isSuspicious(query);
  let start = 1;
  let copiedTo = 0;
  let redacted = '';
  while (start < query.length) {
    let end = query.indexOf('&', start);
    if (end < 0) end = query.length;
    const from = secretFrom(query, start, end, known, mayHoldSecret);
    if (from >= 0) {
      redacted += query.slice(copiedTo, from) + REDACTED;
      copiedTo = end;
    }
    start = end + 1;
  }
  return copiedTo === 0 ? query : redacted + query.slice(copiedTo);
}

/** Where the secret of a parameter begins: mostly its value; all of it where its name is one. -1 when it has none. */
function secretFrom(query: string, start: number, end: number, known: Known, isLikely: boolean): number {
  const equals = query.indexOf('=', start);
  const hasValue = equals >= 0 && equals < end;
  if (hasValue && isSecretPair(query.slice(start, equals), known, query, equals + 1, end)) return equals + 1;
  if (!isLikely || !holdsSecret(query.slice(start, end))) return -1;
  return hasValue && !holdsSecret(query.slice(start, equals)) ? equals + 1 : start;
}

function isSecretPair(name: string, known: Known, query: string, from: number, to: number): boolean {
  if (query.startsWith('eyJ', from) || query.startsWith('tpk_', from)) return to > from;
  return isSecretParameter(name, known);
}

function isSecretParameter(name: string, known: Known): boolean {
  const decoded = decodeName(name);
  return known.has(decoded.toLowerCase()) || SECRET_NAME.test(decoded);
}

/** A name that can't be decoded is treated as a secret's: nobody honest sends one. */
function decodeName(name: string): string {
  return decodePart(name) ?? 'secret';
}

/** Undefined for what can't be decoded. */
function decodePart(part: string): string | undefined {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

type Clean = (text: string) => string;

/** A value of any shape for a log, copied with its secrets replaced, those in texts by `clean`; errors become plain objects. */
export function redactValue(value: unknown, clean: Clean = redactText, depth = 0): unknown {
  if (typeof value === 'string') return clean(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '…';
  if (Array.isArray(value)) return value.map((item) => redactValue(item, clean, depth + 1));
  if (value instanceof Error) return redactError(value, clean, depth);
  return value instanceof Date || value instanceof URL ? clean(String(value)) : redactFields(value, clean, depth);
}

function redactFields(fields: object, clean: Clean, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(fields)) {
    const isSecret = isSecretName(name) && item !== undefined && item !== null;
    copy[name] = isSecret ? REDACTED : redactValue(item, clean, depth + 1);
  }
  return copy;
}

function redactError(error: Error, clean: Clean, depth: number): Record<string, unknown> {
  const { code } = error as NodeJS.ErrnoException;
  return {
    name: error.name,
    message: clean(error.message),
    ...(code === undefined ? {} : { code }),
    ...(error.stack === undefined ? {} : { stack: clean(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: redactValue(error.cause, clean, depth + 1) }),
  };
}
