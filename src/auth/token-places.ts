import { z } from 'zod';
import type { RequestContext } from '../context.ts';
import { readBearer } from './bearer.ts';
import { explainOrigin, isForeignPage } from './foreign-page.ts';
import { Refusal } from './identity.ts';
import { createQueryReader, parameterName } from './query-credential.ts';
import { type CredentialPlace, createOneReader, type Read } from './read-one.ts';

/** Where a token may come from beside `Authorization: Bearer`. */
export interface TokenPlaces {
  readonly cookie?: string | undefined;
  readonly query?: string | undefined;
  readonly subprotocol?: boolean | undefined;
}

/** What a route may say of a scheme whose credential is a bearer token. */
export const tokenPlaces = z.strictObject({
  cookie: z
    .string()
    .regex(/^[\w!#$%&'*+.^`|~-]{1,128}$/, 'expected the name of a cookie, "session" for one')
    .optional()
    .describe('Cookie that may carry the token. Foreign pages can then change nothing and open no WebSocket.'),
  query: parameterName
    .optional()
    .describe('Query parameter that may carry the token (RFC 6750, section 2.3): for clients that can set no header.'),
  subprotocol: z
    .boolean()
    .optional()
    .describe('Whether a WebSocket may carry the token in Sec-WebSocket-Protocol: `bearer, TOKEN`. Default false.'),
});

const TWO_PROTOCOLS = new Refusal('more than one token was sent in Sec-WebSocket-Protocol');
const MALFORMED = new Refusal('the token is malformed');

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
/** As Kubernetes does it: a subprotocol that is the token, in an alphabet that fits. */
const ENCODED = 'base64url.bearer.authorization.k8s.io.';

const readHeader: Read = ({ req }) => readBearer(req.headers.authorization);

/** Makes what reads the token of a request: one, wherever it may come from (RFC 6750, section 2); undefined without any. */
export function createTokenReader({ cookie, query, subprotocol }: TokenPlaces): Read {
  const places: CredentialPlace[] = [{ name: 'Authorization', read: readHeader }];
  if (cookie !== undefined) places.push({ name: `the cookie ${cookie}`, read: createCookieReader(cookie) });
  if (query !== undefined) places.push({ name: `the query (${query})`, read: createParameterReader(query) });
  if (subprotocol === true) places.push({ name: 'Sec-WebSocket-Protocol', read: readSubprotocol });
  return createOneReader(places, 'token');
}

function refusePage(context: RequestContext): Refusal {
  const reason = 'a page of another origin may not use this cookie';
  return new Refusal(reason, { code: 'origin_refused', forLog: explainOrigin(context) });
}

/** A browser sends a cookie whatever page asks: that it does is no proof that its user wanted to. */
function createCookieReader(name: string): Read {
  const doubled = new Refusal(`the cookie ${name} was sent more than once`);
  return function readCookie(context) {
    const { cookie } = context.req.headers;
    if (cookie === undefined) return undefined;
    const tokens = cookie.split(';').flatMap((pair) => (nameOf(pair) === name ? [valueIn(pair)] : []));
    if (tokens.length > 1) return doubled;
    // Some servers take a cookie back by emptying it.
    if (tokens.length === 0 || tokens[0] === '') return undefined;
    const isSafe = SAFE.has(context.method) && context.upgrade === undefined;
    return isSafe || !isForeignPage(context) ? tokens[0] : refusePage(context);
  };
}

function createParameterReader(name: string): Read {
  const read = createQueryReader(name, 'token');
  return function readParameter(context) {
    const token = read(context.query);
    // What is meant for the bearer is not for a shared cache, unless the service says more of it.
    if (token !== undefined) context.securityHeaders = [...context.securityHeaders, 'cache-control', 'private'];
    return token;
  };
}

function readSubprotocol({ req, upgrade }: RequestContext): string | Refusal | undefined {
  if (upgrade === undefined) return undefined;
  const { tokens } = splitProtocols(req.headers['sec-websocket-protocol']);
  if (tokens.length > 1) return TWO_PROTOCOLS;
  return tokens[0] === '' ? MALFORMED : tokens[0];
}

function splitProtocols(field: string | undefined): { readonly tokens: string[]; readonly others: string[] } {
  const tokens: string[] = [];
  const others: string[] = [];
  const names = (field ?? '').split(',').map((name) => name.trim());
  for (let i = 0; i < names.length; i += 1) {
    const name = names[i] as string;
    if (name.startsWith(ENCODED)) tokens.push(Buffer.from(name.slice(ENCODED.length), 'base64url').toString());
    else if (name.toLowerCase() === 'bearer') tokens.push(names[++i] ?? '');
    else if (name !== '') others.push(name);
  }
  return { tokens, others };
}

/** Makes what takes tokens out of the fields for the service; undefined where none may be in them. */
export function createTokenRemover(places: readonly TokenPlaces[]): ((context: RequestContext) => void) | undefined {
  const cookies = new Set(places.flatMap(({ cookie }) => cookie ?? []));
  const hasSubprotocol = places.some(({ subprotocol }) => subprotocol === true);
  if (cookies.size === 0 && !hasSubprotocol) return undefined;

  return function removeTokens({ upstreamHeaders }) {
    if (cookies.size > 0) rewriteField(upstreamHeaders, 'cookie', '; ', (field) => withoutCookies(field, cookies));
    if (hasSubprotocol)
      rewriteField(upstreamHeaders, 'sec-websocket-protocol', ', ', (field) => splitProtocols(field).others.join(', '));
  };
}

/** The value of a Cookie field without some of its cookies. */
export function withoutCookies(field: string, names: ReadonlySet<string>): string {
  return field
    .split(';')
    .filter((pair) => !names.has(nameOf(pair)))
    .join(';')
    .trim();
}

/** Puts another value in place of a field, however often that stands there; an empty one takes it out. */
function rewriteField(fields: string[], name: string, separator: string, rewrite: (value: string) => string): void {
  const values: string[] = [];
  let kept = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const [field, value] = [fields[i] as string, fields[i + 1] as string];
    if (field.length === name.length && field.toLowerCase() === name) {
      values.push(value);
      continue;
    }
    fields[kept++] = field;
    fields[kept++] = value;
  }
  fields.length = kept;
  const value = rewrite(values.join(separator));
  if (value !== '') fields.push(name, value);
}

const nameOf = (pair: string): string => pair.split('=', 1)[0]?.trim() ?? '';
const valueIn = (pair: string): string => pair.slice(pair.indexOf('=') + 1).trim();
