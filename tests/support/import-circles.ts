import type { SourceFile } from './source-files.ts';

/** Files by what they import, types included: `src/a.ts` -> `src/b.ts`, `src/c.ts`. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

export function graphOf(sources: readonly SourceFile[]): ImportGraph {
  return new Map(
    sources.map(({ file, imports }) => [file, imports.flatMap((one) => (one.file === undefined ? [] : [one.file]))]),
  );
}

/** Every largest group of files that all reach each other, each sorted, in the order of their first files. */
export function findCircles(graph: ImportGraph): readonly (readonly string[])[] {
  const reached = new Map([...graph.keys()].map((file) => [file, reachedFrom(file, graph)]));
  const circles = new Map<string, readonly string[]>();
  for (const [file, others] of reached) {
    if (!others.has(file)) continue;
    const circle = [...others].filter((other) => reached.get(other)?.has(file)).toSorted();
    circles.set(circle.join(' '), circle);
  }
  return [...circles.values()].toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
}

/** What a file imports, directly or through others: itself too when it stands in a circle. */
function reachedFrom(file: string, graph: ImportGraph): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [...(graph.get(file) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    open.push(...(graph.get(next) ?? []));
  }
  return reached;
}
