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

/** JSON Web Tokens, keys of this gateway, and what stands after an HTTP scheme. */
const SECRET_VALUE = /\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?|\btpk_\w+|\b(Bearer|Basic)\s+[\w+/=.~-]{6,}/gi;
const URL_PASSWORD = /(:\/\/[^\s:/@]*:)[^\s@/]+@/g;
const URL_PARAMETER = /([?&#])([^=&?#\s"']+)=[^&\s"']+/g;

const MAX_DEPTH = 5;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** A message for a log: tokens, keys and passwords within it are replaced. */
export function redactText(text: string): string {
  return text
    .replace(URL_PASSWORD, `$1${REDACTED}@`)
    .replace(URL_PARAMETER, (whole, mark: string, name: string) =>
      isSecretName(decodeName(name)) ? `${mark}${name}=${REDACTED}` : whole,
    )
    .replace(SECRET_VALUE, (_whole, scheme: string | undefined) =>
      scheme === undefined ? REDACTED : `${scheme} ${REDACTED}`,
    );
}

/**
 * A query (with its `?`) for a log: the values of secret names, and values that look secret, are replaced; also that
 * of the parameter `known` as a secret, whatever its name.
 */
export function redactQuery(query: string, known?: string): string {
  if (query.length < 2) return query;
  let start = 1;
  let copiedTo = 0;
  let redacted = '';
  while (start < query.length) {
    let end = query.indexOf('&', start);
    if (end < 0) end = query.length;
    const equals = query.indexOf('=', start);
    if (equals >= 0 && equals < end && isSecretPair(query.slice(start, equals), known, query, equals + 1, end)) {
      redacted += query.slice(copiedTo, equals + 1) + REDACTED;
      copiedTo = end;
    }
    start = end + 1;
  }
  return copiedTo === 0 ? query : redacted + query.slice(copiedTo);
}

function isSecretPair(name: string, known: string | undefined, query: string, from: number, to: number): boolean {
  if (query.startsWith('eyJ', from) || query.startsWith('tpk_', from)) return to > from;
  const decoded = decodeName(name);
  return decoded === known || SECRET_NAME.test(decoded);
}

/** A name that can't be decoded is treated as a secret's: nobody honest sends one. */
function decodeName(name: string): string {
  if (!name.includes('%')) return name;
  try {
    return decodeURIComponent(name);
  } catch {
    return 'secret';
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
