import { z } from 'zod';
import { Refusal } from './identity.ts';

/** The name of a query parameter as a route writes it. */
export const parameterName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'expected the name of a query parameter, "api_key" for one');

/** Makes what reads a credential, a `what`, from the query parameter of this name; undefined where none was sent. */
export function createQueryReader(parameter: string, what: string): (query: string) => string | Refusal | undefined {
  const start = `${parameter}=`;
  const doubled = new Refusal(`more than one ${what} was sent in the query (${parameter})`);
  const malformed = new Refusal(`the ${what} in the query is malformed`);
  return function readQuery(query) {
    if (!query.includes(start)) return undefined;
    const found = query
      .slice(1)
      .split('&')
      .filter((pair) => pair.startsWith(start));
    if (found.length === 0) return undefined;
    if (found.length > 1) return doubled;
    try {
      return decodeURIComponent((found[0] as string).slice(start.length));
    } catch (error) {
      return error instanceof URIError ? malformed : new Refusal('the query can not be read', { cause: error });
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
