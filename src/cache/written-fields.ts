type Named = Readonly<Record<string, unknown>>;

/** The names of the fields that a route's edits touch, wherever in its `request` they stand; in lower case. */
export function writtenFields(request: unknown): readonly string[] {
  const names = findHeaders(request).flatMap(({ set, add, rename, remove }) => [
    ...Object.keys(asNamed(set)),
    ...Object.keys(asNamed(add)),
    ...Object.entries(asNamed(rename)).flat().map(String),
    // What is taken away, perhaps of some callers alone, is missing for those.
    ...[remove ?? []].flat().map(String),
  ]);
  return [...new Set(names.map((name) => name.toLowerCase()))].sort();
}

/** The edits of header fields in it. */
function findHeaders(value: unknown): readonly Named[] {
  if (Array.isArray(value)) return value.flatMap(findHeaders);
  return Object.entries(asNamed(value)).flatMap(([name, inner]) =>
    name === 'headers' ? [asNamed(inner)] : findHeaders(inner),
  );
}

function asNamed(value: unknown): Named {
  return typeof value === 'object' && value !== null ? (value as Named) : {};
}
