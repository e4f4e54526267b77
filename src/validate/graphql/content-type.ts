import type { IncomingMessage } from 'node:http';
import { mediaTypeOf } from '../../lib/media-type.ts';

/** How a POST has its message: as a member of JSON, or as the document alone. */
export type MessageForm = 'json' | 'document';

const FORMS: ReadonlyMap<string, MessageForm> = new Map([
  ['application/json', 'json'],
  ['application/graphql', 'document'],
]);

const CHARSET = /;\s*charset\s*=\s*"?([^";]*)/gi;
const UTF_8 = /^utf-?8\s*$/i;

/**
 * The form that the Content-Type says (GraphQL over HTTP, section 5.4); undefined for any other type, for two of them, and
 * for another charset than UTF-8 (RFC 8259, section 8.1), in which somebody else might read another query.
 */
export function messageFormOf({
  headers,
  rawHeaders,
}: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): MessageForm | undefined {
  const { 'content-type': type = '' } = headers;
  const count = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'content-type').length;
  // Node keeps the first of them, and somebody else may go by the last.
  if (count > 1) return undefined;
  for (const [, charset = ''] of type.matchAll(CHARSET)) if (!UTF_8.test(charset)) return undefined;
  return FORMS.get(mediaTypeOf(type));
}
