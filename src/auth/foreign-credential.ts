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

  const keyPlace = taken.has('api-key') ? 'it in X-API-Key' : names;
  const tokenPlace = takesBearer ? 'it in Authorization' : names;

  /** A credential without the word that belongs to it. */
  function findBare(authorization: string): string | undefined {
    if (takesBearer && looksLikeJwt(authorization)) return WITHOUT_WORD;
    if (!looksLikeApiKey(authorization)) return undefined;
    return `An API key was sent in Authorization, and this route takes ${keyPlace}.`;
  }

  function findInQuery(query: string): string | undefined {
    if (TOKEN_IN_QUERY.test(query)) return `A token was sent in the query, and this route takes ${tokenPlace}.`;
    return KEY_IN_QUERY.test(query) ? `An API key was sent in the query, and this route takes ${keyPlace}.` : undefined;
  }

  function findInFields(authorization: string, key: unknown): string | undefined {
    const inField = key !== undefined && !taken.has('api-key') ? 'An API key was' : undefined;
    const what = findInAuthorization(authorization) ?? inField;
    if (what === undefined) return undefined;
    const isMisplaced = what === 'An API key was' && taken.has('api-key');
    return isMisplaced
      ? `${what} sent in Authorization, and this route takes it in X-API-Key.`
      : `${what} sent, and this route takes ${names}.`;
  }

  /** @param wasRead whether a credential was found and refused: what stands in the query then is not the reason. */
  return function hint({ req, query }: RequestContext, wasRead: boolean): string | undefined {
    const { authorization = '', 'x-api-key': key } = req.headers;
    const inFields = findBare(authorization) ?? findInFields(authorization, key);
    return inFields ?? (wasRead ? undefined : findInQuery(query));
  };
}

const WITHOUT_WORD = 'A token was sent without its scheme: write "Bearer " in front of it.';
/** Three parts, of which the first begins as every header of a JWT does. */
const TOKEN_IN_QUERY = /[?&][^=&]*=eyJ[\w-]*\.[\w-]+\.[\w-]*(?:&|$)/;
/** A key of ours is known by its beginning; of another nobody can tell what it is. */
const KEY_IN_QUERY = /[?&][^=&]*=tpk_/;
