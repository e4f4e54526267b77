/** One segment of a template: fixed pieces, with a parameter between each two. */
interface Template {
  readonly pieces: readonly string[];
  readonly names: readonly string[];
}

interface Node<T> {
  readonly fixed: Map<string, Node<T>>;
  readonly templated: { readonly pieces: readonly string[]; readonly node: Node<T> }[];
  /** What ends here; parameters may be called differently. */
  readonly ends: { readonly names: readonly string[]; readonly value: T }[];
}

/** What stands at a path, and the values of the parameters in it. */
export interface AtPath<T> {
  readonly value: T;
  readonly params: ReadonlyMap<string, string>;
}

/**
 * Finds what belongs to a path by its template, `/users/{id}/files/{name}.{ext}` for one (OpenAPI 3.1, section 4.8.2):
 * what is fixed goes before what is templated.
 */
export class PathTree<T> {
  readonly #root: Node<T> = createNode();

  /** Adds a template; false where it is there already. */
  add(path: string, value: T): boolean {
    let node = this.#root;
    const names: string[] = [];
    for (const segment of path.split('/').slice(1)) {
      const template = parseTemplate(segment);
      node = template === undefined ? fixedChild(node, decodeSegment(segment)) : templatedChild(node, template.pieces);
      names.push(...(template?.names ?? []));
    }
    if (node.ends.some((end) => end.names.join('\n') === names.join('\n'))) return false;
    node.ends.push({ names, value });
    return true;
  }

  /** All that may stand at a path, the narrowest first; at most as many as there are templates. */
  *find(path: string): Generator<AtPath<T>> {
    const segments = path.split('/').slice(1).map(decodeSegment);
    yield* search(this.#root, segments, 0, []);
  }
}

function createNode<T>(): Node<T> {
  return { fixed: new Map(), templated: [], ends: [] };
}

function fixedChild<T>(node: Node<T>, key: string): Node<T> {
  let child = node.fixed.get(key);
  if (child === undefined) {
    child = createNode();
    node.fixed.set(key, child);
  }
  return child;
}

function templatedChild<T>(node: Node<T>, pieces: readonly string[]): Node<T> {
  const known = node.templated.find((one) => one.pieces.join('\n') === pieces.join('\n'));
  if (known !== undefined) return known.node;
  const added = { pieces, node: createNode<T>() };
  node.templated.push(added);
  // The longest fixed text is the narrowest.
  node.templated.sort((a, b) => b.pieces.join('').length - a.pieces.join('').length);
  return added.node;
}

function parseTemplate(segment: string): Template | undefined {
  const parts = segment.split(/\{([^{}]+)\}/);
  if (parts.length === 1) return undefined;
  const pieces = parts.filter((_, index) => index % 2 === 0).map(decodeSegment);
  return { pieces, names: parts.filter((_, index) => index % 2 === 1) };
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function* search<T>(
  node: Node<T>,
  segments: readonly string[],
  index: number,
  values: readonly string[],
): Generator<AtPath<T>, void> {
  const segment = segments[index];
  if (segment === undefined) {
    for (const { names, value } of node.ends)
      yield { value, params: new Map(names.map((name, at) => [name, values[at] ?? ''])) };
    return;
  }
  const fixed = node.fixed.get(segment);
  if (fixed !== undefined) yield* search(fixed, segments, index + 1, values);
  for (const { pieces, node: child } of node.templated) {
    const own = matchTemplate(pieces, segment);
    if (own !== undefined) yield* search(child, segments, index + 1, [...values, ...own]);
  }
}

/** Each parameter takes as little as it can, and at least one character. */
function matchTemplate(pieces: readonly string[], segment: string): readonly string[] | undefined {
  const [first = ''] = pieces;
  if (!segment.startsWith(first)) return undefined;
  const values: string[] = [];
  let at = first.length;
  for (const [index, piece] of pieces.slice(1).entries()) {
    const isLast = index === pieces.length - 2;
    const end = isLast ? segment.length - piece.length : segment.indexOf(piece, at + 1);
    if (end <= at || (isLast && !segment.endsWith(piece))) return undefined;
    values.push(segment.slice(at, end));
    at = end + piece.length;
  }
  return values;
}
