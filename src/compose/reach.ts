import type { PathTemplate } from './path-template.ts';

/** What decides which route takes a part: the conditions of a route, as they are written. */
export interface Conditions {
  readonly prefix: readonly string[];
  readonly exact: boolean;
  readonly hosts?: readonly string[] | undefined;
  readonly methods?: readonly string[] | undefined;
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  readonly pathRegex?: unknown;
}

interface Fit {
  readonly index: number;
  readonly segments: readonly string[];
  /** Literal segments that certainly fit, as bits, the first one highest: what the router prefers at one length. */
  readonly literals: string;
  /** Whether it takes the path whatever the values, the host and the header fields are. */
  readonly isCertain: boolean;
}

/**
 * The routes (by index) that may take a part, seen from the file alone: the longest prefix that takes the path for
 * certain, and those before it which take it with some value, host or header field. Empty where there is none.
 */
export function findReach(target: PathTemplate, routes: readonly Conditions[]): readonly number[] {
  const fits = routes.flatMap((route, index) => route.prefix.flatMap((prefix) => fitOf(target, route, prefix, index)));
  fits.sort((a, b) => b.segments.length - a.segments.length || compareText(b.literals, a.literals));
  const end = fits.findIndex(({ isCertain }) => isCertain);
  if (end < 0) return indexesOf(fits);
  const { literals, segments } = fits[end] as Fit;
  const isAlike = (fit: Fit): boolean => fit.segments.length === segments.length && fit.literals === literals;
  return indexesOf(fits.filter((fit, at) => at <= end || isAlike(fit)));
}

/** True where the routes of this reach take no GET. */
export function takesNoGet(reach: readonly number[], routes: readonly Conditions[]): boolean {
  return reach.every((index) => routes[index]?.methods?.includes('GET') === false);
}

function indexesOf(fits: readonly Fit[]): readonly number[] {
  return [...new Set(fits.map(({ index }) => index))];
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

function fitOf(target: PathTemplate, route: Conditions, prefix: string, index: number): Fit | [] {
  const segments = prefix === '/' ? [] : prefix.slice(1).split('/');
  // A slash at the end makes no other path.
  const path = target.segments.at(-1)?.length === 0 ? target.segments.slice(0, -1) : target.segments;
  if (segments.length > path.length || (route.exact && segments.length < path.length)) return [];
  const fits = segments.map((segment, at) => fitSegment(segment, path[at] ?? []));
  if (fits.includes('never')) return [];
  const isFree = route.hosts === undefined && route.headers === undefined && route.pathRegex === undefined;
  return {
    index,
    segments,
    literals: segments.map((segment) => (segment.startsWith(':') ? '0' : '1')).join(''),
    isCertain: isFree && !fits.includes('perhaps'),
  };
}

function fitSegment(segment: string, pieces: PathTemplate['segments'][number]): 'always' | 'perhaps' | 'never' {
  if (segment.startsWith(':')) return 'always';
  if (pieces.some((piece) => typeof piece !== 'string')) return 'perhaps';
  return pieces.join('') === segment ? 'always' : 'never';
}
