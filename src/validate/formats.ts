import { type Pattern, parsePattern } from '../pattern.ts';

/** One format of ajv-formats: an expression, a function, or `true` for what is no check at all. */
type LibraryFormat = true | RegExp | ((text: string) => boolean) | { type?: string; validate: unknown };

/** A test of a string, or of a number. */
export type Format =
  | true
  | ((text: string) => boolean)
  | { readonly type: 'number'; readonly validate: (value: number) => boolean };

/** Longer strings are of none of these formats; expressions are not even tried on them. */
const MAX_CHARS = 8192;

/** Digits and units in this order; that there is one at all is looked at beside. */
const DURATION = '^P(?:(?:\\d+Y)?(?:\\d+M)?(?:\\d+D)?(?:T(?:\\d+H)?(?:\\d+M)?(?:\\d+S)?)?|\\d+W)$';
const HOST_NAME = '^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\\.?$';
const EMAIL_LOCAL = "^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$";
const URI_TEMPLATE =
  '^(?:[^\\x00-\\x20"\'<>%\\\\^`{|}]|%[0-9a-f]{2}|\\{[+#./;?&=,!@|]?(?:[a-z0-9_]|%[0-9a-f]{2})+(?::[1-9][0-9]{0,3}|\\*)?(?:,(?:[a-z0-9_]|%[0-9a-f]{2})+(?::[1-9][0-9]{0,3}|\\*)?)*\\})*$';
/** Names in numbers, to be checked by hand: at most 63 characters a label, 253 in all (RFC 1123, section 2.1). */
const MAX_NAME_CHARS = 253;
const MAX_LABEL_CHARS = 63;
const WEB_SCHEME = /^(?:https?|ftp):\/\//i;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

const compiled = new Map<string, Pattern>();

/** By RE2, in linear time; case does not count. */
function matches(source: string, text: string): boolean {
  let pattern = compiled.get(source);
  if (pattern === undefined) {
    pattern = parsePattern(`(?i)${source}`);
    compiled.set(source, pattern);
  }
  return pattern.test(text);
}

/**
 * In the place of those of ajv-formats 3.0 that backtrack (email, hostname, duration, url, uri-template: quadratic or
 * worse), that look at one line of many (byte), or that compile what the client sends (regex).
 */
const OWN: Readonly<Record<string, (text: string) => boolean>> = {
  duration: (text) => /\d[A-Z]$/.test(text) && matches(DURATION, text) && !/[a-z]/.test(text),
  email(text) {
    const at = text.lastIndexOf('@');
    return at > 0 && matches(EMAIL_LOCAL, text.slice(0, at)) && isHostName(text.slice(at + 1));
  },
  hostname: isHostName,
  'uri-template': (text) => matches(URI_TEMPLATE, text),
  url: (text) => WEB_SCHEME.test(text) && !/\s/.test(text) && URL.canParse(text),
  byte: (text) => text.length % 4 === 0 && BASE64.test(text),
  regex: isExpression,
};

/** Unchecked strings of any length. */
const WITHOUT_BOUND = new Set(['byte', 'binary', 'password']);

function isHostName(text: string): boolean {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (name.length > MAX_NAME_CHARS || !matches(HOST_NAME, text)) return false;
  return name.split('.').every((label) => label.length <= MAX_LABEL_CHARS);
}

function isExpression(text: string): boolean {
  if (/[^\\]\\Z/.test(text)) return false;
  try {
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}

/** The formats that schemas may name, made safe against strings that are meant to cost time. */
export function safeFormats(library: Readonly<Record<string, LibraryFormat>>): ReadonlyMap<string, Format> {
  const formats = new Map<string, Format>();
  for (const [name, format] of Object.entries(library)) {
    const own = Object.hasOwn(OWN, name) ? OWN[name] : undefined;
    formats.set(name, own === undefined ? safeFormat(format, name) : bounded(own, name));
  }
  return formats;
}

function safeFormat(format: LibraryFormat, name: string): Format {
  if (format === true) return true;
  if (format instanceof RegExp) return bounded((text) => format.test(text), name);
  if (typeof format === 'function') return bounded(format, name);
  const { validate } = format;
  if (format.type === 'number') return { type: 'number', validate: validate as (value: number) => boolean };
  return validate instanceof RegExp ? bounded((text) => validate.test(text), name) : safeFunction(validate, name);
}

function safeFunction(validate: unknown, name: string): Format {
  return bounded(validate as (text: string) => boolean, name);
}

function bounded(test: (text: string) => boolean, name: string): (text: string) => boolean {
  return WITHOUT_BOUND.has(name) ? test : (text) => text.length <= MAX_CHARS && test(text);
}
