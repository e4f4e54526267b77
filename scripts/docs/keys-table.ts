import { renderJsonSchema } from '../../src/config/json-schema.ts';
import { STAGES } from '../../src/stages.ts';

/** What the tables need of a JSON Schema. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
}

interface Row {
  readonly path: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

/** The heading of the part of docs/configuration.md that is written here; what stands above it is a person's. */
const HEADING = '## Every key\n';

const INTRODUCTION = `${HEADING}
<!-- From here on written by "npm run docs" from the schemas of the stages. -->

\`a.b\` is the key \`b\` in the object \`a\`, \`a[].b\` in each entry of the list \`a\`, and NAME is a name of your choice.
`;

/** The page with its generated part made anew. */
export function renderConfigurationPage(page: string): string {
  const handwritten = page.split(HEADING, 1)[0] ?? '';
  return `${handwritten.trimEnd()}\n\n${INTRODUCTION}\n${renderTables()}`;
}

function renderTables(): string {
  const file = JSON.parse(renderJsonSchema(STAGES)) as Schema;
  const { routes, services, rateLimits, defaults, $schema, ...top } = file.properties ?? {};
  const route = routes?.items?.properties ?? {};
  const service = valueSchema(services)?.properties ?? {};
  const ofRouteAlone = Object.fromEntries(Object.entries(route).filter(([key]) => !(key in service)));
  const whole = { $schema, defaults, routes, services, rateLimits };
  return [
    renderTable('The file', [...ownRows(whole), ...rowsBelow(top, [], '')]),
    renderTable('A route', rowsBelow(ofRouteAlone, routes?.items?.required ?? [], '')),
    renderTable('A service, or a route that names its targets itself', rowsBelow(service, [], '')),
    renderTable('One of `rateLimits`', rowsBelow(rateLimits?.items?.properties ?? {}, ['limit', 'window'], '')),
  ].join('\n');
}

function renderTable(title: string, rows: readonly Row[]): string {
  // The same part of two keys, such as an entry of `any` and of `all`, is told once.
  const told = new Set<string>();
  const lines = rows.flatMap(({ path, schema, isRequired }) => {
    const { description = '' } = schema;
    const identity = `${path.slice(path.lastIndexOf('.') + 1)} ${description}`;
    if (description === '' || told.has(identity)) return [];
    told.add(identity);
    const text = description
      .replaceAll('|', '\\|')
      .replace(/ Default:? "?[^" ]+"?\.$/, (end) => (defaultOf(schema) === '' ? end : ''));
    return [`| \`${path}\` | ${kindOf(schema)} | ${isRequired ? 'required' : defaultOf(schema)} | ${text} |`];
  });
  return `### ${title}\n\n| key | value | default | meaning |\n|---|---|---|---|\n${lines.join('\n')}\n`;
}

const ownRows = (keys: Readonly<Record<string, Schema | undefined>>): Row[] =>
  Object.entries(keys).flatMap(([path, schema]) => (schema === undefined ? [] : [{ path, schema, isRequired: false }]));

function rowsBelow(keys: Readonly<Record<string, Schema>>, required: readonly string[], at: string): Row[] {
  return Object.entries(keys).flatMap(([key, schema]) => [
    { path: at + key, schema, isRequired: required.includes(key) },
    ...rowsOf(schema, at + key),
  ]);
}

/** The rows of the objects that a value is, may be, or is made of. */
function rowsOf(schema: Schema, path: string): Row[] {
  if (path.endsWith('rateLimits')) return [];
  const { properties = {}, required = [], items, anyOf = [] } = schema;
  const value = valueSchema(schema);
  return [
    ...rowsBelow(properties, required, `${path}.`),
    ...(items === undefined ? [] : rowsOf(items, `${path}[]`)),
    ...(value === undefined ? [] : rowsOf(value, `${path}.NAME`)),
    ...anyOf.flatMap((form) => rowsOf(form, path)),
  ];
}

function valueSchema(schema: Schema | undefined): Schema | undefined {
  const value = schema?.additionalProperties;
  return typeof value === 'object' ? value : undefined;
}

function defaultOf({ default: value }: Schema): string {
  const isEmpty =
    value === undefined || value === '' || JSON.stringify(value) === '{}' || JSON.stringify(value) === '[]';
  return isEmpty ? '' : code(value);
}

const code = (value: unknown): string => `\`${JSON.stringify(value).replaceAll(',', ', ')}\``;

/** What a value may be, in words. `null` is left out: it takes a default away wherever there is one. */
function kindOf(schema: Schema): string {
  if (schema.anyOf !== undefined) return unionOf(schema.anyOf.flatMap((form) => form.anyOf ?? [form]));
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined)
    return schema.enum
      .filter((one) => one !== null)
      .map(code)
      .join(', ');
  const kinds = [schema.type ?? []].flat().filter((kind) => kind !== 'null');
  if (kinds[0] === 'array') return `list of ${listOf(schema.items ?? {})}`;
  if (schema.pattern?.endsWith('(ms|s|m|h|d)$')) return 'duration';
  if (schema.pattern?.endsWith('(b|kb|mb|gb)$')) return 'size';
  return kinds.map((kind) => WORDS[kind] ?? kind).join(' or ');
}

/** A list of what also stands alone is just "a list". */
function unionOf(forms: readonly Schema[]): string {
  const single = forms.filter(({ type }) => type !== 'array' && type !== 'null').map(kindOf);
  const lists = forms.flatMap(({ type, items = {} }) => (type === 'array' ? [kindOf(items)] : []));
  const listWords = lists.map((kind) => (single.join().includes(kind) ? 'a list' : `list of ${kind}`));
  return [...new Set([...single, ...listWords])].join(' or ');
}

const listOf = (items: Schema): string => (items.type === 'object' ? 'objects' : kindOf(items));

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'object',
  boolean: '`true`, `false`',
  integer: 'whole number',
  number: 'number',
};
