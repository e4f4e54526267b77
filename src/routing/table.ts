import type { Steps } from '../lib/steps.ts';
import {
  type Candidate,
  createCandidate,
  fitsBeforeMethod,
  type MatchRequest,
  renderAllow,
  takesMethod,
} from './candidate.ts';
import { type Considered, considerPrefix } from './consider.ts';
import { addToHostIndex, createHostIndex, findByHost, type HostIndex } from './host-index.ts';
import type { MatchOptions } from './keys.ts';
import { findNearestPrefix } from './nearest-prefix.ts';
import { findObstacle, type Obstacle } from './obstacle.ts';

export interface RouteMatch<R> {
  readonly found: true;
  readonly route: R;
  /** The prefix that matched, as written: `/api/users/:id`. */
  readonly prefix: string;
  /** How much of the path the prefix covers, in characters; 0 for the prefix `/`. */
  readonly prefixLength: number;
  /** Values of the `:name` segments, escapes and all; undefined where the prefix has none. */
  readonly params: Readonly<Record<string, string>> | undefined;
}

/** No route: 405 with this `Allow` where only the method does not fit, else 404. */
export interface RouteMiss<R> {
  readonly found: false;
  readonly allow: string | undefined;
  /** The route that takes other methods only, where there is one alone. */
  readonly route: R | undefined;
}

export interface RouteTable<R> {
  find(request: MatchRequest): RouteMatch<R> | RouteMiss<R>;
  /** The route that a request, which none took, was probably meant for; see `findNearestPrefix`. */
  findNearest(request: MatchRequest): NearestRoute | undefined;
  /** The routes whose prefixes cover the path, the longest first, up to the one that takes the request. */
  consider(request: MatchRequest): readonly Considered<R>[];
  /** Nodes looked at by all calls so far: what a lookup costs, apart from the clock. */
  readonly visitedNodes: number;
}

/** A prefix that is near, or one that covers the path and has a condition that does not fit. */
export interface NearestRoute {
  readonly prefix: string;
  readonly wants?: Obstacle;
}

interface TableEntry<R> {
  readonly route: R;
  readonly match: MatchOptions;
}

interface TrieNode<R> {
  readonly literals: Map<string, TrieNode<R>>;
  param: TrieNode<R> | undefined;
  /** Routes whose prefix ends here. */
  routes: HostIndex<R> | undefined;
  /** The prefix of the first of them, as written. */
  prefix: string | undefined;
}

const NOT_FOUND: RouteMiss<never> = Object.freeze({ found: false, allow: undefined, route: undefined });

/**
 * Compiles the routes of a snapshot into a trie over path segments: a lookup walks the segments of the request, not
 * the routes, so that a thousand routes cost what one costs. A step for each route: what makes one costly is its
 * `pathRegex`.
 */
export function* compileRouteTable<R>(entries: Iterable<TableEntry<R>>): Steps<RouteTable<R>> {
  const root = createNode<R>();
  let order = 0;
  for (const { route, match } of entries) {
    for (const prefix of match.prefix) {
      const node = nodeAt(root, prefix);
      node.routes ??= createHostIndex();
      node.prefix ??= prefix;
      addToHostIndex(node.routes, createCandidate(route, prefix, match, order), match.hosts);
    }
    order += 1;
    yield;
  }
  return new TrieTable(root);
}

function createNode<R>(): TrieNode<R> {
  return { literals: new Map(), param: undefined, routes: undefined, prefix: undefined };
}

function nodeAt<R>(root: TrieNode<R>, prefix: string): TrieNode<R> {
  let node = root;
  for (const segment of prefix.split('/')) {
    if (segment === '') continue;
    if (segment.startsWith(':')) {
      node.param ??= createNode();
      node = node.param;
    } else {
      let child = node.literals.get(segment);
      if (child === undefined) {
        child = createNode();
        node.literals.set(segment, child);
      }
      node = child;
    }
  }
  return node;
}

class TrieTable<R> implements RouteTable<R> {
  visitedNodes = 0;
  readonly #root: TrieNode<R>;
  // The prefixes that fit one request, shortest first, and where each ends. Kept, so that a lookup allocates nothing.
  readonly #fits: HostIndex<R>[] = [];
  readonly #ends: number[] = [];
  #count = 0;

  constructor(root: TrieNode<R>) {
    this.#root = root;
  }

  find(request: MatchRequest): RouteMatch<R> | RouteMiss<R> {
    this.#count = 0;
    this.#collect(this.#root, request.path, 0);
    for (let at = this.#count - 1; at >= 0; at -= 1) {
      const result = select(this.#fits[at] as HostIndex<R>, this.#ends[at] as number, request);
      if (result !== undefined) return result;
    }
    return NOT_FOUND;
  }

  findNearest(request: MatchRequest): NearestRoute | undefined {
    const prefix = findNearestPrefix(this.#root, request.path);
    this.#count = 0;
    this.#collect(this.#root, request.path, 0);
    let covering: NearestRoute | undefined;
    for (let at = this.#count - 1; at >= 0; at -= 1) {
      const found = findObstacle(this.#fits[at] as HostIndex<R>, this.#ends[at] as number, request);
      if (found !== undefined && (prefix === undefined || found.prefix === prefix)) return found;
      covering ??= found;
    }
    return prefix === undefined ? covering : { prefix };
  }

  consider(request: MatchRequest): readonly Considered<R>[] {
    const considered: Considered<R>[] = [];
    this.#count = 0;
    this.#collect(this.#root, request.path, 0);
    for (let at = this.#count - 1; at >= 0; at -= 1) {
      if (considerPrefix(this.#fits[at] as HostIndex<R>, this.#ends[at] as number, request, considered)) break;
    }
    return considered;
  }

  /** Walks on from a node that covers the path up to `end`; the literal branch first. */
  #collect(node: TrieNode<R>, path: string, end: number): void {
    this.visitedNodes += 1;
    if (node.routes !== undefined) this.#note(node.routes, end);
    const start = end + 1;
    if (start >= path.length) return;
    const slash = path.indexOf('/', start);
    const next = slash === -1 ? path.length : slash;
    const literal = node.literals.size === 0 ? undefined : node.literals.get(path.slice(start, next));
    if (literal !== undefined) this.#collect(literal, path, next);
    if (node.param !== undefined) this.#collect(node.param, path, next);
  }

  /** Keeps the longest prefix last, and of two that are equally long the one found first after the other. */
  #note(routes: HostIndex<R>, end: number): void {
    let at = this.#count;
    for (; at > 0 && (this.#ends[at - 1] as number) >= end; at -= 1) {
      this.#ends[at] = this.#ends[at - 1] as number;
      this.#fits[at] = this.#fits[at - 1] as HostIndex<R>;
    }
    this.#ends[at] = end;
    this.#fits[at] = routes;
    this.#count += 1;
  }
}

/** The route of one prefix that takes the request, a refusal where only methods are in the way, else undefined. */
function select<R>(index: HostIndex<R>, end: number, request: MatchRequest): RouteMatch<R> | RouteMiss<R> | undefined {
  let otherMethods: Candidate<R>[] | undefined;
  for (const list of findByHost(index, request.host)) {
    for (const candidate of list) {
      if (!fitsBeforeMethod(candidate, end, request)) continue;
      if (takesMethod(candidate, request.method))
        return candidate.match ?? matchWithParams(candidate, request.path, end);
      otherMethods ??= [];
      otherMethods.push(candidate);
    }
  }
  if (otherMethods === undefined) return undefined;
  const [route, ...others] = new Set(otherMethods.map((candidate) => candidate.route));
  return { found: false, allow: renderAllow(otherMethods), route: others.length === 0 ? route : undefined };
}

function matchWithParams<R>(candidate: Candidate<R>, path: string, end: number): RouteMatch<R> {
  const segments = path.slice(1, end).split('/');
  const params: Record<string, string> = {};
  for (const { name, index } of candidate.params ?? []) params[name] = segments[index] ?? '';
  return { found: true, route: candidate.route, prefix: candidate.prefix, prefixLength: end, params };
}
