import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { renderJsonSchema } from '../../../src/config/json-schema.ts';
import { gatherShapes } from '../../../src/config/routes.ts';
import { STAGES } from '../../../src/stages.ts';

interface JsonSchema {
  readonly $schema: string;
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly items: JsonSchema;
  readonly type?: unknown;
  readonly required?: readonly string[];
  readonly description?: string;
  readonly additionalProperties?: unknown;
}

const schema = JSON.parse(renderJsonSchema(STAGES)) as JsonSchema;
const route = schema.properties['routes']?.items;

test('routes.schema.json is what the stages say now', () => {
  const committed = readFileSync(new URL('../../../routes.schema.json', import.meta.url), 'utf8');
  assert.ok(committed === renderJsonSchema(STAGES), 'it is stale: npm run schema');
});

test('it is draft 2020-12, strict, and allows $schema', () => {
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
  assert.equal(schema.additionalProperties, false);
  assert.equal(route?.additionalProperties, false);
  assert.ok(schema.properties['$schema']);
});

test('a route needs its prefix, the defaults need nothing', () => {
  assert.deepEqual(route?.required, ['prefix']);
  assert.equal(schema.properties['defaults']?.required, undefined);
});

test('null may stand for a key that need not be there, as it takes a default away', () => {
  assert.deepEqual(route?.properties['bodyLimit']?.type, ['string', 'null']);
  assert.equal(JSON.stringify(route?.properties['prefix']).includes('null'), false);
});

test('every key of a route and of the file is described', () => {
  const { route: routeShape, top } = gatherShapes(STAGES);
  for (const key of Object.keys(routeShape)) assert.ok(route?.properties[key]?.description, `route key ${key}`);
  for (const key of Object.keys(top)) assert.ok(schema.properties[key]?.description, `file key ${key}`);
});
