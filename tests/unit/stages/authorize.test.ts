import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestContext } from '../../../src/context.ts';
import { authorizeStage } from '../../../src/stages/authorize.ts';
import {
  codeOf,
  compile,
  createDeps,
  createRequest,
  type FakeRequest,
  faultsOf,
  fieldsOf,
  run,
} from '../../support/auth.ts';

type Caller = Partial<Pick<RequestContext, 'roles' | 'scopes' | 'claims' | 'consumer' | 'authMethod'>>;

async function call(authorize: object, caller: Caller, request: FakeRequest = {}): Promise<unknown> {
  const context = createRequest(request);
  Object.assign(context, { authMethod: 'jwt', ...caller });
  return run(compile(authorizeStage, { options: { authorize }, deps: createDeps().deps }), context);
}

const outcome = async (...args: Parameters<typeof call>) => codeOf(await call(...args));

test('a list of roles asks for one of them, "all" for each', async () => {
  assert.equal(await outcome({ roles: ['admin', 'editor'] }, { roles: ['editor'] }), undefined);
  assert.equal(await outcome({ roles: { any: ['admin'] } }, { roles: ['reader'] }), 'forbidden');
  assert.equal(await outcome({ roles: { all: ['a', 'b'] } }, { roles: ['a'] }), 'forbidden');
  assert.equal(await outcome({ roles: { all: ['a', 'b'] } }, { roles: ['b', 'a'] }), undefined);
  assert.equal(await outcome({ roles: ['admin'] }, { roles: ['administrator'] }), 'forbidden');
});

test('a missing scope says which one would do (RFC 6750, section 3.1)', async () => {
  const error = await call({ scopes: { all: ['orders:read', 'orders:write'] } }, { scopes: ['orders:read'] });
  assert.equal(codeOf(error), 'insufficient_scope');
  assert.equal(
    fieldsOf(error)['WWW-Authenticate'],
    'Bearer realm="turnpike", error="insufficient_scope", scope="orders:read orders:write"',
  );
  assert.equal(await outcome({ scopes: ['a', 'b'] }, { scopes: ['b'] }), undefined);
});

test('claims are compared as they are: equals, contains, oneOf, by nested path', async () => {
  const claims = { org: { id: 7 }, groups: ['x', 'y'], region: 'eu', verified: true };
  assert.equal(
    await outcome({ claims: { 'org.id': { equals: 7 }, verified: { equals: true } } }, { claims }),
    undefined,
  );
  assert.equal(await outcome({ claims: { 'org.id': { equals: '7' } } }, { claims }), 'forbidden');
  assert.equal(await outcome({ claims: { groups: { contains: 'y' } } }, { claims }), undefined);
  assert.equal(await outcome({ claims: { region: { contains: 'e' } } }, { claims }), 'forbidden');
  assert.equal(await outcome({ claims: { region: { oneOf: ['us', 'eu'] } } }, { claims }), undefined);
  assert.equal(await outcome({ claims: { missing: { oneOf: ['us'] } } }, { claims }), 'forbidden');
  assert.equal(await outcome({ claims: { 'constructor.name': { equals: 'Object' } } }, { claims }), 'forbidden');
  assert.equal(await outcome({ claims: { region: { equals: 'eu' } } }, {}), 'forbidden');
});

test('consumers are named, and a token without one is none of them', async () => {
  const consumer = { name: 'app', plan: undefined, roles: [] };
  assert.equal(await outcome({ consumers: ['app'] }, { consumer }), undefined);
  assert.equal(await outcome({ consumers: ['other'] }, { consumer }), 'forbidden');
  assert.equal(await outcome({ consumers: ['app'] }, {}), 'forbidden');
});

test('rules for a method come on top of those for all, and GET counts for HEAD', async () => {
  const rules = { roles: ['reader'], methods: { DELETE: { roles: ['admin'] }, GET: { scopes: ['read'] } } };
  assert.equal(await outcome(rules, { roles: ['reader'] }, { method: 'POST' }), undefined);
  assert.equal(await outcome(rules, { roles: ['reader'] }, { method: 'DELETE' }), 'forbidden');
  assert.equal(await outcome(rules, { roles: ['admin'] }, { method: 'DELETE' }), 'forbidden');
  assert.equal(await outcome(rules, { roles: ['admin', 'reader'] }, { method: 'DELETE' }), undefined);
  assert.equal(await outcome(rules, { roles: ['reader'] }, { method: 'HEAD' }), 'insufficient_scope');
});

test('nobody is asked to prove who they are before they are told what they may not: 401, not 403', async () => {
  assert.equal(await outcome({ roles: ['admin'] }, { authMethod: undefined }), 'unauthenticated');
});

test('authorize on a route with auth "none" is a fault of the file', () => {
  const none = { mode: 'none', schemes: [], optional: false, apiKeyQuery: undefined };
  const routes = [{ auth: { ...none, mode: 'any' }, authorize: {} }, { auth: none, authorize: {} }, { auth: none }];
  const faults = faultsOf(authorizeStage, { routes });
  assert.equal(faults.length, 1);
  assert.match(faults[0] ?? '', /^routes\/1\/authorize: /);
});
