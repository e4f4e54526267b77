import { type Pattern, parsePattern } from '../pattern.ts';
import type { MatchOptions } from './keys.ts';

/** What the table looks at. */
export interface MatchRequest {
  /** For a preflight the method that it asks for. */
  readonly method: string;
  /** As the client sent it, port and all. */
  readonly host: string;
  /** Normalised: see `normalizeTarget`. */
  readonly path: string;
  readonly headers: RequestHeaders;
}

/** Header fields of a request as Node gives them: names in lower case. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A route at one of its prefixes, ready to be asked. */
export interface Candidate<R> {
  readonly route: R;
  readonly prefix: string;
  readonly exact: boolean;
  readonly pathRegex: Pattern | undefined;
  readonly headers: readonly HeaderCondition[] | undefined;
  /** Methods taken, HEAD included where GET is; undefined for all. */
  readonly methods: ReadonlySet<string> | undefined;
  /** Names of the `:name` segments, in order, and which segment each is; undefined without any. */
  readonly params: readonly ParamSegment[] | undefined;
  /** Place in the file, which decides last. */
  readonly order: number;
  /** The answer of the table, made once where the prefix has no names and the answer is always the same. */
  readonly match: FixedMatch<R> | undefined;
}

interface FixedMatch<R> {
  readonly found: true;
  readonly route: R;
  readonly prefix: string;
  readonly prefixLength: number;
  readonly params: undefined;
}

export interface ParamSegment {
  readonly name: string;
  readonly index: number;
}

interface HeaderCondition {
  readonly name: string;
  readonly value: string | true;
}

/** What a route without `methods` is said to allow. TRACE and CONNECT are taken by none (RFC 9110, section 9.3). */
const USUAL_METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

export function createCandidate<R>(route: R, prefix: string, match: MatchOptions, order: number): Candidate<R> {
  const params = prefix
    .split('/')
    .slice(1)
    .flatMap((segment, index) => (segment.startsWith(':') ? [{ name: segment.slice(1), index }] : []));
  const prefixLength = prefix === '/' ? 0 : prefix.length;
  const headers = Object.entries(match.headers ?? {}).map(([name, value]) => ({ name, value }));
  return {
    route,
    prefix,
    exact: match.exact,
    pathRegex: match.pathRegex === undefined ? undefined : parsePattern(match.pathRegex),
    headers: headers.length === 0 ? undefined : headers,
    methods: match.methods === undefined ? undefined : withHead(match.methods),
    params: params.length === 0 ? undefined : params,
    order,
    match:
      params.length === 0 ? Object.freeze({ found: true, route, prefix, prefixLength, params: undefined }) : undefined,
  };
}

function withHead(methods: readonly string[]): ReadonlySet<string> {
  return new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods);
}

/** Which of two routes at the same prefix and host is asked first: the one that says more, then the earlier one. */
export function compareCandidates(a: Candidate<unknown>, b: Candidate<unknown>): number {
  return (
    Number(b.exact) - Number(a.exact) ||
    Number(b.pathRegex !== undefined) - Number(a.pathRegex !== undefined) ||
    Number(b.headers !== undefined) - Number(a.headers !== undefined) ||
    Number(b.methods !== undefined) - Number(a.methods !== undefined) ||
    a.order - b.order
  );
}

/** Whether everything but the method fits, for a prefix that covers the path up to `end`. */
export function fitsBeforeMethod(candidate: Candidate<unknown>, end: number, { path, headers }: MatchRequest): boolean {
  // A slash at the end makes no other path: many services ignore it, so it must not lead around an exact route.
  if (candidate.exact && end < path.length - 1) return false;
  if (candidate.headers !== undefined && !fitsHeaders(candidate.headers, headers)) return false;
  return candidate.pathRegex === undefined || candidate.pathRegex.test(path);
}

/** Whether the request has all of these fields, with these values. */
export function fitsHeaders(conditions: readonly HeaderCondition[], headers: RequestHeaders): boolean {
  for (const { name, value } of conditions) {
    const sent = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (sent === undefined || (value !== true && sent !== value)) return false;
  }
  return true;
}

export function takesMethod(candidate: Candidate<unknown>, method: string): boolean {
  if (candidate.methods !== undefined) return candidate.methods.has(method);
  return method !== 'TRACE' && method !== 'CONNECT';
}

/** The value of `Allow` for routes of which none takes the method (RFC 9110, section 10.2.1). */
export function renderAllow(candidates: readonly Candidate<unknown>[]): string {
  const methods = new Set(candidates.flatMap((candidate) => [...(candidate.methods ?? USUAL_METHODS)]));
  return [...methods].sort().join(', ');
}
