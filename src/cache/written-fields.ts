type Named = Readonly<Record<string, unknown>>;

/** The names of the fields that a route's edits touch, wherever in its `request` they stand; in lower case. */
export function writtenFields(request: unknown): readonly string[] {
  const names = findEdits(request, 'headers').flatMap(({ set, add, rename, remove }) => [
    ...Object.keys(asNamed(set)),
    ...Object.keys(asNamed(add)),
    ...Object.entries(asNamed(rename)).flat().map(String),
    // What is taken away, perhaps of some callers alone, is missing for those.
    ...[remove ?? []].flat().map(String),
  ]);
  return [...new Set(names.map((name) => name.toLowerCase()))].sort();
}

/** The names of the parameters that a route's edits of the query write, wherever in its `request` they stand. */
export function writtenParameters(request: unknown): ReadonlySet<string> {
  const names = findEdits(request, 'query').flatMap(({ set, add, rename }) => [
    ...Object.keys(asNamed(set)),
    ...Object.keys(asNamed(add)),
    ...Object.values(asNamed(rename)).map(String),
  ]);
  return new Set(names);
}

/** The edits of header fields, or of the query, in it. */
function findEdits(value: unknown, key: 'headers' | 'query'): readonly Named[] {
  if (Array.isArray(value)) return value.flatMap((one) => findEdits(one, key));
  return Object.entries(asNamed(value)).flatMap(([name, inner]) =>
    name === key ? [asNamed(inner)] : findEdits(inner, key),
  );
}

function asNamed(value: unknown): Named {
  return typeof value === 'object' && value !== null ? (value as Named) : {};
}
