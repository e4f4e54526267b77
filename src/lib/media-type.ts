/** A Content-Type that is one media type, as RFC 9110, section 8.3.1, writes it. */
export interface MediaType {
  /** Type and subtype in lower case. */
  readonly type: string;
  /** Names in lower case, values as they are without their quotes. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Names of types (RFC 6838, section 4.2): no `*`, which is one for a range. */
const TYPE = /[a-z0-9][\w!#$&^.+-]{0,126}\/[a-z0-9][\w!#$&^.+-]{0,126}/iy;
const TOKEN = "[\\w!#$%&'*+.^`|~-]+";
const QUOTED = '"((?:[\\t -!#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*)"';
const PARAMETER = new RegExp(`[\\t ]*;[\\t ]*(?:(${TOKEN})=(?:(${TOKEN})|${QUOTED}))?`, 'y');

/**
 * Reads a Content-Type strictly; undefined for what is no single media type (a list, a range), or has a parameter twice:
 * what reads it less strictly may find another type in it.
 */
export function parseMediaType(field: string): MediaType | undefined {
  const text = field.trim();
  TYPE.lastIndex = 0;
  const type = TYPE.exec(text)?.[0];
  if (type === undefined) return undefined;
  const parameters = new Map<string, string>();
  for (PARAMETER.lastIndex = type.length; PARAMETER.lastIndex < text.length; ) {
    const found = PARAMETER.exec(text);
    if (found === null) return undefined;
    const [, name, token, quoted = ''] = found;
    if (name === undefined) continue;
    if (parameters.has(name.toLowerCase())) return undefined;
    parameters.set(name.toLowerCase(), token ?? quoted.replace(/\\(.)/g, '$1'));
  }
  return { type: type.toLowerCase(), parameters };
}

/**
 * Whether content of this type is read as UTF-8 by all that know its charset. Not where that is in pieces, or in a charset
 * of its own (RFC 2231), which few read.
 */
export function isReadAsUtf8({ parameters }: MediaType): boolean {
  for (const [name, value] of parameters) {
    if (name.startsWith('charset*')) return false;
    if (name === 'charset' && !/^(?:utf-?8|us-ascii)$/i.test(value)) return false;
  }
  return true;
}

/** The type and subtype of a Content-Type, in lower case, without parameters (RFC 9110, section 8.3.1). */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** True for `application/json` and what is built on it, `application/problem+json` for one (RFC 6839, section 3.1). */
export function isJsonType(contentType: string | undefined): boolean {
  const type = mediaTypeOf(contentType);
  return type === 'application/json' || type.endsWith('+json');
}

/** True for a page. */
export function isHtmlType(contentType: string | undefined): boolean {
  return ['text/html', 'application/xhtml+xml'].includes(mediaTypeOf(contentType));
}

/** True for `application/xml`, `text/xml` and what is built on it (RFC 7303, section 4). */
export function isXmlType(contentType: string | undefined): boolean {
  const type = mediaTypeOf(contentType);
  return type === 'application/xml' || type === 'text/xml' || type.endsWith('+xml');
}
