import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { makePublicDocument } from '../../../../src/cli/public-api/public-document.ts';
import { loadRoutes } from '../../../../src/config/load.ts';
import { findAtPointer, pointerOfFragment } from '../../../../src/lib/json-pointer.ts';
import { configFolder, faultsOf } from '../../../support/config-files.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests reach into documents of every shape
type Document = any;
const OPTIONS = { title: 'API', version: '1', server: undefined, all: false };
const TARGET = 'http://localhost:4001';

function make(t: TestContext, file: object, documents: Readonly<Record<string, object>> = {}, more: object = {}) {
  const folder = configFolder(t, { 'routes.json': file, 'page/index.html': '', ...documents });
  const env = { HOOK: 'a-secret-of-a-hook' };
  const { document, notes } = makePublicDocument(loadRoutes(`${folder}/routes.json`, { env }), { ...OPTIONS, ...more });
  assertSound(document);
  return { document: document as Document, notes };
}

/** What the schema of OpenAPI 3.1 asks for, as far as it can go wrong here; and no reference that leads to nothing. */
function assertSound(document: Document): void {
  assert.match(document.openapi, /^3\.1\.\d$/);
  assert.deepEqual([typeof document.info.title, typeof document.info.version], ['string', 'string']);
  const operations = Object.entries<object>(document.paths).flatMap(([path, item]) =>
    Object.values(item).map((operation: Document) => ({ path, operation })),
  );
  for (const { path, operation } of operations) assertSoundOperation(path, operation, document);
  const ids = operations.flatMap(({ operation }) => operation.operationId ?? []);
  assert.equal(new Set(ids).size, ids.length);
  for (const name of Object.values<object>(document.components).flatMap(Object.keys)) assert.match(name, /^[\w.-]+$/);
  for (const [, ref = ''] of JSON.stringify(document).matchAll(/"\$ref":"#([^"]*)"/g))
    assert.notEqual(findAtPointer(document, pointerOfFragment(ref) ?? '#'), undefined, ref);
}

function assertSoundOperation(path: string, operation: Document, document: Document): void {
  assert.match(path, /^\//);
  const { parameters = [], security = [], responses } = operation;
  for (const [, name] of path.matchAll(/\{([^}]*)\}/g))
    assert.equal(
      parameters.filter((one: Document) => one.in === 'path' && one.name === name && one.required).length,
      1,
    );
  for (const name of security.flatMap(Object.keys)) assert.ok(document.components.securitySchemes[name], name);
  for (const status of Object.keys(responses)) assert.match(status, /^(?:[1-5](?:\d\d|XX)|default)$/);
}

const operationsOf = ({ paths }: Document): string[] =>
  Object.entries<object>(paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`));

test('a route without a document is told by its prefix, its methods and who may call', (t) => {
  const routes = [
    { prefix: '/users/:id', name: 'users', methods: ['GET', 'POST'], target: TARGET, authorize: { roles: ['admin'] } },
    { prefix: '/ping', exact: true, respond: { status: 200 }, auth: 'none', methods: ['GET'] },
  ];
  const { document } = make(t, { routes });
  assert.deepEqual(operationsOf(document), ['get /ping', 'get /users/{id}', 'post /users/{id}']);
  const { get, post } = document.paths['/users/{id}'];
  assert.deepEqual(get.security, [{ token: [] }, { 'api-key': [] }]);
  assert.deepEqual(get.parameters, [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }]);
  assert.match(get.description, /every path below/);
  assert.deepEqual(Object.keys(get.responses), ['400', '401', '403', '429', '502', '503', '504', 'default']);
  assert.ok('413' in post.responses && post.requestBody !== undefined);
  const ping = document.paths['/ping'].get;
  assert.deepEqual([ping.security, Object.keys(ping.responses), ping.description], [[], ['400', 'default'], undefined]);
});

test('the problems share one schema, and limits are told in their header fields', (t) => {
  const rateLimits = [{ limit: 5, window: '1m' }];
  const { document } = make(t, { routes: [{ prefix: '/a', target: TARGET, auth: 'none', rateLimits }] });
  const { responses, schemas, headers } = document.components;
  assert.deepEqual(document.paths['/a'].get.responses['429'], { $ref: '#/components/responses/TooManyRequests' });
  assert.deepEqual(Object.keys(document.paths['/a'].get.responses.default.headers), ['RateLimit', 'RateLimit-Policy']);
  assert.deepEqual(Object.keys(responses.TooManyRequests.headers), ['RateLimit', 'RateLimit-Policy', 'Retry-After']);
  assert.deepEqual(responses.TooManyRequests.content['application/problem+json'].schema, {
    $ref: '#/components/schemas/Problem',
  });
  assert.ok(schemas.Problem.properties.code.enum.includes('rate_limited') && headers.RateLimit !== undefined);
});

test('each way to prove who calls is a security scheme', (t) => {
  const securityFor = (auth: unknown, more: object = {}) => {
    const { document } = make(t, { routes: [{ prefix: '/a', target: TARGET, auth, ...more }] });
    return [document.paths['/a'].get.security, document.components.securitySchemes] as const;
  };
  const scopes = { authorize: { scopes: { all: ['read'] } } };
  assert.deepEqual(securityFor('jwt', scopes)[0], [{ token: ['read'] }]);
  assert.deepEqual(securityFor({ all: ['jwt', 'api-key'] })[0], [{ token: [], 'api-key': [] }]);
  assert.deepEqual(securityFor({ any: ['api-key'], optional: true })[0], [{ 'api-key': [] }, {}]);
  assert.deepEqual(securityFor('jwt', { shadow: ['authenticate'] })[0], [{ token: [] }, {}]);
  const [, schemes] = securityFor([{ jwt: { cookie: 'sid' } }, { 'api-key': { query: 'key' } }]);
  assert.deepEqual(schemes, {
    token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    'jwt-cookie-sid': { type: 'apiKey', in: 'cookie', name: 'sid' },
    'api-key': { type: 'apiKey', in: 'header', name: 'X-API-Key' },
    'api-key-query-key': { type: 'apiKey', in: 'query', name: 'key' },
  });
});

test('what is for the inside alone is left out unless it is asked for, and a secret path always', (t) => {
  const file = {
    routes: [
      { prefix: '/inside', target: TARGET, auth: 'none', ipAllow: ['10.0.0.0/8'], methods: ['GET'] },
      { prefix: '/page', files: './page', auth: 'none', methods: ['GET'] },
      { prefix: '/${ENV:HOOK}', target: TARGET, auth: 'none', methods: ['GET'] },
      { prefix: '/a', target: TARGET, auth: 'none', methods: ['GET'] },
    ],
  };
  const { document, notes } = make(t, file);
  assert.deepEqual(operationsOf(document), ['get /a']);
  assert.equal(notes.length, 2);
  const all = make(t, file, {}, { all: true });
  assert.deepEqual(operationsOf(all.document), ['get /a', 'get /inside', 'get /page']);
  assert.ok(!JSON.stringify(all).includes('a-secret-of-a-hook'));
});

const USERS = {
  openapi: '3.0.3',
  info: { title: 'Users', version: '7' },
  servers: [{ url: 'https://users.internal.example/v1' }],
  paths: {
    '/users/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
      get: {
        operationId: 'read',
        security: [{ internal: [] }],
        servers: [{ url: 'https://users.internal.example' }],
        responses: {
          200: {
            description: 'ok',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/User' } } },
          },
          default: { $ref: '#/components/responses/Problem' },
        },
      },
      delete: { operationId: 'remove', 'x-internal': true, responses: { 204: { description: 'gone' } } },
    },
    '/admin': { get: { responses: { 200: { description: 'ok' } } } },
  },
  components: {
    securitySchemes: { internal: { type: 'http', scheme: 'basic' } },
    responses: { Problem: { description: 'theirs', content: {} } },
    schemas: {
      User: {
        type: 'object',
        properties: {
          name: { type: 'string', nullable: true, enum: ['a'] },
          age: { type: 'integer', minimum: 0, exclusiveMinimum: true },
          default: { $ref: '#/components/schemas/Problem' },
          friends: { type: 'array', items: { $ref: '#/components/schemas/User' } },
        },
        default: { $ref: 'no reference' },
      },
      Problem: { type: 'object', description: 'theirs' },
      Unused: { type: 'object' },
    },
  },
};

test('a route with a document has what that says, at the paths of clients', (t) => {
  const route = { target: `${TARGET}/v1`, openapi: './users.json', auth: 'api-key' };
  const routes = [{ prefix: '/api/:tenant', ...route }];
  const { document } = make(t, { routes }, { 'users.json': USERS });
  assert.deepEqual(operationsOf(document), ['get /api/{tenant}/admin', 'get /api/{tenant}/users/{id}']);
  const { get } = document.paths['/api/{tenant}/users/{id}'];
  assert.deepEqual(
    get.parameters.map(({ name, schema }: Document) => `${name} ${schema.type}`),
    ['tenant string', 'id integer'],
  );
  assert.deepEqual([get.operationId, get.security, get.servers], ['read', [{ 'api-key': [] }], undefined]);
  assert.deepEqual(get.responses['401'], { $ref: '#/components/responses/Unauthenticated' });
  const { schemas, securitySchemes, responses } = document.components;
  assert.deepEqual(Object.keys(securitySchemes), ['api-key']);
  // Its own names where they are free, and others where the gateway has them.
  assert.deepEqual(Object.keys(schemas).sort(), ['Problem', 'Problem_2', 'User']);
  assert.equal(responses.Problem.description, 'theirs');
  assert.deepEqual(schemas.User, {
    type: 'object',
    properties: {
      name: { type: ['string', 'null'], enum: ['a', null] },
      age: { type: 'integer', exclusiveMinimum: 0 },
      default: { $ref: '#/components/schemas/Problem_2' },
      friends: { type: 'array', items: { $ref: '#/components/schemas/User' } },
    },
    default: { $ref: 'no reference' },
  });
  assert.ok(
    'delete' in make(t, { routes }, { 'users.json': USERS }, { all: true }).document.paths['/api/{tenant}/users/{id}'],
  );
});

test('the paths of clients are those that the route turns into the paths of the service', (t) => {
  const pathsFor = (more: object) => {
    const routes = [{ prefix: '/api', target: TARGET, openapi: './users.json', auth: 'none', ...more }];
    return Object.keys(make(t, { routes }, { 'users.json': USERS }).document.paths);
  };
  // The service has /v1 before its paths, as its server says, unless the target has it.
  assert.deepEqual(pathsFor({}), ['/api/v1/admin', '/api/v1/users/{id}']);
  assert.deepEqual(pathsFor({ target: `${TARGET}/v1` }), ['/api/admin', '/api/users/{id}']);
  assert.deepEqual(pathsFor({ rewritePrefix: '/v1/users' }), ['/api/{id}']);
  assert.deepEqual(pathsFor({ prefix: '/v1/users', stripPrefix: false }), ['/v1/users/{id}']);
  assert.deepEqual(pathsFor({ prefix: '/v1/admin', stripPrefix: false, exact: true }), ['/v1/admin']);
  assert.deepEqual(
    pathsFor({ prefix: '/v1', openapi: { document: './users.json', paths: 'public', basePath: '/v1' } }),
    ['/v1/admin', '/v1/users/{id}'],
  );
  assert.deepEqual(pathsFor({ methods: ['POST'] }), []);
});

test('documents of several services keep their own components and operation IDs', (t) => {
  const routes = ['a', 'b'].map((name) => ({
    prefix: `/${name}`,
    target: `${TARGET}/v1`,
    openapi: `./${name}.json`,
    auth: 'none',
  }));
  const other = structuredClone(USERS);
  other.components.schemas.User.type = 'array';
  const { document } = make(t, { routes }, { 'a.json': USERS, 'b.json': other });
  const refOf = (path: string) => document.paths[path].get.responses['200'].content['application/json'].schema.$ref;
  assert.deepEqual(
    ['/a/users/{id}', '/b/users/{id}'].map((path) => [refOf(path), document.paths[path].get.operationId]),
    [
      ['#/components/schemas/User', 'read'],
      ['#/components/schemas/User_2', 'read_2'],
    ],
  );
  const { User_2: second } = document.components.schemas;
  assert.deepEqual([second.type, second.properties.friends.items.$ref], ['array', '#/components/schemas/User_2']);
});

test('where two routes have a path, that which is asked first is told', (t) => {
  const routes = [
    { prefix: '/a', target: TARGET, auth: 'none', methods: ['GET'] },
    { prefix: '/a', target: TARGET, methods: ['GET'], headers: { 'x-beta': true } },
  ];
  const { document, notes } = make(t, { routes });
  assert.deepEqual(document.paths['/a'].get.security, []);
  assert.match(notes.join(), /GET \/a is described already/);
});

test('a reference that can not be told elsewhere is a fault of its file', (t) => {
  const nested = { type: 'object', properties: { self: { $ref: '#/paths/~1a/get/x-own' } } };
  const paths = {
    '/a': {
      get: {
        'x-own': nested,
        requestBody: { content: { 'a/b': { schema: { $ref: '#/paths/~1a/get/x-own' } } } },
        responses: {},
      },
    },
  };
  const circle = { openapi: '3.1.0', info: { title: 'A', version: '1' }, paths };
  const routes = [{ prefix: '/', target: TARGET, auth: 'none', openapi: './circle.json' }];
  const [fault] = faultsOf(() => make(t, { routes }, { 'circle.json': circle }));
  assert.match(`${fault?.file} ${fault?.message}`, /circle\.json "#\/paths.*leads to itself/);
});

test('a route that is deprecated is told as such', (t) => {
  const route = { target: TARGET, auth: 'none', methods: ['GET'] };
  const routes = [
    { prefix: '/old', deprecation: { since: '2026-01-01' }, ...route },
    { prefix: '/new', ...route },
  ];
  const { paths } = make(t, { routes }).document;
  assert.deepEqual([paths['/old'].get.deprecated, paths['/new'].get.deprecated], [true, undefined]);
});

test('no secret of the file is told, wherever it stands', (t) => {
  const secret = 'a-secret-of-a-hook';
  const token = { any: ['read', 'write', '${ENV:HOOK}'] };
  const routes = [
    { prefix: '/a', name: '${ENV:HOOK}', target: TARGET, hosts: ['${ENV:HOOK}.example', 'shop.example'] },
    { prefix: '/b', name: 'b', target: TARGET, auth: 'jwt', authorize: { scopes: token } },
    { prefix: '/c', name: 'c', target: TARGET, auth: { 'api-key': { header: 'X-${ENV:HOOK}', query: '${ENV:HOOK}' } } },
    { prefix: '/d', target: TARGET, auth: { all: ['jwt', 'api-key'] }, authorize: { scopes: ['read', 'write'] } },
    { prefix: '/e', target: TARGET, auth: 'none', stripPrefix: false, openapi: './e.json' },
  ];
  const e = {
    openapi: '3.1.0',
    info: { title: secret },
    paths: {
      [`/e/${secret}`]: { get: { operationId: 'gone', responses: {} } },
      '/e': {
        get: { summary: secret, operationId: secret, responses: { 200: { $ref: `#/components/responses/${secret}` } } },
      },
    },
    components: { responses: { [secret]: { description: `says ${secret}` } } },
  };
  const { document, notes } = make(t, { routes }, { 'e.json': e });
  assert.ok(!JSON.stringify([document, notes]).toLowerCase().includes(secret));
  assert.deepEqual([document.paths['/a'].get.tags, document.paths['/b'].get.tags], [undefined, ['b']]);
  assert.deepEqual(document.paths['/a'].get.servers, [{ url: 'https://shop.example' }]);
  assert.deepEqual(document.paths['/b'].get.security, [{ token: ['read'] }, { token: ['write'] }]);
  assert.deepEqual(document.paths['/d'].get.security, [
    { token: ['read'], 'api-key': [] },
    { token: ['write'], 'api-key': [] },
  ]);
  assert.deepEqual(Object.keys(document.paths), ['/a', '/b', '/c', '/d', '/e']);
});

test('what a document says to insiders is left out', (t) => {
  const inside = 'http://inside.example';
  const param = (place: string, name: string, more: object = {}) => ({
    name,
    in: place,
    schema: { type: 'string' },
    ...more,
  });
  const document = {
    openapi: '3.1.0',
    info: { title: 'Shop' },
    paths: {
      '/a': {
        parameters: [param('header', 'X-Internal-Token'), param('header', 'X-Trace')],
        post: {
          'x-amazon-apigateway-integration': { uri: inside },
          externalDocs: { url: inside },
          callbacks: { done: { [inside]: { post: {} } } },
          servers: [{ url: inside }],
          unheardOf: inside,
          parameters: [
            param('header', 'X-User-Id'),
            param('header', 'X_Under', { required: true }),
            param('query', 'x-user-id'),
            param('query', 'debug', { 'x-internal': true }),
            { $ref: '#/components/parameters/who' },
          ],
          requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } } },
          responses: {
            'x-note': inside,
            200: {
              description: 'ok',
              'x-backend': inside,
              headers: { 'X-Internal-Node': {}, Server: {}, 'X-Total': { schema: { type: 'integer' } } },
              links: { next: { operationRef: inside, server: { url: inside } } },
              content: { 'application/json': { examples: { big: { externalValue: inside }, small: { value: 1 } } } },
            },
          },
        },
      },
    },
    components: {
      parameters: { who: param('header', 'X-Consumer-Name') },
      schemas: {
        Order: {
          $id: `${inside}/order`,
          $comment: inside,
          externalDocs: { url: inside },
          'x-table': inside,
          type: 'object',
          properties: {
            'x-size': { type: 'integer' },
            links: { type: 'string' },
            cost: { type: 'integer', 'x-internal': true },
            margin: { $ref: '#/components/schemas/Margin' },
          },
          dependentRequired: { 'x-size': ['links'] },
          discriminator: {
            propertyName: 'kind',
            mapping: { a: `${inside}/a.json`, b: '#/components/schemas/B', c: 'B' },
          },
        },
        B: { type: 'object' },
        Margin: { 'x-internal': true, type: 'number' },
      },
    },
  };
  const routes = [{ prefix: '/a', target: TARGET, auth: 'none', stripPrefix: false, openapi: './a.json' }];
  const { document: made } = make(t, { routes }, { 'a.json': document });
  const text = JSON.stringify(made);
  assert.ok(!text.includes('inside'), text);
  assert.doesNotMatch(text, /X-Internal|X-User-Id|X-Consumer|X_Under|"cost"|Margin|"debug"|unheardOf/);
  const { post } = made.paths['/a'];
  assert.deepEqual(
    post.parameters.map(({ name }: Document) => name),
    ['X-Trace', 'x-user-id'],
  );
  assert.deepEqual(Object.keys(post.responses[200].headers), ['X-Total']);
  const { Order } = made.components.schemas;
  assert.deepEqual(Object.keys(Order.properties), ['x-size', 'links']);
  assert.deepEqual(Order.discriminator.mapping, { b: '#/components/schemas/B', c: 'B' });
  const all = make(t, { routes }, { 'a.json': document }, { all: true }).document;
  assert.ok(all.components.schemas.Order.properties.margin);
});
