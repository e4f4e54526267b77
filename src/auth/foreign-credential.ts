import type { RequestContext } from '../context.ts';
import { looksLikeApiKey } from './api-key-format.ts';
import { readBearer } from './bearer.ts';
import type { CredentialCheck } from './identity.ts';

/**
 * Makes what says of a refused request that it has a credential, but of another kind than its route takes; undefined
 * where it has none.
 */
export function createForeignHint(schemes: readonly CredentialCheck[], mode: 'any' | 'all') {
  const taken = new Set(schemes.map(({ name }) => name));
  const takesBearer = schemes.some(({ authorizationWord: word }) => word === 'bearer' || word === '*');
  const names = [...taken].join(mode === 'any' ? ' or ' : ' and ');

  /** What stands in Authorization and is not taken there. */
  function findInAuthorization(field: string): string | undefined {
    const bearer = readBearer(field);
    if (bearer === undefined)
      return /^basic /i.test(field) && !taken.has('basic') ? 'A user name and a password were' : undefined;
    if (looksLikeApiKey(bearer)) return 'An API key was';
    return takesBearer ? undefined : 'A token was';
  }

  return function hint({ req }: RequestContext): string | undefined {
    const { authorization = '', 'x-api-key': key } = req.headers;
    const inField = key !== undefined && !taken.has('api-key') ? 'An API key was' : undefined;
    const what = findInAuthorization(authorization) ?? inField;
    if (what === undefined) return undefined;
    const isMisplaced = what === 'An API key was' && taken.has('api-key');
    return isMisplaced
      ? `${what} sent in Authorization, and this route takes it in X-API-Key.`
      : `${what} sent, and this route takes ${names}.`;
  };
}
