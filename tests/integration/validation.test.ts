import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { GatewayError } from '../../src/errors.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type AskOptions, ask } from '../support/http.ts';
import { collect } from '../support/own-stages.ts';
import { type StubService, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const ORDER = {
  type: 'object',
  properties: {
    item: { type: 'string', minLength: 1 },
    count: { type: 'integer', minimum: 1, maximum: 100 },
    tags: { type: 'array', items: { type: 'string' }, uniqueItems: true },
  },
  required: ['item'],
  additionalProperties: false,
};

const JSON_TYPE = { 'content-type': 'application/json' };

async function start(t: TestContext, validate: object, more: object = {}): Promise<[TestGateway, StubService]> {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', validate, ...more }] },
  });
  return [gateway, service];
}

const post = (gateway: TestGateway, body: unknown, options: AskOptions = {}) =>
  ask(`${gateway.url}/x`, {
    method: 'POST',
    headers: JSON_TYPE,
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    ...options,
  });

test('a body that is as the schema has it passes, byte for byte', async (t) => {
  const [gateway, service] = await start(t, { body: ORDER });
  const text = '{ "item": "tea",\n "count": 2 }';
  assert.equal((await post(gateway, text)).status, 200);
  assert.equal(service.requests[0]?.body.toString(), text);
});

test('a body that is not is refused with an entry for each fault, and no value is told', async (t) => {
  const [gateway, service] = await start(t, { body: ORDER });
  const answer = await post(gateway, { count: 'secret-value', tags: ['a', 'a'], 'x/y': 1 });
  assert.equal(answer.status, 400);
  assert.equal(answer.json.code, 'invalid_request');
  assert.deepEqual(answer.json.errors, [
    { in: 'body', pointer: '/item', detail: 'is missing' },
    { in: 'body', pointer: '/x~1y', detail: 'is not known here' },
    { in: 'body', pointer: '/count', detail: 'must be integer' },
    { in: 'body', pointer: '/tags', detail: 'must NOT have duplicate items' },
  ]);
  assert.ok(!answer.text.includes('secret-value'));
  assert.equal(service.requests.length, 0);
});

test('a body that is missing is refused where a method is about it, unless it is optional', async (t) => {
  const [gateway] = await start(t, { body: ORDER });
  assert.deepEqual((await ask(`${gateway.url}/x`, { method: 'POST' })).json.errors, [
    { in: 'body', pointer: '', detail: 'is missing' },
  ]);
  assert.equal((await post(gateway, '', { headers: { 'transfer-encoding': 'chunked' } })).status, 400);
  assert.equal((await ask(`${gateway.url}/x`)).status, 200);
  assert.equal((await ask(`${gateway.url}/x`, { method: 'DELETE' })).status, 200);
  const [lenient] = await start(t, { body: ORDER, required: false });
  assert.equal((await ask(`${lenient.url}/x`, { method: 'POST' })).status, 200);
  assert.equal((await post(lenient, {})).status, 400);
});

test('the log counts the bytes of a body that was read and refused', async (t) => {
  const [gateway] = await start(t, { body: ORDER });
  const text = '{"count": 1000}';
  assert.equal((await post(gateway, text)).status, 400);
  assert.equal((await gateway.line({ status: 400 }))['bytesIn'], text.length);
});

test('a body of another type is refused, and JSON by another name is JSON', async (t) => {
  const [gateway] = await start(t, { body: ORDER });
  const type = (name: string) => ({ headers: { 'content-type': name } });
  assert.equal((await post(gateway, '<a/>', type('text/xml'))).status, 415);
  assert.equal((await post(gateway, { item: 'tea' }, type('application/vnd.x+json; charset=utf-8'))).status, 200);
  assert.equal((await post(gateway, { item: 'tea' }, type('application/json; charset=utf-16'))).status, 415);
  assert.equal((await post(gateway, { item: 'tea' }, { headers: {} })).status, 415);
  assert.equal((await post(gateway, '{"item":', type('application/json'))).json.code, 'bad_body');
});

test('the types alone can be checked', async (t) => {
  const [gateway] = await start(t, { contentTypes: ['image/*', 'application/pdf'] });
  const send = async (name: string) => (await post(gateway, 'x', { headers: { 'content-type': name } })).status;
  assert.deepEqual([await send('image/png'), await send('application/pdf'), await send('text/html')], [200, 200, 415]);
});

test('a form is an object whose texts are read as the schema has them', async (t) => {
  const [gateway, service] = await start(t, { body: ORDER });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  assert.equal((await post(gateway, 'item=a+b&count=3&tags=x&tags=y', { headers })).status, 200);
  assert.equal(service.requests[0]?.body.toString(), 'item=a+b&count=3&tags=x&tags=y');
  const answer = await post(gateway, 'item=a&item=b&count=0x3', { headers });
  assert.deepEqual(answer.json.errors, [
    { in: 'body', pointer: '/item', detail: 'must be given once' },
    { in: 'body', pointer: '/count', detail: 'must be integer' },
  ]);
});

test('an encoded body is checked as what it stands for, and goes on as it came', async (t) => {
  const [gateway, service] = await start(t, { body: ORDER });
  const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' };
  const bytes = gzipSync('{"item":"tea"}');
  assert.equal((await post(gateway, bytes, { headers })).status, 200);
  assert.deepEqual(service.requests[0]?.body, bytes);
  assert.equal((await post(gateway, gzipSync('{"item":1}'), { headers })).status, 400);
});

test('the query is read as the types of its schema, and goes on as it came', async (t) => {
  const query = {
    type: 'object',
    properties: {
      limit: { type: 'integer', maximum: 50 },
      sort: { enum: ['asc', 'desc'] },
      ids: { type: 'array', items: { type: 'integer' }, maxItems: 3 },
      all: { type: 'boolean' },
    },
    additionalProperties: false,
  };
  const [gateway, service] = await start(t, { query });
  const get = (search: string) => ask(`${gateway.url}/x`, { path: `/x${search}` });
  assert.equal((await get('?limit=20&sort=asc&ids=1,2&all=true')).status, 200);
  assert.equal((await get('?ids=1&ids=2')).status, 200);
  assert.equal(service.requests[0]?.path, '/?limit=20&sort=asc&ids=1,2&all=true');
  const entries = async (search: string) =>
    (await get(search)).json.errors.map(({ in: where, pointer, detail }: Record<string, string>) => [
      where,
      pointer,
      detail,
    ]);
  assert.deepEqual(await entries('?limit=51'), [['query', '/limit', 'must be <= 50']]);
  assert.deepEqual(await entries('?limit=1&limit=2'), [['query', '/limit', 'must be given once']]);
  assert.deepEqual(await entries('?sort=up&other=1'), [
    ['query', '/other', 'is not known here'],
    ['query', '/sort', 'must be one of "asc", "desc"'],
  ]);
  assert.deepEqual(await entries('?ids=1,x'), [['query', '/ids/1', 'must be integer']]);
  assert.deepEqual(await entries('?limit=%zz'), [['query', '', 'is not encoded rightly (percent escapes of UTF-8)']]);
});

test('header fields are found whatever their case', async (t) => {
  const headers = {
    properties: { 'X-Version': { type: 'integer' }, 'X-Ids': { type: 'array', items: { type: 'integer' } } },
    required: ['X-Version'],
  };
  const [gateway] = await start(t, { headers });
  const get = (fields: Record<string, string>) => ask(`${gateway.url}/x`, { headers: fields });
  assert.equal((await get({ 'x-version': '2', 'x-ids': '1, 2' })).status, 200);
  assert.deepEqual((await get({})).json.errors, [{ in: 'headers', pointer: '/X-Version', detail: 'is missing' }]);
  assert.equal((await get({ 'X-VERSION': 'two' })).json.errors[0].detail, 'must be integer');
});

test('in shadow a request passes, and its line says what would have refused it', async (t) => {
  const [gateway, service] = await start(t, { body: ORDER }, { shadow: ['validate'] });
  assert.equal((await post(gateway, { wrong: 1 })).status, 200);
  assert.equal(service.requests[0]?.body.toString(), '{"wrong":1}');
  assert.equal((await gateway.line({ path: '/x' }))['shadow'], 'validate:invalid_request');
  const message = await until(() => gateway.messages.find((line) => line.includes('is not as its schema has it')));
  assert.match(message, /body \/item is missing, and 1 more/);
});

test('a schema in a file of its own may refer to those beside it, and a change of either is reloaded', async (t) => {
  const [gateway] = await start(t, {});
  const folder = join(dirname(gateway.routesFile), 'schemas');
  mkdirSync(folder);
  const write = (name: string, schema: object) => writeFileSync(join(folder, name), JSON.stringify(schema));
  write('order.json', { type: 'object', properties: { at: { $ref: './address.json#/$defs/address' } } });
  write('address.json', { $defs: { address: { type: 'object', required: ['street'] } } });
  const service = await startService(t);
  const routes = [{ prefix: '/x', target: service.url, auth: 'none', validate: { body: './schemas/order.json' } }];
  assert.equal((await gateway.reload({ routes })).result, 'applied');
  assert.equal((await post(gateway, { at: {} })).json.errors[0].pointer, '/at/street');
  write('address.json', { $defs: { address: { type: 'object', required: ['town'] } } });
  assert.equal((await gateway.reload({ routes })).result, 'applied');
  assert.equal((await post(gateway, { at: {} })).json.errors[0].pointer, '/at/town');
  assert.equal((await gateway.reload({ routes })).result, 'unchanged');
  write('address.json', { $defs: {} });
  const result = await gateway.reload({ routes });
  assert.match(JSON.stringify(result.faults), /order\.json at \/properties\/at\/\$ref: \\"\$ref\\" leads to nothing/);
  assert.equal((await post(gateway, { at: {} })).json.errors[0].pointer, '/at/town');
});

test('two names of one header field refuse the file', async (t) => {
  const [gateway, service] = await start(t, { body: ORDER });
  const faultsOf = async (headers: object) => {
    const { faults } = await gateway.reload({
      routes: [{ prefix: '/x', target: service.url, auth: 'none', validate: { headers } }],
    });
    return JSON.stringify(faults);
  };
  assert.match(await faultsOf({ properties: { 'X-A': {}, 'x-a': {} } }), /X-A.* and .*x-a.* are one header field/);
  assert.match(await faultsOf({ properties: { 'X-A': {} }, required: ['x-a'] }), /are one header field/);
});

test('a part of another request is checked as any request is', async (t) => {
  const headers = { properties: { 'X-Version': { type: 'integer' } }, required: ['X-Version'] };
  const [{ gateway }, service] = await start(t, { body: ORDER, headers });
  const part = (version: string, text: string) =>
    collect(gateway.inProcess, {
      method: 'POST',
      target: '/x',
      headers: ['host', 'gateway.test', 'content-type', 'application/json', 'x-version', version],
      body: Buffer.from(text),
    });
  assert.equal((await part('1', '{"item":"tea"}')).status, 200);
  for (const { error } of [await part('one', '{"item":"tea"}'), await part('1', '{"item":1}')]) {
    assert.equal(error instanceof GatewayError && error.code, 'invalid_request');
  }
  assert.equal(service.requests.length, 1);
});
