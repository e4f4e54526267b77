import { Refusal } from './identity.ts';

const DOUBLED = new Refusal('more than one API key was sent');
const MALFORMED = new Refusal('the API key in the query is malformed');

/** Makes what reads a credential from the query parameter of this name; undefined where none was sent. */
export function createQueryReader(parameter: string): (query: string) => string | Refusal | undefined {
  const start = `${parameter}=`;
  return function readQuery(query) {
    if (!query.includes(start)) return undefined;
    const found = query
      .slice(1)
      .split('&')
      .filter((pair) => pair.startsWith(start));
    if (found.length === 0) return undefined;
    if (found.length > 1) return DOUBLED;
    try {
      return decodeURIComponent((found[0] as string).slice(start.length));
    } catch (error) {
      return error instanceof URIError ? MALFORMED : new Refusal('the query can not be read', { cause: error });
    }
  };
}

/** The query without the parameter that carried the credential; what is sent on and logged. */
export function withoutParameter(query: string, parameter: string): string {
  const start = `${parameter}=`;
  if (!query.includes(start)) return query;
  const rest = query
    .slice(1)
    .split('&')
    .filter((pair) => !pair.startsWith(start));
  return rest.length === 0 ? '' : `?${rest.join('&')}`;
}
