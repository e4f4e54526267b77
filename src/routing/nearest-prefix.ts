import { distance } from 'fastest-levenshtein';

/** What the search looks at of the trie of routes. */
export interface PrefixNode {
  readonly literals: ReadonlyMap<string, PrefixNode>;
  readonly param: PrefixNode | undefined;
  /** A prefix that ends here, as written. */
  readonly prefix: string | undefined;
}

// A path that leads nowhere is anybody's: what is done for it has bounds, however long it is and however many routes.
const MAX_SEGMENTS = 8;
const MAX_SEGMENT_CHARS = 32;
const MAX_LOOKED_AT = 256;
const MAX_COMPARED = 32;

/**
 * The prefix of a route that was probably meant by a path that none takes: with a segment misspelt, or without the first
 * one (`/users` for `/api/users`). Undefined where nothing is near. For whoever runs the gateway; nothing for clients.
 */
export function findNearestPrefix(root: PrefixNode, path: string): string | undefined {
  const segments = path.split('/', MAX_SEGMENTS).filter((segment) => segment !== '');
  const [first] = segments;
  if (first === undefined) return undefined;
  return follow(root, segments) ?? followBelow(root, first, segments);
}

function follow(start: PrefixNode, segments: readonly string[]): string | undefined {
  let node = start;
  let prefix: string | undefined;
  for (const segment of segments) {
    const next = node.literals.get(segment) ?? findNearChild(node, segment) ?? node.param;
    if (next === undefined) break;
    node = next;
    prefix = node.prefix ?? prefix;
  }
  return prefix ?? (node === start ? undefined : firstBelow(node));
}

function followBelow(root: PrefixNode, first: string, segments: readonly string[]): string | undefined {
  let left = MAX_LOOKED_AT;
  for (const child of root.literals.values()) {
    if (left-- === 0) return undefined;
    if (child.literals.has(first)) return follow(child, segments);
  }
  return undefined;
}

function firstBelow(node: PrefixNode): string | undefined {
  let below: PrefixNode | undefined = node;
  for (let depth = 0; depth < MAX_SEGMENTS && below !== undefined; depth += 1) {
    if (below.prefix !== undefined) return below.prefix;
    below = below.literals.values().next().value ?? below.param;
  }
  return undefined;
}

/** The child whose name is so like the segment that one was written for the other; case does not count. */
function findNearChild({ literals }: PrefixNode, segment: string): PrefixNode | undefined {
  if (segment.length > MAX_SEGMENT_CHARS) return undefined;
  const wanted = segment.toLowerCase();
  let fewest = Math.max(1, wanted.length >> 2) + 1;
  let nearest: PrefixNode | undefined;
  let lookedAt = 0;
  let compared = 0;
  for (const [name, child] of literals) {
    if (lookedAt++ >= MAX_LOOKED_AT || compared >= MAX_COMPARED) break;
    if (Math.abs(name.length - wanted.length) >= fewest) continue;
    compared += 1;
    const edits = distance(wanted, name.toLowerCase());
    if (edits >= fewest) continue;
    fewest = edits;
    nearest = child;
  }
  return nearest;
}
