import type { RequestContext } from '../context.ts';
import { looksLikeApiKey } from './api-key-format.ts';
import { looksLikeJwt, readBearer } from './bearer.ts';
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

  /** A credential without the word or the field that it belongs to. */
  function findBare(authorization: string, query: string): string | undefined {
    if (takesBearer && looksLikeJwt(authorization)) return WITHOUT_WORD;
    const place = looksLikeApiKey(authorization) ? 'Authorization' : 'the query';
    if (place === 'the query' && !PARAMETER_WITH_KEY.test(query)) return undefined;
    return `An API key was sent in ${place}, and this route takes ${taken.has('api-key') ? 'it in X-API-Key' : names}.`;
  }

  return function hint({ req, query }: RequestContext): string | undefined {
    const { authorization = '', 'x-api-key': key } = req.headers;
    const bare = findBare(authorization, query);
    if (bare !== undefined) return bare;
    const inField = key !== undefined && !taken.has('api-key') ? 'An API key was' : undefined;
    const what = findInAuthorization(authorization) ?? inField;
    if (what === undefined) return undefined;
    const isMisplaced = what === 'An API key was' && taken.has('api-key');
    return isMisplaced
      ? `${what} sent in Authorization, and this route takes it in X-API-Key.`
      : `${what} sent, and this route takes ${names}.`;
  };
}

const WITHOUT_WORD = 'A token was sent without its scheme: write "Bearer " in front of it.';
/** A key of ours is known by its beginning; of another nobody can tell what it is. */
const PARAMETER_WITH_KEY = /[?&][^=&]*=tpk_/;
