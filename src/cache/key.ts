import { hash } from 'node:crypto';
import type { RequestContext } from '../context.ts';
import { boundedName } from './bounded-name.ts';
import type { CacheOptions } from './options.ts';
import type { ToldFields } from './told-fields.ts';

/** Where a request looks, and where its answer may be stored. */
export interface Names {
  /** The URL, for whatever invalidates it. */
  readonly url: string;
  /** The name of answers for everybody. */
  readonly common: string;
  /** The name of answers for this caller; undefined where none but those for everybody can be given to it. */
  readonly own: string | undefined;
}

/** Said by clients to pick what they get, or of no meaning for it: an answer that depends on them names them in Vary. */
const UNKEYED = new Set(
  'accept accept-charset accept-encoding accept-language user-agent cache-control pragma if-none-match if-modified-since if-range range referer origin dnt priority upgrade-insecure-requests date via x-forwarded-for x-real-ip x-forwarded-host x-forwarded-proto x-forwarded-port x-request-id x-correlation-id traceparent tracestate baggage x-request-timeout-ms'.split(
    ' ',
  ),
);

/**
 * Fields by which some services are told another host or path than the one that was asked for. No answer says that it
 * depends on them: a request that has one is no business of the cache.
 */
const OVERRIDES = [
  'x-host',
  'x-original-host',
  'x-host-override',
  'x-http-host-override',
  'x-http-destinationurl',
  'x-original-uri',
  'x-url',
  'x-path',
  'x-method',
];

export function hasOverride(told: ToldFields): boolean {
  return OVERRIDES.some((name) => told.has(name));
}

/** How the names of a route's answers are made. */
export interface KeyPlan {
  /** What the route says, in one text: a route that says something else has other answers. */
  readonly routeId: string;
  readonly key: CacheOptions['key'];
  readonly shared: boolean;
  /**
   * The field in which a token of ours tells the service who calls, in lower case: each caller has its own, which is not
   * known here. Undefined where none does.
   */
  readonly callerField: string | undefined;
  /** Names of fields, in lower case, that the route's own edits write. */
  readonly written: readonly string[];
  /** True where names stay in this process: a short one needs no hash then, which would be half the cost of a hit. */
  readonly isLocal: boolean;
}

/**
 * The names under which a request's answer may be stored: all that the service can tell one request from another by, or
 * a hash of it, so that they have a bounded length, and tell nothing outside of this process.
 *
 * Answers for everybody are told apart by the URL as the service sees it, the host and the scheme that it is told, what
 * the route's edits have written, and the route's `key`. Those of a caller are told apart by who it is as well, and by
 * every field that is not for `Vary`: what authentication, an auth server or a credential tells the service.
 */
export function createNames(context: RequestContext, told: ToldFields, plan: KeyPlan): Names {
  const { key, written } = plan;
  const path = context.rawPath ?? context.path;
  const host = told.get('x-forwarded-host') ?? '';
  const parts: (string | undefined)[] = [
    plan.routeId,
    context.scheme,
    host,
    context.req.headers.host,
    path,
    context.query,
  ];
  for (const name of written) parts.push(told.get(name));
  for (const name of key.headers) parts.push(told.get(name));
  for (const value of key.values) parts.push(value.render(context));
  const base = nameOf(parts, plan);
  return new NamesOf(host, path, context.query, base, ownName(context, told, plan, base));
}

class NamesOf implements Names {
  readonly common: string;
  readonly own: string | undefined;
  readonly #where: readonly [host: string, path: string, query: string];
  #url: string | undefined;

  constructor(host: string, path: string, query: string, base: string, own: string | undefined) {
    this.#where = [host, path, query];
    this.common = `c${base}`;
    this.own = own;
  }

  /** Made when it is asked for: what is found in memory needs none. */
  get url(): string {
    this.#url ??= urlName(...this.#where);
    return this.#url;
  }
}

function ownName(context: RequestContext, told: ToldFields, plan: KeyPlan, base: string): string | undefined {
  const { authMethod, issuer, subject, consumer } = context;
  const isProven = authMethod !== undefined || subject !== undefined || consumer !== undefined;
  if (hasUnknownCredential(told, plan, isProven)) return undefined;
  if (!isProven) return `a${base}`;
  if (plan.shared && isShareable(context, told, plan)) return `s${base}`;
  const parts = [base, authMethod, issuer, subject, consumer?.name];
  // What the token says and no field does.
  if (plan.callerField !== undefined) parts.push(JSON.stringify(context.scopes), context.plan);
  // In the order in which they came: another order is at worst another name for the same answer.
  for (const [name, value] of told) if (!UNKEYED.has(name) && !name.startsWith('sec-')) parts.push(name, value);
  return `o${nameOf(parts, plan)}`;
}

/** A cookie is a credential that nobody here has looked at, and so is an Authorization where nobody is proven. */
function hasUnknownCredential(told: ToldFields, { key }: KeyPlan, isProven: boolean): boolean {
  if (told.has('cookie') && !key.headers.includes('cookie')) return true;
  return told.has('authorization') && !isProven && !key.headers.includes('authorization');
}

/** Beside an API key, an Authorization that the service is told of as well may be for the service alone. */
function isShareable({ authMethod = '' }: RequestContext, told: ToldFields, { key }: KeyPlan): boolean {
  return !told.has('authorization') || key.headers.includes('authorization') || !authMethod.includes('api-key');
}

/** The name of a URL: of all routes, all methods and both schemes, since what changes a thing changes it there. */
export function urlName(host: string, path: string, query: string): string {
  return digest([host.toLowerCase(), path, query]);
}

function nameOf(parts: readonly (string | undefined)[], { isLocal }: KeyPlan): string {
  return boundedName(join(parts), isLocal);
}

function digest(parts: readonly string[]): string {
  return hash('sha256', join(parts), 'base64url');
}

/** Each part with its length before it, so that no two lists are one text; what is missing is not what is empty. */
function join(parts: readonly (string | undefined)[]): string {
  let text = '';
  for (const part of parts) text += part === undefined ? '-' : `${part.length}:${part}`;
  return text;
}

/**
 * Takes the parameters that the route's key does not name out of the query: what makes no difference to the key must
 * make none to the answer. Names are compared decoded; what is left stands as it came, in its order.
 */
export function keepKeyed(query: string, names: ReadonlySet<string>): string {
  if (query.length < 2) return query;
  const kept = query
    .slice(1)
    .split('&')
    .filter((pair) => names.has(decodeName(pair)));
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}

function decodeName(pair: string): string {
  const name = pair.split('=', 1)[0] as string;
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return name;
  }
}
