import { isObject, type JsonObject, own } from '../lib/json-object.ts';
import { type ApiDocument, follow } from '../validate/openapi/read-document.ts';

/** A schema may contain itself: deeper than this nobody looks. */
const MAX_DEPTH = 8;
/** Values in one example. */
const MAX_VALUES = 500;

interface Budget {
  left: number;
}

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-31T12:00:00Z',
  date: '2026-01-31',
  time: '12:00:00Z',
  email: 'someone@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
};

/** A value that a schema of the document describes: its own example, or one made from its types. */
export function exampleOf(
  document: ApiDocument,
  schema: unknown,
  depth = 0,
  budget: Budget = { left: MAX_VALUES },
): unknown {
  budget.left -= 1;
  if (depth > MAX_DEPTH || budget.left < 0) return null;
  const { value } = follow(document, schema, '');
  if (!isObject(value)) return null;
  const written = writtenExample(value);
  if (written !== undefined) return written.value;
  const parts = own(value, 'allOf');
  if (Array.isArray(parts)) return united(document, value, parts, depth, budget);
  const [first] = [own(value, 'oneOf'), own(value, 'anyOf')].flatMap((list) => (Array.isArray(list) ? list : []));
  if (first !== undefined) return exampleOf(document, first, depth + 1, budget);
  return byType(document, value, depth, budget);
}

function writtenExample(schema: JsonObject): { readonly value: unknown } | undefined {
  for (const key of ['example', 'default', 'const']) {
    const value = own(schema, key);
    if (value !== undefined) return { value };
  }
  for (const key of ['examples', 'enum']) {
    const list = own(schema, key);
    if (Array.isArray(list) && list.length > 0) return { value: list[0] };
  }
  return undefined;
}

function united(
  document: ApiDocument,
  { allOf: _, ...rest }: JsonObject,
  parts: readonly unknown[],
  depth: number,
  budget: Budget,
): unknown {
  const values = [...parts, ...(own(rest, 'properties') === undefined ? [] : [rest])].map((part) =>
    exampleOf(document, part, depth + 1, budget),
  );
  return values.every(isObject) ? plain(values.flatMap((value) => Object.entries(value))) : (values[0] ?? null);
}

function byType(document: ApiDocument, schema: JsonObject, depth: number, budget: Budget): unknown {
  const types = [own(schema, 'type')].flat().filter((type) => type !== 'null');
  const type = types[0] ?? (own(schema, 'properties') === undefined ? 'string' : 'object');
  if (type === 'object') {
    const properties = own(schema, 'properties');
    const entries = isObject(properties) ? Object.entries(properties) : [];
    return plain(entries.map(([name, each]) => [name, exampleOf(document, each, depth + 1, budget)]));
  }
  if (type === 'array') return [exampleOf(document, own(schema, 'items'), depth + 1, budget)];
  if (type === 'integer' || type === 'number') return numberOf(schema);
  if (type === 'boolean') return true;
  return textOf(schema);
}

function numberOf(schema: JsonObject): number {
  const [least, most] = [own(schema, 'minimum'), own(schema, 'maximum')];
  if (typeof least === 'number') return least;
  return typeof most === 'number' && most < 1 ? most : 1;
}

function textOf(schema: JsonObject): string {
  const format = own(schema, 'format');
  if (typeof format === 'string' && Object.hasOwn(FORMATS, format)) return FORMATS[format] as string;
  const least = own(schema, 'minLength');
  return 'text'.padEnd(typeof least === 'number' ? Math.min(least, 100) : 0, '-');
}

/** An object of any names, none of which is the prototype's. */
function plain(entries: readonly (readonly [string, unknown])[]): object {
  return Object.assign(Object.create(null) as object, Object.fromEntries(entries));
}
