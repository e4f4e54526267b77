import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type AskOptions, ask } from '../support/http.ts';
import { type StubHandler, type StubService, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const DOCUMENT = `
openapi: 3.0.3
info: { title: Users, version: "1" }
servers: [{ url: "https://users.example.com/v1" }]
paths:
  /users:
    get:
      parameters:
        - { name: limit, in: query, schema: { type: integer, maximum: 50 } }
        - { name: ids, in: query, style: form, explode: false, schema: { type: array, items: { type: integer } } }
        - { name: X-Tenant, in: header, required: true, schema: { type: string, pattern: "^[a-z]+$" } }
        - { name: theme, in: cookie, schema: { enum: [dark, light] } }
      responses:
        "200":
          description: users
          content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/User" } } } }
    post:
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: "#/components/schemas/User" } } }
      responses: { "201": { description: made }, default: { description: no } }
  /users/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    get:
      responses:
        "200":
          description: one
          content: { application/json: { schema: { $ref: "#/components/schemas/User" } } }
  /users/me:
    get: { responses: { "200": { description: me } } }
components:
  schemas:
    User:
      type: object
      required: [id, name]
      properties:
        id: { type: integer, readOnly: true }
        name: { type: string, minLength: 1 }
        boss: { $ref: "#/components/schemas/User" }
        nick: { type: string, nullable: true }
`;

const TENANT = { 'x-tenant': 'acme' };

interface Options {
  readonly document?: string;
  readonly openapi?: object;
  readonly route?: object;
  readonly handler?: StubHandler;
}

async function start(t: TestContext, options: Options = {}): Promise<[TestGateway, StubService, string]> {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-specs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const document = join(folder, 'users.yaml');
  writeFileSync(document, options.document ?? DOCUMENT);
  const service = await startService(t, options.handler);
  const openapi = options.openapi === undefined ? document : { document, ...options.openapi };
  const route = { prefix: '/api', target: service.url, auth: 'none', openapi, ...options.route };
  return [await startGateway(t, { file: { routes: [route] } }), service, document];
}

const get = (gateway: TestGateway, path: string, options: AskOptions = {}) =>
  ask(`${gateway.url}/api`, { path: `/api${path}`, headers: TENANT, ...options });

const post = (gateway: TestGateway, body: object) =>
  get(gateway, '/users', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const entriesOf = (answer: { readonly json: { errors: { in: string; pointer: string; detail: string }[] } }) =>
  answer.json.errors.map((entry) => [entry.in, entry.pointer, entry.detail]);

test('what a document describes passes, below the path of its servers and without it', async (t) => {
  const [gateway, service] = await start(t);
  assert.equal((await get(gateway, '/users?limit=5&ids=1,2')).status, 200);
  assert.equal((await get(gateway, '/v1/users/7')).status, 200);
  assert.equal((await get(gateway, '/users/me')).status, 200);
  assert.equal((await post(gateway, { name: 'Ann', nick: null, boss: { name: 'Bo' } })).status, 200);
  assert.deepEqual(
    service.requests.map(({ path }) => path),
    ['/users?limit=5&ids=1,2', '/v1/users/7', '/users/me', '/users'],
  );
});

test('another path is no route of this gateway, and another method is told which there are', async (t) => {
  const [gateway, service] = await start(t);
  assert.deepEqual([(await get(gateway, '/orders')).status, (await get(gateway, '/v1users')).status], [404, 404]);
  const answer = await get(gateway, '/users/7', { method: 'DELETE' });
  assert.deepEqual([answer.status, answer.headers['allow']], [405, 'GET, HEAD']);
  assert.equal((await get(gateway, '/users', { method: 'HEAD' })).status, 200);
  assert.equal(service.requests.length, 1);
});

test('parameters are checked wherever they are', async (t) => {
  const [gateway] = await start(t);
  assert.deepEqual(entriesOf(await get(gateway, '/users?limit=51&ids=1,x', { headers: {} })), [
    ['query', '/limit', 'must be <= 50'],
    ['query', '/ids/1', 'must be integer'],
    ['headers', '/X-Tenant', 'is missing'],
  ]);
  assert.deepEqual(entriesOf(await get(gateway, '/users', { headers: { ...TENANT, cookie: 'a=b; theme=red' } })), [
    ['cookies', '/theme', 'must be one of "dark", "light"'],
  ]);
  assert.deepEqual(entriesOf(await get(gateway, '/users/seven')), [['path', '/id', 'must be integer']]);
});

test('bodies are checked by their type, through references that go round', async (t) => {
  const [gateway] = await start(t);
  assert.deepEqual(entriesOf(await post(gateway, { boss: { boss: {} } })), [
    ['body', '/name', 'is missing'],
    ['body', '/boss/name', 'is missing'],
    ['body', '/boss/boss/name', 'is missing'],
  ]);
  assert.equal((await get(gateway, '/users', { method: 'POST' })).json.errors[0].detail, 'is missing');
  const xml = { method: 'POST', headers: { 'content-type': 'text/xml' }, body: '<a/>' };
  assert.equal((await get(gateway, '/users', xml)).status, 415);
  const unasked = {
    method: 'GET',
    headers: { ...TENANT, 'content-type': 'application/json', 'content-length': '2' },
    body: '{}',
  };
  assert.equal((await get(gateway, '/users', unasked)).json.errors[0].detail, 'is not known here');
});

const answering =
  (body: string | Buffer, headers: Record<string, string> = {}, status = 200): StubHandler =>
  (_req, res) => {
    res.writeHead(status, { 'content-type': 'application/json', ...headers });
    res.end(body);
  };

test('a wrong answer passes, and is told in log and metrics', async (t) => {
  const [gateway] = await start(t, { handler: answering('{"id":"7"}') });
  const answer = await get(gateway, '/users/7');
  assert.deepEqual([answer.status, answer.text], [200, '{"id":"7"}']);
  assert.equal((await gateway.line({ path: '/api/users/7' }))['shadow'], 'openapi:invalid_answer');
  const message = await until(() => gateway.messages.find((line) => line.includes('is not as')));
  assert.match(message, /GET \/users\/\{id\}/);
  assert.match(await gateway.metrics(), /shadow_refusals_total\{[^}]*stage="openapi",code="invalid_answer"[^}]*\} 1/);
});

test('a coded answer is looked at too, and goes on as it came', async (t) => {
  const bytes = gzipSync('{"id":7}');
  const [gateway] = await start(t, { handler: answering(bytes, { 'content-encoding': 'gzip' }) });
  assert.deepEqual((await get(gateway, '/users/7')).body, bytes);
  assert.equal((await gateway.line({ path: '/api/users/7' }))['shadow'], 'openapi:invalid_answer');
});

test('an answer that is only looked at streams while it comes', async (t) => {
  let finish = () => {};
  const [gateway] = await start(t, {
    handler: (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.write('{"id":');
      finish = () => void res.end('"7"}');
    },
  });
  const answer = await fetch(`${gateway.url}/api/users/7`);
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), '{"id":');
  finish();
  assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), '"7"}');
  assert.equal((await gateway.line({ path: '/api/users/7' }))['shadow'], 'openapi:invalid_answer');
});

test('an answer whose coding is broken, or that is no JSON, passes and is told', async (t) => {
  const [gateway] = await start(t, { handler: answering('no gzip', { 'content-encoding': 'gzip' }) });
  assert.equal((await get(gateway, '/users/7')).text, 'no gzip');
  assert.equal((await gateway.line({ path: '/api/users/7' }))['shadow'], 'openapi:invalid_answer');
  const [other] = await start(t, { handler: answering('{"id":') });
  assert.equal((await get(other, '/users/7')).text, '{"id":');
  assert.equal((await other.line({ path: '/api/users/7' }))['shadow'], 'openapi:invalid_answer');
});

test('a failure of the service, and what belongs to HTTP, is no wrong answer', async (t) => {
  const openapi = { answers: 'enforce' };
  for (const status of [500, 503, 304]) {
    const [gateway] = await start(t, { openapi, handler: answering(status === 304 ? '' : '{}', {}, status) });
    assert.equal((await get(gateway, '/users/7')).status, status);
  }
});

test('where answers are enforced, a wrong one is refused and a right one passes', async (t) => {
  const openapi = { answers: 'enforce' };
  const [wrong] = await start(t, { openapi, handler: answering('{"id":"7"}') });
  const answer = await get(wrong, '/users/7');
  assert.deepEqual([answer.status, answer.json.code], [502, 'invalid_answer']);
  assert.ok(!answer.text.includes('must be'));
  const [right] = await start(t, { openapi, handler: answering('{"id":7,"name":"Ann"}') });
  assert.equal((await get(right, '/users/7')).text, '{"id":7,"name":"Ann"}');
  const [other] = await start(t, { openapi, handler: answering('x', { 'content-type': 'text/html' }) });
  assert.equal((await get(other, '/users/7')).status, 502);
  const [gone] = await start(t, { openapi, handler: answering('{}', {}, 404) });
  assert.equal((await get(gone, '/users/7')).json.code, 'invalid_answer');
});

test('where answers are enforced, none passes unchecked for a part, for no content, or for two types', async (t) => {
  const openapi = { answers: 'enforce' };
  const right = '{"id":7,"name":"Ann"}';
  const part = { 'content-range': 'bytes 0-20/21' };
  const wrong: [StubHandler, Record<string, string>][] = [
    [answering(right, part, 206), {}],
    [answering(right, part, 206), { range: 'bytes=0-20' }],
    [answering('', { 'content-length': '0' }), {}],
    [answering('{}', {}, 416), {}],
    [answering(right, { 'content-type': 'application/json, text/html' }), {}],
    [answering(right, { 'content-type': 'application/json; charset=utf-7' }), {}],
    [answering(right, { 'content-type': ['text/html', 'application/json'] as unknown as string }), {}],
    [answering(right, { 'content-type': ['application/json', 'text/html'] as unknown as string }), {}],
  ];
  for (const [index, [handler, headers]] of wrong.entries()) {
    const [gateway] = await start(t, { openapi, handler });
    assert.equal((await get(gateway, '/users/7', { headers })).json?.code, 'invalid_answer', String(index));
  }
  const document = DOCUMENT.replace('{ description: me }', '{ description: me, content: { "image/*": {} } }');
  const [files] = await start(t, {
    openapi,
    document,
    handler: answering('abc', { ...part, 'content-type': 'image/png' }, 206),
  });
  assert.equal((await get(files, '/users/me', { headers: { range: 'bytes=0-2' } })).status, 206);
  assert.equal((await get(files, '/users/me')).status, 502);
});

test('an answer that is too long streams on unchecked, or is refused where it has to be right', async (t) => {
  const handler = answering(JSON.stringify({ id: 7, name: 'x'.repeat(5000), wrong: 1 }).replace('7', '"7"'));
  const [shadowed] = await start(t, { openapi: { maxAnswer: '4kb' }, handler });
  assert.equal((await get(shadowed, '/users/7')).status, 200);
  assert.equal((await shadowed.line({ path: '/api/users/7' }))['shadow'], undefined);
  const [enforced] = await start(t, { openapi: { maxAnswer: '4kb', answers: 'enforce' }, handler });
  assert.equal((await get(enforced, '/users/7')).json.code, 'answer_too_large');
});

test('in shadow nothing is refused, neither request nor answer', async (t) => {
  const [gateway] = await start(t, {
    openapi: { answers: 'enforce' },
    route: { shadow: ['openapi'] },
    handler: answering('{"id":"7"}'),
  });
  assert.equal((await get(gateway, '/orders')).status, 200);
  assert.equal((await get(gateway, '/users/seven')).status, 200);
  const line = await gateway.line({ path: '/api/users/seven' });
  assert.deepEqual(String(line['shadow']).split(' ').sort(), ['openapi:invalid_answer', 'openapi:invalid_request']);
});

test('where the path goes on as it came, it is that one which is described, however it is read', async (t) => {
  const [gateway, service] = await start(t, { route: { path: 'raw' } });
  for (const path of ['/users/7/../me', '/users//me', '/users/./me', '/users/x/../7']) {
    assert.equal((await get(gateway, path)).status, 404, path);
  }
  assert.equal(service.requests.length, 0);
  for (const path of ['/users/%37', '/users/me']) assert.equal((await get(gateway, path)).status, 200, path);
  assert.deepEqual(
    service.requests.map(({ path }) => path),
    ['/users/%37', '/users/me'],
  );
});

test('the public paths may be the described ones, below a base of their own', async (t) => {
  const [gateway] = await start(t, { openapi: { paths: 'public', basePath: '/api' } });
  assert.equal((await get(gateway, '/users/me')).status, 200);
  const [other] = await start(t, { openapi: { basePath: '/v2' } });
  assert.deepEqual([(await get(other, '/users/me')).status, (await get(other, '/v2/users/me')).status], [404, 200]);
});

test('a faulty document refuses the file, and says where it is wrong', async (t) => {
  const [gateway, service, document] = await start(t);
  const routes = [{ prefix: '/api', target: service.url, auth: 'none', openapi: document }];
  const faultsOf = async (text: string) => {
    writeFileSync(document, text);
    const { result, faults } = await gateway.reload({ routes });
    assert.equal(result, 'refused');
    return faults.map(({ message }) => message).join('\n');
  };
  assert.match(
    await faultsOf(DOCUMENT.replace('type: integer, maximum', 'type: int, maximum')),
    /users\.yaml at \/paths\/~1users\/get\/parameters\/0\/schema\/type: must be equal to one of/,
  );
  assert.match(
    await faultsOf(DOCUMENT.replace('schemas/User"', 'schemas/Usr"')),
    /\$ref: "#\/components\/schemas\/Usr" leads to nothing/,
  );
  assert.match(
    await faultsOf(DOCUMENT.replace('style: form', 'style: deepObject')),
    /parameters\/1\/style: parameter "ids": the style "deepObject" is not read here/,
  );
  assert.match(await faultsOf(DOCUMENT.replace('^[a-z]+$', '^(?=a)')), /pattern: lookaround/);
  assert.match(
    await faultsOf(DOCUMENT.replace('enum: [dark, light]', 'enum: []')),
    /parameters\/3\/schema\/enum: expected a value at least/,
  );
  const circle = '    A: { $ref: "#/components/schemas/B" }\n    B: { allOf: [{ $ref: "#/components/schemas/A" }] }\n';
  const toCircle = 'nick: { $ref: "#/components/schemas/A" }';
  assert.match(
    await faultsOf(DOCUMENT.replace('nick: { type: string, nullable: true }', toCircle) + circle),
    /at \/components\/schemas\/[AB]\/(?:\$ref|allOf): "(?:\$ref|allOf)" leads back to this schema itself/,
  );
  const twin = '- { name: X-TENANT, in: header, schema: { type: string } }\n        - { name: theme';
  assert.match(
    await faultsOf(DOCUMENT.replace('- { name: theme', twin)),
    /parameters\/3: "X-Tenant" and "X-TENANT" are one header field/,
  );
  assert.match(await faultsOf('openapi: 3.0.0\npaths: {\n'), /users\.yaml:\d+:\d+: /);
  const answering = [{ prefix: '/api', auth: 'none', openapi: document, respond: { status: 200 } }];
  assert.match(JSON.stringify((await gateway.reload({ routes: answering })).faults), /asks no service that a document/);
  writeFileSync(document, DOCUMENT.replace('maximum: 50', 'maximum: 60'));
  assert.equal((await gateway.reload({ routes })).result, 'applied');
  assert.equal((await get(gateway, '/users?limit=55')).status, 200);
});
