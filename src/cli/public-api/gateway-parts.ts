import type { ChosenScheme } from '../../auth/schemes.ts';
import type { RouteConfig } from '../../config/routes.ts';
import { ERRORS } from '../../errors.ts';
import type { Hide } from '../../lib/hidden-values.ts';

/** JSON of a document that is being made. */
export type Json = Record<string, unknown>;

const ref = (kind: string, name: string): Json => ({ $ref: `#/components/${kind}/${name}` });

/** The problem answers that a route may give, by status: the name of the component, and what it says. */
export const PROBLEMS: Readonly<Record<string, { readonly name: string; readonly description: string }>> = {
  400: { name: 'BadRequest', description: 'The request could not be understood, or is not what this route takes.' },
  401: { name: 'Unauthenticated', description: 'No credential, or none that is accepted here.' },
  403: { name: 'Forbidden', description: 'The caller may not do this.' },
  413: { name: 'TooLarge', description: 'The body is larger than this route takes.' },
  429: { name: 'TooManyRequests', description: 'Too many calls: wait for the seconds in Retry-After.' },
  502: { name: 'BadGateway', description: 'The service could not be reached, or broke off.' },
  503: { name: 'Unavailable', description: 'The service, or what the gateway needs, is not available at the moment.' },
  504: { name: 'GatewayTimeout', description: 'The service did not answer in time.' },
};

const HEADERS: Readonly<Record<string, Json>> = {
  RateLimit: {
    description: 'The tightest limit: what is left of it, and the seconds until there is more.',
    schema: { type: 'string' },
  },
  'RateLimit-Policy': { description: 'All limits that hold here.', schema: { type: 'string' } },
  'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 0 } },
  'WWW-Authenticate': { description: 'What this route accepts.', schema: { type: 'string' } },
};

const HEADERS_OF: Readonly<Record<string, readonly string[]>> = {
  401: ['WWW-Authenticate'],
  429: ['RateLimit', 'RateLimit-Policy', 'Retry-After'],
  503: ['Retry-After'],
};

/** References to header components, as they stand in an answer. */
export function headerRefs(names: readonly string[]): Json {
  return Object.fromEntries(names.map((name) => [name, ref('headers', name)]));
}

export const LIMIT_HEADERS = ['RateLimit', 'RateLimit-Policy'];

/** The shape of every problem (RFC 9457), shared by all of them. */
function problemSchema(): Json {
  return {
    type: 'object',
    description: 'A problem (RFC 9457).',
    required: ['type', 'title', 'status', 'code'],
    properties: {
      type: { type: 'string', format: 'uri', description: 'An address that ends in the code.' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      instance: { type: 'string', description: 'The path that was asked for.' },
      code: { type: 'string', enum: Object.keys(ERRORS) },
      requestId: { type: 'string' },
      traceId: { type: 'string', description: 'That of its W3C Trace Context.' },
      retryAfter: { type: 'integer' },
      errors: {
        type: 'array',
        items: { type: 'object', properties: { pointer: { type: 'string' }, detail: { type: 'string' } } },
      },
    },
  };
}

/** The components of the gateway's own answers. */
export function gatewayComponents(): Readonly<Record<'schemas' | 'responses' | 'headers', Json>> {
  const responses: Json = {};
  for (const [status, { name, description }] of Object.entries(PROBLEMS)) {
    const headers = HEADERS_OF[status];
    const content = { 'application/problem+json': { schema: ref('schemas', 'Problem') } };
    responses[name] = { description, ...(headers && { headers: headerRefs(headers) }), content };
  }
  return { schemas: { Problem: problemSchema() }, responses, headers: { ...HEADERS } };
}

/** A security scheme of a public document, and what it is called there. */
export interface PublicScheme {
  readonly name: string;
  readonly scheme: Json;
}

/** Schemes whose credential has one place and nothing to choose. */
const ONLY_PLACES: ReadonlyMap<string, PublicScheme> = new Map([
  ['basic', { name: 'password', scheme: { type: 'http', scheme: 'basic' } }],
  ['mtls', { name: 'client-certificate', scheme: { type: 'mutualTLS' } }],
  ['http-signature', { name: 'signature', scheme: { type: 'apiKey', in: 'header', name: 'Signature' } }],
]);

/** How a caller may prove who it is by one scheme of a route: each of these ways will do. */
function waysOf({ name, options }: ChosenScheme, hide: Hide): PublicScheme[] {
  const { header, query, cookie } = options as { header?: string; query?: string; cookie?: string };
  const places: PublicScheme[] = [];
  const add = (place: string, at: string | undefined): void => {
    if (at === undefined) return;
    const shown = hide(at);
    places.push({
      name: `${name}-${place}-${shown}`.replace(/[^\w.-]/g, '_'),
      scheme: { type: 'apiKey', in: place, name: shown },
    });
  };
  if (name === 'jwt' || name === 'introspection') {
    const format = name === 'jwt' ? { bearerFormat: 'JWT' } : {};
    places.push({
      name: name === 'jwt' ? 'token' : 'opaque-token',
      scheme: { type: 'http', scheme: 'bearer', ...format },
    });
    add('cookie', cookie);
    add('query', query);
  } else if (name === 'api-key') {
    places.push({ name: 'api-key', scheme: { type: 'apiKey', in: 'header', name: 'X-API-Key' } });
    if (header === 'authorization') places.push({ name: 'api-key-bearer', scheme: { type: 'http', scheme: 'bearer' } });
    else add('header', header);
    add('query', query);
  } else {
    const only = ONLY_PLACES.get(name);
    if (only !== undefined) places.push(only);
  }
  return places;
}

/** Who may call a route, as a public document says it; undefined where it can't: a service decides. */
export function securityOf(
  { auth, authorize, shadow }: RouteConfig,
  schemes: Map<string, Json>,
  hide: Hide,
): readonly Json[] | undefined {
  if (auth.mode === 'none') return [];
  const ways = auth.chosen.map((scheme) => waysOf(scheme, hide));
  if (ways.some((each) => each.length === 0)) return undefined;
  for (const { name, scheme } of ways.flat()) schemes.set(name, scheme);
  const isShown = (scope: string): boolean => hide(scope) === scope;
  const all = authorize?.scopes?.all?.filter(isShown) ?? [];
  const any = authorize?.scopes?.any?.filter(isShown) ?? [];
  // One of several scopes is one requirement for each.
  const choices = any.length === 0 ? [all] : any.map((scope) => [...new Set([...all, scope])]);
  const demand = ({ name }: PublicScheme): Json[] =>
    name === 'token' ? choices.map((scopes) => ({ [name]: scopes })) : [{ [name]: [] }];
  // What is only tried out refuses nobody.
  const anonymous = auth.optional || shadow?.includes('authenticate') === true ? [{}] : [];
  if (auth.mode !== 'all') return [...ways.flat().flatMap(demand), ...anonymous];
  const firsts = ways.map(([first]) => demand(first as PublicScheme));
  const joint = choices.map((_, at) => Object.assign({}, ...firsts.map((each) => each[at] ?? each[0])) as Json);
  return [...(firsts.some((each) => each.length > 1) ? joint : joint.slice(0, 1)), ...anonymous];
}
