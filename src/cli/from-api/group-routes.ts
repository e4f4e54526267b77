import { isReserved } from '../../config/check-routes.ts';
import { escapePointer } from '../../lib/json-pointer.ts';
import { findPrefixFault, normalForm } from '../../routing/keys.ts';
import { DocumentFault } from '../../validate/document-fault.ts';

/** What a route is made from: a path with `:name` for what varies, and what must be the same for all of a route. */
export interface Leaf<Terms> {
  /** As the document writes it. */
  readonly path: string;
  readonly method: string;
  readonly terms: Terms;
}

export interface RoutePlan<Terms> {
  readonly prefix: string;
  /** Where the prefix alone is meant, and nothing below it. */
  readonly exact: boolean;
  /** What the path must look like, where a segment of it varies in a part of itself alone. */
  readonly pathRegex: string | undefined;
  readonly methods: readonly string[];
  readonly terms: Terms;
}

type Segments = readonly string[];

/** A path template as routes have it. */
interface Template {
  readonly segments: Segments;
  readonly pathRegex: string | undefined;
}

type Located<Terms> = Leaf<Terms> & Template;

/**
 * One route for all that begins alike: `/users`, `/users/{id}` and `/users/{id}/orders` are the route `/users`, and
 * below a beginning that all paths have (`/api/v1`) one for each of its branches. Where a method does not have the same
 * terms on all paths of a branch, each of its paths becomes a route of its own, so that nothing is opened by its neighbour.
 *
 * `refuse` is told of paths that no route can have. Throws `DocumentFault` for two that are one to a route, and ask for
 * different things.
 */
export function groupRoutes<Terms>(
  leaves: readonly Leaf<Terms>[],
  refuse: (path: string, why: string) => void,
): RoutePlan<Terms>[] {
  const located = [...Map.groupBy(leaves, ({ path }) => path)].flatMap(([path, same]): Located<Terms>[] => {
    const template = readTemplate(path);
    if (typeof template !== 'string') return same.map((leaf) => ({ ...leaf, ...template }));
    refuse(path, template);
    return [];
  });
  const [roots, others] = [located.filter(isRoot), located.filter((leaf) => !isRoot(leaf))];
  const depth = commonDepth(others.map(({ segments }) => segments));
  const branches = Map.groupBy(others, ({ segments }) => shapeOf(segments.slice(0, depth + 1)));
  return [...exactRoutes(roots), ...[...branches.values()].flatMap(routesOf)];
}

function isRoot({ segments }: { readonly segments: Segments }): boolean {
  return segments.length === 0;
}

/** What routes make of a path template, or why none can be like that. */
export function readTemplate(path: string): Template | string {
  if (!path.startsWith('/')) return 'a path begins with a slash';
  if (/[?#]/.test(path)) return 'a path has no query';
  const written = path.replace(/\/+$/, '').split('/').slice(1);
  const literal = written.find((segment) => segment.startsWith(':'));
  if (literal !== undefined) return `"${literal}" would be read as a name`;
  const names = new Set<string>();
  const prefix = `/${written.map((segment) => (segment.includes('{') ? `:${freeName(segment, names)}` : segment)).join('/')}`;
  const normal = normalForm(prefix);
  if (normal === undefined) return 'no request can have this path';
  const fault = findPrefixFault(normal);
  if (fault !== undefined) return fault;
  if (isReserved(normal)) return 'the gateway answers it itself';
  const isMixed = written.some((segment) => segment.includes('{') && !/^\{[^{}]*\}$/.test(segment));
  return {
    segments: normal === '/' ? [] : normal.split('/').slice(1),
    pathRegex: isMixed ? patternOf(path) : undefined,
  };
}

/** What stands for a variable while the rest of the path is brought into the form that is matched. */
const STAND_IN = 'zzVARIABLEzz';

function patternOf(path: string): string | undefined {
  const normal = normalForm(path.replace(/\{[^{}]*\}/g, STAND_IN).replace(/\/+$/, ''));
  const literals = normal?.split(STAND_IN).map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return literals === undefined ? undefined : `^${literals.join('[^/]+')}/?$`;
}

/** `{user-id}.json` is a segment that varies, here `:user_id`. */
function freeName(segment: string, taken: Set<string>): string {
  const [, written = ''] = /\{([^}]*)/.exec(segment) ?? [];
  const plain = written.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?![A-Za-z])/, 'p');
  let name = plain;
  for (let count = 2; taken.has(name); count += 1) name = `${plain}${count}`;
  taken.add(name);
  return name;
}

/** How many segments all paths begin with, such that each has one more. */
function commonDepth(paths: readonly Segments[]): number {
  const [first = []] = paths;
  const shortest = paths.reduce((length, path) => Math.min(length, path.length), first.length);
  let depth = 0;
  while (depth < shortest - 1 && !first[depth]?.startsWith(':') && paths.every((path) => path[depth] === first[depth]))
    depth += 1;
  return depth;
}

/** The same for two beginnings that no request can tell apart. */
function shapeOf(segments: Segments): string {
  return segments.map((segment) => (segment.startsWith(':') ? ':' : segment)).join('/');
}

function routesOf<Terms>(branch: readonly Located<Terms>[]): RoutePlan<Terms>[] {
  const termsOf = new Map<string, string>();
  const isUniform = branch.every(({ method, terms }) => {
    const key = JSON.stringify(terms);
    const known = termsOf.get(method) ?? key;
    termsOf.set(method, known);
    return known === key;
  });
  // A beginning that varies would take what belongs to nobody.
  const isVague = branch.some(({ segments, pathRegex }) => pathRegex !== undefined || segments[0]?.startsWith(':'));
  return isUniform && !isVague ? plansAt(commonBeginning(branch), undefined, branch) : exactRoutes(branch);
}

/** One for each path, whatever its variables are called. */
function exactRoutes<Terms>(leaves: readonly Located<Terms>[]): RoutePlan<Terms>[] {
  const keyOf = ({ segments, pathRegex = '' }: Template): string => `${shapeOf(segments)} ${pathRegex}`;
  return [...Map.groupBy(leaves, keyOf).values()].flatMap((same) =>
    plansAt(same[0]?.segments ?? [], { pathRegex: same[0]?.pathRegex }, same),
  );
}

/** The routes at one prefix: one for all methods with the same terms. */
function plansAt<Terms>(
  segments: Segments,
  exactly: Pick<Template, 'pathRegex'> | undefined,
  leaves: readonly Located<Terms>[],
): RoutePlan<Terms>[] {
  const byMethod = new Map<string, Located<Terms>>();
  for (const leaf of leaves) {
    const known = byMethod.get(leaf.method) ?? leaf;
    byMethod.set(leaf.method, known);
    if (JSON.stringify(known.terms) === JSON.stringify(leaf.terms)) continue;
    const pointer = `/paths/${escapePointer(leaf.path)}/${leaf.method.toLowerCase()}`;
    throw new DocumentFault(pointer, `no request can be told from one to "${known.path}", which has other terms`);
  }
  return [...Map.groupBy(byMethod.values(), ({ terms }) => JSON.stringify(terms)).values()].map((same) => ({
    prefix: `/${segments.join('/')}`,
    exact: exactly !== undefined,
    pathRegex: exactly?.pathRegex,
    methods: same.map(({ method }) => method),
    terms: (same[0] as Located<Terms>).terms,
  }));
}

/** The segments that all paths of a branch have in common, up to what varies; at least the first. */
function commonBeginning(branch: readonly { readonly segments: Segments }[]): Segments {
  const [first] = branch;
  const paths = branch.map(({ segments }) => segments);
  const all = first?.segments ?? [];
  let length = 0;
  while (
    length < all.length &&
    paths.every((path) => shapeOf(path.slice(0, length + 1)) === shapeOf(all.slice(0, length + 1)))
  )
    length += 1;
  const varies = all.findIndex((segment, at) => segment.startsWith(':') && at < length);
  return all.slice(0, varies > 0 ? varies : length);
}
