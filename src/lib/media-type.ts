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
