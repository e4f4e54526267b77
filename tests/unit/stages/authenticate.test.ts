import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../../src/auth/api-key-format.ts';
import type { RequestContext } from '../../../src/context.ts';
import { authenticateStage } from '../../../src/stages/authenticate.ts';
import {
  codeOf,
  compile,
  createDeps,
  createRequest,
  faultsOf,
  fieldsOf,
  NOW_SECONDS,
  run,
  SECRET,
} from '../../support/auth.ts';

const KEY = createApiKey();
const CONSUMERS = [{ name: 'app', plan: 'free', roles: ['reader'], keys: [{ id: 'k1', sha256: hashApiKey(KEY) }] }];
const JWT = { secret: SECRET, publicKeyPem: undefined, issuer: undefined, audience: undefined, algorithms: ['HS256'] };
const BOTH = 'Bearer realm="turnpike", ApiKey realm="turnpike"';

function sign(claims: object = {}): string {
  return jwt.sign({ sub: 'u1', iat: NOW_SECONDS, exp: NOW_SECONDS + 60, ...claims }, SECRET);
}

function setUp(options: object = {}, file: object = { consumers: CONSUMERS }) {
  const { deps, time, warnings } = createDeps({ settings: { jwt: JWT } });
  const handler = compile(authenticateStage, { options, file, deps });
  const send = async (...headers: [string, string][]) => {
    const context = createRequest({ headers });
    return { context, error: await run(handler, context) };
  };
  return { deps, time, warnings, handler, send };
}

function upstream({ upstreamHeaders: flat }: RequestContext): Readonly<Record<string, string>> {
  return Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? '']] : [])));
}

test('an API key names its consumer, plan and roles', async () => {
  const { context, error } = await setUp().send(['X-API-Key', KEY]);
  assert.equal(error, undefined);
  const { name, plan, roles, key } = context.consumer ?? {};
  assert.deepEqual([name, plan, roles, key?.id], ['app', 'free', ['reader'], 'k1']);
  assert.equal(context.plan, 'free');
  assert.equal(context.authMethod, 'api-key');
  assert.deepEqual(upstream(context), {
    'X-User-Role': 'reader',
    'X-Consumer-Name': 'app',
    'X-Auth-Method': 'api-key',
  });
});

test('a token names the user, with the claims that issuers use for roles, scopes and plan', async () => {
  const { context, error } = await setUp().send([
    'Authorization',
    `Bearer ${sign({ role: 'admin', scope: 'a b', tier: 'pro' })}`,
  ]);
  assert.equal(error, undefined);
  assert.equal(context.subject, 'u1');
  assert.deepEqual(context.roles, ['admin']);
  assert.deepEqual(context.scopes, ['a', 'b']);
  assert.equal(context.plan, 'pro');
  assert.equal(context.credentialExpiresAtMs, (NOW_SECONDS + 60) * 1000);
  assert.deepEqual(upstream(context), { 'X-User-Id': 'u1', 'X-User-Role': 'admin', 'X-Auth-Method': 'jwt' });
});

test('with both sent, consumer and plan come from the key, the user from the token, roles from both', async () => {
  const { context, error } = await setUp().send(
    ['X-API-Key', KEY],
    ['Authorization', `Bearer ${sign({ roles: ['admin'], plan: 'pro' })}`],
  );
  assert.equal(error, undefined);
  assert.equal(context.consumer?.name, 'app');
  assert.equal(context.plan, 'free');
  assert.equal(context.subject, 'u1');
  assert.deepEqual([...context.roles].sort(), ['admin', 'reader']);
});

test('an invalid token is an error beside a valid key, and the other way round', async () => {
  const { send } = setUp();
  assert.equal(codeOf((await send(['X-API-Key', KEY], ['Authorization', 'Bearer x.y.z'])).error), 'invalid_credential');
  const swapped = await send(['X-API-Key', createApiKey()], ['Authorization', `Bearer ${sign()}`]);
  assert.equal(codeOf(swapped.error), 'invalid_credential');
  assert.equal(swapped.context.subject, undefined);
});

test('without a credential the answer names each scheme that the route accepts, and no error', async () => {
  const both = await setUp().send();
  assert.equal(codeOf(both.error), 'unauthenticated');
  assert.equal(fieldsOf(both.error)['WWW-Authenticate'], BOTH);
  const one = await setUp({ auth: 'jwt' }).send();
  assert.equal(fieldsOf(one.error)['WWW-Authenticate'], 'Bearer realm="turnpike"');
});

test('invalid_token is said only when a token was sent', async () => {
  const { send } = setUp();
  const byKey = await send(['X-API-Key', 'nonsense']);
  assert.equal(codeOf(byKey.error), 'invalid_credential');
  assert.equal(fieldsOf(byKey.error)['WWW-Authenticate'], BOTH);
  const byToken = await send(['Authorization', 'Bearer nonsense']);
  assert.match(
    fieldsOf(byToken.error)['WWW-Authenticate'] ?? '',
    /^Bearer realm="turnpike", error="invalid_token", error_description="[a-z ]+", ApiKey/,
  );
  const empty = await send(['Authorization', 'Bearer']);
  assert.equal(codeOf(empty.error), 'invalid_credential');
  assert.equal(fieldsOf(empty.error)['WWW-Authenticate'], BOTH);
});

test('two Authorization fields, two keys, or another scheme of Authorization are refused', async () => {
  const { send } = setUp();
  const bearer: [string, string] = ['Authorization', `Bearer ${sign()}`];
  assert.equal(codeOf((await send(bearer, ['authorization', 'Bearer x'])).error), 'invalid_credential');
  assert.equal(codeOf((await send(['X-API-Key', KEY], ['X-API-Key', KEY])).error), 'invalid_credential');
  assert.equal(codeOf((await send(['X-API-Key', KEY], ['Authorization', 'Basic dTpw'])).error), 'invalid_credential');
  assert.equal(codeOf((await send(['Authorization', `bearer  ${sign()}`])).error), undefined);
});

test('auth "none" has no handler, so it neither reads nor touches Authorization', () => {
  assert.equal(setUp({ auth: 'none' }).handler, undefined);
});

test('a route that takes keys alone leaves Authorization to the service', async () => {
  const { send } = setUp({ auth: 'api-key' });
  assert.equal((await send(['X-API-Key', KEY], ['Authorization', 'Basic dTpw'])).error, undefined);
});

test('"all" needs each scheme', async () => {
  const { send } = setUp({ auth: { all: ['jwt', 'api-key'] } });
  const bearer: [string, string] = ['Authorization', `Bearer ${sign()}`];
  assert.equal(codeOf((await send()).error), 'unauthenticated');
  assert.equal(codeOf((await send(['X-API-Key', KEY])).error), 'unauthenticated');
  assert.equal(codeOf((await send(bearer)).error), 'invalid_credential');
  assert.equal((await send(['X-API-Key', KEY], bearer)).context.authMethod, 'jwt+api-key');
});

test('an optional identity lets nobody in as nobody, and still refuses what is invalid', async () => {
  const { send } = setUp({ auth: { any: ['jwt'], optional: true } });
  const anonymous = await send();
  assert.equal(anonymous.error, undefined);
  assert.equal(anonymous.context.authMethod, undefined);
  assert.equal(codeOf((await send(['Authorization', 'Bearer x.y.z'])).error), 'invalid_credential');
});

test('a key in the query counts only where the route says so, and is taken out of what is sent on', async () => {
  const { deps } = createDeps();
  const file = { consumers: CONSUMERS };
  const closed = createRequest({ query: `?api_key=${KEY}` });
  assert.equal(codeOf(await run(compile(authenticateStage, { file, deps }), closed)), 'unauthenticated');
  const options = { auth: [{ 'api-key': { query: 'api_key' } }, 'jwt'] };
  const open = createRequest({ query: `?a=1&api_key=${KEY}&b=2` });
  assert.equal(await run(compile(authenticateStage, { options, file, deps }), open), undefined);
  assert.equal(open.consumer?.name, 'app');
  assert.equal(open.query, '?a=1&b=2');
});

test('without any issuer or consumer it warns at load, and the 401 says why', async () => {
  const { deps, warnings } = createDeps();
  const handler = compile(authenticateStage, { deps });
  await Promise.resolve();
  assert.equal(warnings.length, 1);
  const error = await run(handler, createRequest());
  assert.equal(codeOf(error), 'unauthenticated');
  assert.match(String(error), /neither a consumer with a key nor an issuer/);
});

test('where nobody can prove himself by what a route takes, the 401 says by what', async () => {
  const { deps } = createDeps();
  const error = await run(compile(authenticateStage, { deps, options: { auth: 'basic' } }), createRequest());
  assert.match(String(error), /nobody who could prove himself by basic/);
});

test('the identity sent on is safe text, whatever the claims hold', async () => {
  const claims = { sub: 'ü\r\nX-Evil: 1', roles: ['a,b', 'c%2Cd', ' e'] };
  const { context } = await setUp().send(['Authorization', `Bearer ${sign(claims)}`]);
  const fields = upstream(context);
  assert.equal(fields['X-User-Id'], '%C3%BC%0D%0AX-Evil:%201');
  assert.equal(fields['X-User-Role'], 'a%2Cb,c%252Cd,%20e');
});

test('more roles than services take as a header are cut at a role, not in one', async () => {
  const roles = Array.from({ length: 500 }, (_, i) => `role-${i}`);
  const { context, error } = await setUp().send(['Authorization', `Bearer ${sign({ roles })}`]);
  assert.equal(error, undefined);
  const sent = upstream(context)['X-User-Role'] ?? '';
  assert.ok(sent.length <= 4096);
  assert.ok(sent.split(',').every((role) => roles.includes(role)));
  assert.equal(context.roles.length, 500);
});

test('a key ends with its expiry, also one that was accepted before', async () => {
  const keys = [{ id: 'k1', sha256: hashApiKey(KEY), expiresAt: '2026-01-01T00:01:00Z' }];
  const { send, time } = setUp({}, { consumers: [{ name: 'app', keys }] });
  assert.equal((await send(['X-API-Key', KEY])).error, undefined);
  time.nowMs += 60_000;
  assert.equal(codeOf((await send(['X-API-Key', KEY])).error), 'invalid_credential');
});

test('names, key ids and hashes that stand twice are faults of the file', () => {
  const key = { id: 'k1', sha256: hashApiKey(KEY) };
  const file = {
    consumers: [
      { name: 'app', keys: [key, { ...key, sha256: hashApiKey('other') }] },
      { name: 'app', keys: [{ id: 'k2', sha256: key.sha256.toUpperCase() }] },
    ],
  };
  assert.deepEqual(faultsOf(authenticateStage, { file }), [
    'consumers/0/keys/1/id: key id "k1" stands twice in consumer "app"',
    'consumers/1/name: consumer "app" stands twice',
    'consumers/1/keys/0/sha256: the same key belongs to consumer "app" already',
  ]);
});

test('weak, missing, doubled and unfit keys of an issuer are faults of the file, and no secret is printed', () => {
  const file = {
    issuers: [
      { issuer: 'a', secret: 'short-secret' },
      { issuer: 'b' },
      { issuer: 'c', secret: SECRET, publicKey: 'x' },
      { issuer: 'd', secret: SECRET, algorithms: ['RS256'] },
      { issuer: 'a', publicKey: 'not a key' },
    ],
  };
  const faults = faultsOf(authenticateStage, { file });
  assert.equal(faults.length, 6);
  assert.match(faults.join('\n'), /issuers\/0\/secret: the secret has 12 bytes, and an HMAC secret needs at least 32/);
  assert.match(faults.join('\n'), /issuers\/1: the issuer has no key/);
  assert.match(faults.join('\n'), /issuers\/3\/secret: RS256 can not be used with this key/);
  assert.doesNotMatch(faults.join('\n'), /short-secret|a secret of the tests/);
});
