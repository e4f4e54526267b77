import type { RouteConfig } from '../../config/routes.ts';
import { parsePattern } from '../../pattern.ts';
import { normalForm } from '../../routing/keys.ts';

/** A path of a public document: `/shops/{shop}/users`, and the names of its variables. */
export interface PublicPath {
  readonly path: string;
  readonly params: readonly string[];
}

const isVariable = (segment: string): boolean => segment.startsWith(':') || segment.includes('{');

/** The prefix of a route as a public document writes it. */
export function pathOfPrefix(prefix: string): PublicPath {
  return fromSegments(segmentsOf(prefix), []);
}

/**
 * Where clients find what a service has at a path of its own document: what the route does on the way in, the other way
 * round. Undefined for what does not come through this prefix of the route.
 */
export function publicPathOf(route: RouteConfig, prefix: string, servicePath: string): PublicPath | undefined {
  if (route.pathRewrite !== undefined) return undefined;
  const wanted = segmentsOf(servicePath);
  const own = segmentsOf(prefix);
  const before = route.stripPrefix ? segmentsOf(route.rewritePrefix ?? '/') : own;
  const rest = without(before, wanted);
  if (rest === undefined || (route.exact && rest.length > 0)) return undefined;
  // The document's own names, where it describes the prefix itself.
  const beginning = route.stripPrefix ? own : wanted.slice(0, own.length);
  const found = fromSegments(beginning, rest, servicePath.length > 1 && servicePath.endsWith('/'));
  return fitsPattern(route, found.path) ? found : undefined;
}

/** The segments that follow a beginning; undefined where there is another one. A name stands for any segment. */
function without(beginning: readonly string[], segments: readonly string[]): string[] | undefined {
  const fits = beginning.every((segment, at) => {
    const other = segments[at];
    return other !== undefined && (segment.startsWith(':') || segment === normalSegment(other));
  });
  return fits ? segments.slice(beginning.length) : undefined;
}

/** A document may write letters that a URL can't hold. */
function normalSegment(segment: string): string {
  return isVariable(segment) ? segment : (normalForm(`/${segment}`)?.slice(1) ?? segment);
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

/** What a prefix calls as something in the rest is called has another name: a path may have each name once. */
function fromSegments(beginning: readonly string[], rest: readonly string[], endsInSlash = false): PublicPath {
  const taken = new Set(rest.flatMap((segment) => [...segment.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name)));
  const params: string[] = [];
  const named = beginning.map((segment) => {
    if (!segment.startsWith(':')) return segment;
    let name = segment.slice(1);
    while (taken.has(name)) name = `${name}_`;
    taken.add(name);
    params.push(name);
    return `{${name}}`;
  });
  const path = `/${[...named, ...rest].join('/')}`;
  return { path: endsInSlash && path !== '/' ? `${path}/` : path, params };
}

function fitsPattern({ pathRegex }: RouteConfig, path: string): boolean {
  return pathRegex === undefined || parsePattern(pathRegex).test(path.replace(/\{[^{}]*\}/g, 'x'));
}

/** The same for two paths that nobody can tell apart. */
export function shapeOfPath(path: string): string {
  return path.replace(/\{[^{}]*\}/g, '{}');
}
