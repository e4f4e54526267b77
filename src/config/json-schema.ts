import { z } from 'zod';
import { ENDINGS } from './check-routes.ts';
import { createFileSchema, type StageList } from './routes.ts';
import { flattenChoices, requireEnding } from './schema-for-editors.ts';

interface JsonSchema {
  $ref?: string;
  type?: unknown;
  enum?: unknown[];
  anyOf?: unknown[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: unknown;
}

/** The text of routes.schema.json (JSON Schema, draft 2020-12): what editors complete and check routes.json with. */
export function renderJsonSchema(stages: StageList): string {
  // What an own stage brings is its own, and is edited below.
  const schema = structuredClone(
    z.toJSONSchema(createFileSchema(stages), { io: 'input', target: 'draft-2020-12' }),
  ) as JsonSchema;
  const route = schema.properties?.['routes']?.items as JsonSchema;
  const defaults = schema.properties?.['defaults'] as JsonSchema;
  flattenChoices(schema);
  allowNull(route);
  defaults.properties = referToRoute(Object.keys(defaults.properties ?? {}));
  const known = ENDINGS.filter((key) => route.properties?.[key] !== undefined);
  const ending = requireEnding(known);
  const titled = {
    title: 'routes.json of Turnpike',
    ...schema,
    ...ending,
    allowComments: true,
    allowTrailingCommas: true,
  };
  return `${JSON.stringify(titled, null, 2)}\n`;
}

/** The keys of `defaults` are those of a route: each is described once. */
function referToRoute(keys: readonly string[]): Record<string, JsonSchema> {
  return Object.fromEntries(keys.map((key) => [key, { $ref: `#/properties/routes/items/properties/${key}` }]));
}

/** Lets `null` stand for every key that need not be there: it takes away what `defaults` say. */
function allowNull(schema: JsonSchema): void {
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.type === 'object') allowNull(property);
    if (schema.required?.includes(key)) continue;
    if (property.anyOf !== undefined) property.anyOf.push({ type: 'null' });
    if (typeof property.type === 'string') property.type = [property.type, 'null'];
    property.enum?.push(null);
  }
}
