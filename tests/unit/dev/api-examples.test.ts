import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleIn } from '../../../src/dev/api-examples.ts';
import { exampleOf } from '../../../src/dev/example.ts';
import { readApiDocument } from '../../../src/validate/openapi/read-document.ts';

const document = readApiDocument(`
openapi: 3.1.0
info: { title: Users, version: "1" }
servers: [{ url: https://api.example.com/v1 }]
paths:
  /users:
    get:
      responses:
        "200": { content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/User" } } } } }
    post:
      responses: { "201": { content: { application/json: { example: { id: 7 } } } } }
  /users/{id}:
    get: { responses: { "200": { $ref: "#/components/responses/One" } } }
    delete: { responses: { "204": { description: gone } } }
  /users/me:
    get: { responses: { "200": { content: { text/plain: { example: it is me } } } } }
components:
  responses:
    One: { content: { application/json: { schema: { $ref: "#/components/schemas/User" } } } }
  schemas:
    User:
      type: object
      properties:
        id: { type: integer, minimum: 5 }
        name: { type: string, example: Ada }
        email: { type: string, format: email }
        role: { enum: [admin, reader] }
        manager: { $ref: "#/components/schemas/User" }
`);

test('an answer is made of the schema of the operation', () => {
  const answer = exampleIn(document, 'GET', '/users/9');
  assert.equal(answer?.status, 200);
  assert.equal(answer.type, 'application/json');
  const { manager: _, ...rest } = JSON.parse(answer.body);
  assert.deepEqual(rest, { id: 5, name: 'Ada', email: 'someone@example.com', role: 'admin' });
});

test('the example that the document writes down wins', () => {
  assert.deepEqual(JSON.parse(exampleIn(document, 'POST', '/users')?.body ?? ''), { id: 7 });
  assert.equal(exampleIn(document, 'POST', '/users')?.status, 201);
});

test('a literal path wins over a template, and the path of a server may come before', () => {
  assert.equal(exampleIn(document, 'GET', '/v1/users/me')?.body, 'it is me');
});

test('what the document does not describe has no example', () => {
  assert.equal(exampleIn(document, 'GET', '/orders'), undefined);
  assert.equal(exampleIn(document, 'PATCH', '/users/9'), undefined);
  assert.equal(exampleIn(document, 'DELETE', '/users/9')?.body, '');
});

test('a schema that contains itself many times ends all the same', () => {
  const properties = Object.fromEntries(
    Array.from({ length: 30 }, (_, at) => [`p${at}`, { $ref: '#/components/schemas/Node' }]),
  );
  const wide = {
    version: '3.1' as const,
    root: { components: { schemas: { Node: { type: 'object', properties } } } },
  };
  const example = exampleOf(wide, { $ref: '#/components/schemas/Node' });
  assert.ok(JSON.stringify(example).length < 100_000);
});

test('a property called like the prototype is a property', () => {
  const schema = JSON.parse(
    '{"type":"object","properties":{"__proto__":{"type":"boolean"},"constructor":{"type":"string"}}}',
  );
  const example = exampleOf({ version: '3.1', root: {} }, schema) as object;
  assert.equal(({} as Record<string, unknown>)['text'], undefined);
  assert.ok(Object.hasOwn(example, 'constructor'));
});
