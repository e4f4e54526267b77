import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { makeRoutes } from '../../../../src/cli/from-api/routes-file.ts';
import { loadRoutesWith } from '../../../../src/config/load-with.ts';
import { STAGES } from '../../../../src/stages.ts';
import { DocumentFault } from '../../../../src/validate/document-fault.ts';
import { readApiDocument } from '../../../../src/validate/openapi/read-document.ts';
import { configFolder } from '../../../support/config-files.ts';

const OPTIONS = { schema: './routes.schema.json', document: './api.yaml', validates: false };
const GET = { get: { responses: {} } };

function make(document: object) {
  return makeRoutes(
    readApiDocument(JSON.stringify({ openapi: '3.1.0', info: { title: 'Shop' }, ...document })),
    OPTIONS,
  );
}

/** The routes.json that was made, loaded: a fault in it fails the test. */
function load(t: TestContext, document: object) {
  const made = make(document);
  const folder = configFolder(t, { 'routes.json': made.text });
  return { ...made, config: loadRoutesWith(STAGES, `${folder}/routes.json`, { env: {} }).config };
}

/** What `auth` becomes for one operation with this security. */
function authFor(t: TestContext, security: unknown, securitySchemes: object = {}) {
  const paths = { '/a': { get: { responses: {}, ...(security === undefined ? {} : { security }) } } };
  const { config, notes } = load(t, { paths, components: { securitySchemes } });
  const [route] = config.routes;
  const auth = route?.auth;
  return { text: `${auth?.optional === true ? 'optional ' : ''}${auth?.mode} ${auth?.schemes.join()}`, route, notes };
}

test('the servers become services: the first is asked, the others are told', (t) => {
  const { config, notes, text } = load(t, {
    servers: [{ url: 'https://shop.example/v1/' }, { url: 'https://staging.shop.example/v1' }],
    paths: { '/a': GET, '/b': { ...GET, servers: [{ url: 'https://b.example' }] } },
  });
  assert.deepEqual(
    config.routes.map(({ prefix, service, stripPrefix }) => [prefix, service, stripPrefix]),
    [
      [['/a'], 'shop', false],
      [['/b'], 'shop-2', false],
    ],
  );
  assert.deepEqual(
    Object.values(config.services).map(({ targets }) => targets?.[0]?.url),
    ['https://shop.example/v1', 'https://b.example'],
  );
  assert.match(notes.join('\n'), /other servers too: https:\/\/staging\.shop\.example\/v1/);
  assert.match(text, /^ {2}\/\/ The document names other servers too/m);
});

test('a server with variables has their defaults, and one without a host a place to be filled in', (t) => {
  const targetFor = (...servers: object[]) => {
    const { config, notes } = load(t, { servers, paths: { '/a': GET } });
    return [
      Object.values(config.services)[0]?.targets?.[0]?.url,
      notes.some((note) => note.includes('say where it is')),
    ];
  };
  const variables = { region: { default: 'eu' }, port: { default: 8443 } };
  assert.deepEqual(targetFor({ url: 'https://{region}.x.example:{port}/v{n}', variables }), [
    'https://eu.x.example:8443/vn',
    false,
  ]);
  assert.deepEqual(targetFor({ url: '/v2' }), ['http://localhost:4001/v2', true]);
  assert.deepEqual(targetFor({ url: './' }), ['http://localhost:4001', true]);
  assert.deepEqual(targetFor({ url: 'wss://x.example/ws' }), ['http://localhost:4001', true]);
  assert.deepEqual(targetFor(), ['http://localhost:4001', true]);
});

test('the security schemes become what routes ask for', (t) => {
  const schemes = {
    token: { type: 'http', scheme: 'Bearer' },
    oauth: { type: 'oauth2', flows: {} },
    key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
    queryKey: { type: 'apiKey', in: 'query', name: 'key' },
    otherKey: { type: 'apiKey', in: 'header', name: 'X-Shop-Key' },
    basic: { type: 'http', scheme: 'basic' },
    cert: { type: 'mutualTLS' },
    session: { type: 'apiKey', in: 'cookie', name: 'sid' },
    digest: { type: 'http', scheme: 'digest' },
    strangeKey: { type: 'apiKey', in: 'header', name: 'project_id' },
  };
  for (const [security, expected] of [
    [undefined, 'any jwt,api-key'],
    [[], 'none '],
    [[{}], 'none '],
    [[{ token: [] }], 'any jwt'],
    [[{ oauth: [] }, { token: [] }], 'any jwt'],
    [[{ key: [] }], 'any api-key'],
    [[{ queryKey: [] }, { otherKey: [] }, { token: [] }], 'any api-key,jwt'],
    [[{ strangeKey: [] }], 'any api-key'],
    [[{ basic: [] }, { cert: [] }], 'any basic,mtls'],
    [[{ key: [], token: [] }], 'all api-key,jwt'],
    [[{ key: [], token: [] }, { basic: [] }], 'all api-key,jwt'],
    [[{ key: [] }, {}], 'optional any api-key'],
    // What is not known here may not open the route, nor be left out of what it asks.
    [[{ session: [] }], 'any jwt,api-key'],
    [[{ digest: [] }, { key: [] }], 'any jwt,api-key'],
    [[{ key: [], session: [] }], 'any jwt,api-key'],
    [[{ nowhere: [] }], 'any jwt,api-key'],
    [[{ constructor: [] }], 'any jwt,api-key'],
  ] as const)
    assert.equal(authFor(t, security, schemes).text, expected, JSON.stringify(security));
  const { route } = authFor(t, [{ queryKey: [] }, { otherKey: [] }], schemes);
  assert.deepEqual(route?.auth.chosen[0]?.options, { header: 'x-shop-key', query: 'key' });
  assert.match(authFor(t, [{ session: [] }], schemes).notes.join('\n'), /"session" has no like here/);
});

test('the scopes of a token are asked for, the stricter where a rule has no words for all alternatives', (t) => {
  const schemes = {
    oauth: { type: 'oauth2', flows: {} },
    token: { type: 'http', scheme: 'bearer' },
    key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
    session: { type: 'apiKey', in: 'cookie', name: 'sid' },
  };
  for (const [security, expected, isNoted] of [
    [[{ oauth: ['read', 'list'] }], { all: ['list', 'read'] }],
    [[{ oauth: ['read'] }, { oauth: ['admin'] }], { any: ['admin', 'read'] }],
    [[{ oauth: ['user', 'read'] }, { oauth: ['user', 'admin'] }], { all: ['user'], any: ['admin', 'read'] }],
    [[{ oauth: ['user'] }, { oauth: ['user', 'admin'] }], { all: ['user'] }],
    [[{ oauth: ['a', 'b'] }, { oauth: ['c'] }], { any: ['c'] }, true],
    [[{ oauth: ['a', 'b'] }, { oauth: ['c', 'd', 'e'] }], { all: ['a', 'b'] }, true],
    [[{ oauth: ['read'] }, { key: [] }], { all: ['read'] }, true],
    [[{ oauth: ['read'] }, { token: [] }], { all: ['read'] }, true],
    [[{ oauth: ['a'] }, { oauth: ['b'] }, { token: ['b'] }], { all: ['b'] }, true],
    [[{ oauth: ['read'], session: [] }], { all: ['read'] }],
    [[{ oauth: ['read'], key: [] }, { key: [] }], { all: ['read'] }],
    [[{ oauth: [] }, { oauth: ['read'] }], undefined],
  ] as const) {
    const { route, notes } = authFor(t, security, schemes);
    assert.deepEqual(route?.authorize?.scopes, expected, JSON.stringify(security));
    assert.equal(/more strictly/.test(notes.join()), isNoted === true, JSON.stringify(security));
  }
  const optional = authFor(t, [{ oauth: ['read'] }, {}], schemes);
  assert.deepEqual(optional.route?.authorize?.scopes, { all: ['read'] });
  assert.match(optional.notes.join(), /only the latter is taken here/);
});

test('what says who may call in no words of OpenAPI is a fault, and opens nothing', () => {
  const schemes = { k: { type: 'apiKey', in: 'header', name: 'X-API-Key' } };
  const at = (document: object): string => {
    try {
      make({ components: { securitySchemes: schemes }, ...document });
      return 'taken';
    } catch (error) {
      return error instanceof DocumentFault ? error.pointer : String(error);
    }
  };
  for (const [security, place] of [
    [['k'], '/0'],
    [[null], '/0'],
    [[[]], '/0'],
    [[['k']], '/0'],
    [[{}, 'k'], '/1'],
    [[{ k: null }], '/0/k'],
    [[{ k: 'read' }], '/0/k'],
    [[{ k: [1] }], '/0/k'],
    [{ k: [] }, ''],
    [{}, ''],
    [null, ''],
    ['k', ''],
    [false, ''],
  ] as const) {
    const seen = JSON.stringify(security);
    const guarded = { security: [{ k: [] }], paths: { '/a': { get: { responses: {}, security } } } };
    assert.equal(at(guarded), `/paths/~1a/get/security${place}`, seen);
    assert.equal(at({ ...guarded, security: [] }), `/paths/~1a/get/security${place}`, seen);
    assert.equal(at({ security, paths: { '/a': GET } }), `/security${place}`, seen);
  }
  assert.equal(at({ security: [], paths: { '/a': { ...GET, security: [{ k: [] }] } } }), '/paths/~1a/security');
  const open = { get: { responses: {}, security: [] } };
  const guarded = { get: { responses: {}, security: [{ k: [] }] } };
  assert.equal(at({ paths: { '/a': open, '/a/': guarded } }), '/paths/~1a~1/get');
  assert.equal(at({ paths: { '/a': guarded, '/a/': open } }), '/paths/~1a~1/get');
});

test('who gives tokens by OpenID Connect becomes an issuer', (t) => {
  const openIdConnectUrl = 'https://id.example/a/.well-known/openid-configuration';
  const securitySchemes = { oidc: { type: 'openIdConnect', openIdConnectUrl } };
  const { config } = load(t, { paths: { '/a': GET }, components: { securitySchemes }, security: [{ oidc: [] }] });
  assert.deepEqual(
    config.issuers.map(({ issuer, discover }) => [issuer, discover]),
    [['https://id.example/a', true]],
  );
});

test('what a document says can not break out of a comment, or be a name that is none', (t) => {
  const info = { title: 'A "title"\n*/ }\u2028{ "routes": [\u0000' };
  const { config, text } = load(t, { info, paths: { '/a\nb': GET, '/ok': GET, 'x-note': 'mine' } });
  assert.equal(config.routes.length, 1);
  assert.ok(!text.includes('\u0000'));
  const strange = load(t, { info: { title: '日本' }, paths: { '/a': GET } });
  assert.deepEqual(Object.keys(strange.config.services), ['api']);
});

test('path items may stand elsewhere in the document, and paths may be none', (t) => {
  const { config } = load(t, {
    paths: { '/a': { $ref: '#/components/pathItems/a' } },
    components: { pathItems: { a: GET } },
  });
  assert.equal(config.routes.length, 1);
  assert.equal(load(t, { paths: {} }).config.routes.length, 0);
  assert.equal(load(t, { webhooks: {} }).config.routes.length, 0);
});

test('routes are checked by the document where that is known', () => {
  const document = readApiDocument(JSON.stringify({ openapi: '3.0.0', info: {}, paths: { '/a': GET } }));
  assert.match(
    makeRoutes(document, { ...OPTIONS, validates: true }).text,
    /"defaults": \{.*"openapi": "\.\/api\.yaml" \}/,
  );
});
