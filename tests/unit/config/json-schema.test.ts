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

interface Rule {
  readonly anyOf?: readonly Rule[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Rule>>;
  readonly items?: Rule;
  readonly if?: Rule;
  readonly else?: Rule;
}

/** Whether a value keeps to the few keywords that say where a route leads. */
function fits(rule: Rule, value: unknown): boolean {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const members = (isObject ? value : {}) as Record<string, unknown>;
  if (isObject && !(rule.required ?? []).every((key) => key in members)) return false;
  if (rule.anyOf !== undefined && !rule.anyOf.some((one) => fits(one, value))) return false;
  if (rule.if !== undefined && rule.else !== undefined && !fits(rule.if, value) && !fits(rule.else, value))
    return false;
  if (Array.isArray(value) && rule.items !== undefined) return value.every((item) => fits(rule.items as Rule, item));
  return Object.entries(members).every(([key, member]) => {
    const own = rule.properties?.[key];
    // What the rest of the schema says of single values is not looked at here.
    return own === undefined || typeof member !== 'object' || fits(own, member);
  });
}

test('a route that leads nowhere is marked, unless the defaults say where it leads', () => {
  const rule = schema as unknown as Rule;
  const ends = [{ target: 'http://a' }, { service: 'a' }, { targets: ['http://a'] }, { respond: { status: 204 } }];
  for (const end of ends) assert.equal(fits(rule, { routes: [{ prefix: '/a', ...end }] }), true, JSON.stringify(end));
  assert.equal(fits(rule, { routes: [{ prefix: '/a' }] }), false);
  assert.equal(
    fits(rule, {
      routes: [
        { prefix: '/a', target: 'http://a' },
        { prefix: '/b', auth: 'none' },
      ],
    }),
    false,
  );
  assert.equal(fits(rule, { defaults: { auth: 'none' }, routes: [{ prefix: '/a' }] }), false);
  assert.equal(fits(rule, { defaults: { service: 'a' }, routes: [{ prefix: '/a' }] }), true);
});

test('a wrong word in "auth" is answered by all words at once: one list of values, in one place', () => {
  const { anyOf = [] } = (route?.properties['auth'] ?? {}) as Rule;
  const words = anyOf.filter((one) => one.enum !== undefined || one.const !== undefined);
  assert.deepEqual(
    words.map((one) => one.enum),
    [['none', 'jwt', 'api-key', 'introspection', 'basic', 'mtls', 'http-signature']],
  );
  assert.deepEqual(
    anyOf.filter((one) => one.anyOf !== undefined),
    [],
    'a list within a list hides its words from editors',
  );
});
