/** One segment of a template: fixed pieces, with a parameter between each two. */
interface Template {
  readonly pieces: readonly string[];
  readonly names: readonly string[];
}

interface Node<T> {
  readonly fixed: Map<string, Node<T>>;
  readonly templated: { readonly template: Template; readonly node: Node<T> }[];
  value: T | undefined;
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

  /** Adds a template; false where another one stands for the very same paths. */
  add(path: string, value: T): boolean {
    let node = this.#root;
    for (const segment of path.split('/').slice(1)) node = childFor(node, segment);
    if (node.value !== undefined) return false;
    node.value = value;
    return true;
  }

  find(path: string): AtPath<T> | undefined {
    const segments = path.split('/').slice(1).map(decodeSegment);
    return search(this.#root, segments, 0, []);
  }
}

function createNode<T>(): Node<T> {
  return { fixed: new Map(), templated: [], value: undefined };
}

function childFor<T>(node: Node<T>, segment: string): Node<T> {
  const template = parseTemplate(segment);
  if (template === undefined) {
    const key = decodeSegment(segment);
    let child = node.fixed.get(key);
    if (child === undefined) {
      child = createNode();
      node.fixed.set(key, child);
    }
    return child;
  }
  const known = node.templated.find((one) => one.template.pieces.join('\n') === template.pieces.join('\n'));
  // Another name for the same place: the paths are told apart further down.
  if (known !== undefined && known.template.names.join() === template.names.join()) return known.node;
  const added = { template, node: createNode<T>() };
  node.templated.push(added);
  // The longest fixed text is the narrowest.
  node.templated.sort((a, b) => b.template.pieces.join('').length - a.template.pieces.join('').length);
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

type Values = readonly (readonly [string, string])[];

function search<T>(node: Node<T>, segments: readonly string[], index: number, values: Values): AtPath<T> | undefined {
  const segment = segments[index];
  if (segment === undefined)
    return node.value === undefined ? undefined : { value: node.value, params: new Map(values) };
  const fixed = node.fixed.get(segment);
  const found = fixed === undefined ? undefined : search(fixed, segments, index + 1, values);
  if (found !== undefined) return found;
  for (const { template, node: child } of node.templated) {
    const own = matchTemplate(template, segment);
    const below = own === undefined ? undefined : search(child, segments, index + 1, [...values, ...own]);
    if (below !== undefined) return below;
  }
  return undefined;
}

/** Each parameter takes as little as it can, and at least one character. */
function matchTemplate({ pieces, names }: Template, segment: string): Values | undefined {
  const [first = ''] = pieces;
  if (!segment.startsWith(first)) return undefined;
  const values: [string, string][] = [];
  let at = first.length;
  for (const [index, name] of names.entries()) {
    const piece = pieces[index + 1] ?? '';
    const isLast = index === names.length - 1;
    const end = isLast ? segment.length - piece.length : segment.indexOf(piece === '' ? segment : piece, at + 1);
    if (end <= at || (isLast && !segment.endsWith(piece))) return undefined;
    values.push([name, segment.slice(at, end)]);
    at = end + piece.length;
  }
  return values;
}
