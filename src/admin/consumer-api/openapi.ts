import { z } from 'zod';
import { consumerInput, consumerPatch, keyInput, rotateInput } from '../../auth/key-inputs.ts';

/** What the admin port serves at `/openapi.json`: OpenAPI 3.1, from the very schemas that bodies are checked by. */
export function describeOpenApi(): object {
  return {
    openapi: '3.1.0',
    info: { title: 'Turnpike: consumers, keys and usage', version: '1' },
    security: [{ adminToken: [] }],
    paths: {
      '/consumers': {
        get: operation('listConsumers', 'Consumers, in pages', { 200: 'ConsumerPage' }, [LIMIT, CURSOR]),
        post: operation('createConsumer', 'Makes a consumer', { 201: 'Consumer' }, [ACTOR], 'ConsumerInput'),
      },
      '/consumers/{name}': {
        parameters: [NAME],
        get: operation('readConsumer', 'A consumer, with its ETag', { 200: 'Consumer' }),
        patch: operation('updateConsumer', 'Replaces what is named', { 200: 'Consumer' }, CHANGE, 'ConsumerPatch'),
        delete: operation('deleteConsumer', 'Deletes a consumer and its keys', { 200: 'Deleted' }, CHANGE),
      },
      '/consumers/{name}/keys': {
        parameters: [NAME],
        get: operation('listKeys', 'Its keys, with their last use', { 200: 'KeyList' }),
        post: operation('createKey', 'Makes a key, shown this once', { 201: 'ShownKey' }, CHANGE, 'KeyInput'),
      },
      '/consumers/{name}/keys/{id}': {
        parameters: [NAME, ID],
        delete: operation('revokeKey', 'Revokes a key', { 200: 'Revoked' }, CHANGE),
      },
      '/consumers/{name}/keys/{id}/rotate': {
        parameters: [NAME, ID],
        post: operation('rotateKey', 'A new key in the place of one', { 201: 'ShownKey' }, CHANGE, 'RotateInput'),
      },
      '/consumers/{name}/usage': {
        parameters: [NAME],
        get: operation('readUsage', 'Calls by key and route', { 200: 'Usage' }, [dayOf('from'), dayOf('to')]),
      },
    },
    components: {
      securitySchemes: { adminToken: { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN' } },
      schemas: { ...inputs(), ...OUTPUTS },
    },
  };
}

const text = { type: 'string' } as const;
const texts = { type: 'array', items: text } as const;
const orNull = (type: string) => ({ type: [type, 'null'] });
const metadata = { type: 'object', additionalProperties: text } as const;
const refTo = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const objectOf = (properties: Readonly<Record<string, object>>) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
});

const inPath = (name: string) => ({ name, in: 'path', required: true, schema: text });
const NAME = inPath('name');
const ID = inPath('id');
const LIMIT = { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 } };
const CURSOR = { name: 'cursor', in: 'query', schema: text, description: '`next` of the page before.' };
const IF_MATCH = { name: 'If-Match', in: 'header', schema: text, description: 'The ETag that it must have still.' };
const ACTOR = { name: 'X-Actor', in: 'header', schema: text, description: 'Who acts behind the portal, for the log.' };
const CHANGE = [IF_MATCH, ACTOR];
const dayOf = (name: string) => ({ name, in: 'query', schema: { type: 'string', format: 'date' } });

function operation(
  operationId: string,
  summary: string,
  answers: Readonly<Record<number, string>>,
  parameters: readonly object[] = [],
  input?: string,
) {
  const given = Object.entries(answers).map(([status, name]) => [
    status,
    { description: summary, content: { 'application/json': { schema: refTo(name) } } },
  ]);
  const problem = {
    description: 'A problem (RFC 9457)',
    content: { 'application/problem+json': { schema: refTo('Problem') } },
  };
  return {
    operationId,
    summary,
    parameters,
    ...(input !== undefined && { requestBody: { content: { 'application/json': { schema: refTo(input) } } } }),
    responses: { ...Object.fromEntries(given), default: problem },
  };
}

function inputs(): Readonly<Record<string, object>> {
  const schemas = {
    ConsumerInput: consumerInput,
    ConsumerPatch: consumerPatch,
    KeyInput: keyInput,
    RotateInput: rotateInput,
  };
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, z.toJSONSchema(schema, { io: 'input' })]),
  );
}

const FACTS = { plan: orNull('string'), groups: texts, roles: texts, scopes: texts, metadata };
const CONSUMER = objectOf({ name: text, ...FACTS, createdAt: orNull('string'), keys: texts });
const KEY = { id: text, createdAt: orNull('string'), expiresAt: orNull('string'), scopes: orNull('array'), metadata };
const TALLY = { calls: { type: 'integer' }, cost: { type: 'number' }, refused: { type: 'integer' } };

const OUTPUTS: Readonly<Record<string, object>> = {
  Consumer: CONSUMER,
  ConsumerPage: objectOf({
    store: text,
    consumers: { type: 'array', items: refTo('Consumer') },
    next: orNull('string'),
  }),
  Deleted: objectOf({ deleted: text, keys: texts }),
  Key: objectOf({ ...KEY, lastUsedAt: orNull('string') }),
  KeyList: objectOf({ consumer: text, etag: text, keys: { type: 'array', items: refTo('Key') } }),
  ShownKey: objectOf({ key: text, consumer: text, ...KEY }),
  Revoked: objectOf({ revoked: text, consumer: text }),
  Usage: objectOf({
    consumer: text,
    from: text,
    to: text,
    total: objectOf(TALLY),
    rows: { type: 'array', items: objectOf({ key: orNull('string'), route: text, ...TALLY }) },
  }),
  Problem: objectOf({ type: text, title: text, status: { type: 'integer' }, detail: text, code: text }),
};
