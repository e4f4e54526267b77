import type { IncomingMessage } from 'node:http';

/**
 * What a caller is told whose credential is of a kind that the route does not read: it has one, and nothing is wrong with
 * it but the place. Undefined where none was sent. Not a word of the credential itself.
 */
export function describeOtherCredential({ headers }: IncomingMessage, schemes: readonly string[]): string | undefined {
  const sent = findOther(headers, schemes);
  return sent === undefined ? undefined : `${sent} was sent; this route takes ${schemes.join(' or ')}.`;
}

function findOther(headers: IncomingMessage['headers'], schemes: readonly string[]): string | undefined {
  if (headers['x-api-key'] !== undefined && !schemes.includes('api-key')) return 'An API key';
  return headers.authorization === undefined ? undefined : 'An Authorization';
}
