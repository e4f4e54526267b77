import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadRoutes } from '../../../src/config/load.ts';
import { configFolder, faultsOf } from '../../support/config-files.ts';

const ROUTE = { prefix: '/x', target: 'http://localhost:4001', auth: 'none' };

/** What is told of a route with these schemas: place, message and hint. */
function faultsIn(t: TestContext, validate: object, files: Readonly<Record<string, unknown>> = {}): string[] {
  const folder = configFolder(t, { 'routes.json': { routes: [{ ...ROUTE, validate }] }, ...files });
  return faultsOf(() => loadRoutes(join(folder, 'routes.json'), { env: {} })).map(({ path, message, hint }) =>
    [path.replace('/routes/0/validate', ''), message, hint].filter(Boolean).join(' | '),
  );
}

test('what is wrong in a schema is told where it is written', (t) => {
  const body = { type: 'object', properties: { a: { type: 'strin' }, b: { minimum: '1' } } };
  assert.deepEqual(
    faultsIn(t, { body }).map((fault) => fault.split(':')[0]),
    [
      '/body/properties/a/type | must be equal to one of the allowed values',
      '/body/properties/b/minimum | must be number',
    ],
  );
  assert.deepEqual(faultsIn(t, { body: { properties: { a: { requierd: ['b'] } } } }), [
    '/body/properties/a/requierd | unknown keyword "requierd" | did you mean "required"?',
  ]);
  assert.deepEqual(faultsIn(t, { body: { items: { format: 'emial' } } }), [
    '/body/items/format | unknown format "emial" | did you mean "email"?',
  ]);
  assert.match(
    faultsIn(t, { query: { properties: { a: { pattern: '(?=b)' } } } })[0] ?? '',
    /^\/query\/properties\/a\/pattern \| lookaround/,
  );
  assert.match(
    faultsIn(t, { body: { patternProperties: { '(': {} }, additionalProperties: false } })[0] ?? '',
    /^\/body\/patternProperties\/\( \| not a regular/,
  );
  assert.match(
    faultsIn(t, { body: { items: { $ref: 'https://a.example/b.json' } } })[0] ?? '',
    /^\/body\/items\/\$ref \| "\$ref" leads to nothing: "https:\/\/a\.example\/b\.json"/,
  );
  assert.match(
    faultsIn(t, { body: { $schema: 'http://json-schema.org/draft-03/schema#' } })[0] ?? '',
    /^\/body\/\$schema \| this dialect/,
  );
});

test('what can not be meant is told too', (t) => {
  assert.match(
    faultsIn(t, { query: { properties: { a: { type: 'object' } } } })[0] ?? '',
    /^\/query\/properties\/a \| is an object/,
  );
  assert.match(
    faultsIn(t, { headers: { additionalProperties: false } })[0] ?? '',
    /^\/headers \| no request has these/,
  );
  assert.match(faultsIn(t, { query: { type: 'array' } })[0] ?? '', /^\/query\/type \| "query" is an object/);
  assert.match(
    faultsIn(t, { body: {}, contentTypes: ['application/json', 'image/png'] })[0] ?? '',
    /^\/contentTypes\/1 \| a body of image\/png/,
  );
  assert.match(faultsIn(t, { boddy: {} })[0] ?? '', /unknown key "boddy" \| did you mean "body"\?/);
  assert.match(faultsIn(t, { body: 'order.json' })[0] ?? '', /expected a path such as/);
});

test('of a schema in another file the message says where it is wrong', (t) => {
  assert.match(
    faultsIn(t, { body: './gone.json' })[0] ?? '',
    /^\/body \| "\.\/gone\.json": there is no such file \| it was looked for at \/.*\/gone\.json$/,
  );
  assert.match(
    faultsIn(t, { body: './s.json' }, { 's.json': { properties: { a: { type: 1 } } } })[0] ?? '',
    /^\/body \| \.\/s\.json at \/properties\/a\/type: must be/,
  );
  assert.match(
    faultsIn(t, { body: './s.yaml' }, { 's.yaml': 'type: {\n' })[0] ?? '',
    /^\/body \| \.\/s\.yaml:\d+:\d+: /,
  );
  assert.match(faultsIn(t, { body: './s.json' }, { 's.json': '[]' })[0] ?? '', /expected a JSON Schema/);
  const beside = { 's.json': { $ref: './t.json' }, 't.json': '{"type":' };
  assert.match(faultsIn(t, { body: './s.json' }, beside)[0] ?? '', /t\.json: neither JSON/);
});

test('unknown words are ignored where a route says so', (t) => {
  const route = { ...ROUTE, validate: { strict: false, body: { 'x-note': 1, items: { format: 'shoe-size' } } } };
  const folder = configFolder(t, { 'routes.json': { routes: [route] } });
  assert.equal(loadRoutes(join(folder, 'routes.json'), { env: {} }).config.routes.length, 1);
});
