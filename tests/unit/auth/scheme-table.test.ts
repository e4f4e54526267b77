import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authOption, ownSchemes } from '../../../src/auth/auth-option.ts';
import { challengeOf } from '../../../src/auth/challenges.ts';
import { credentialFileKeys, SCHEMES } from '../../../src/auth/schemes.ts';

const names = SCHEMES.map(({ name }) => name);

test('no two schemes have the same name or own the same key of the file', () => {
  assert.equal(new Set(names).size, names.length);
  const keys = ['consumers', 'groups', ...SCHEMES.flatMap(({ fileKeys }) => Object.keys(fileKeys))];
  assert.deepEqual([...keys].sort(), Object.keys(credentialFileKeys).sort());
});

test('a route can name every scheme, alone or with options', () => {
  for (const { name, bare, options } of SCHEMES) {
    assert.equal(authOption.safeParse(name).success, bare !== undefined, name);
    assert.ok(bare !== undefined || options !== undefined, name);
  }
});

test('what asks for several schemes names each challenge once', () => {
  assert.equal(challengeOf(['jwt', 'introspection', 'api-key']), 'Bearer realm="turnpike", ApiKey realm="turnpike"');
});

test("the gateway's own routes take the schemes that the file makes possible", () => {
  const nothing = { consumers: [], groups: {}, consumerStore: 'file' as const, issuers: [] };
  const own = (file: object, ...auths: unknown[]) =>
    ownSchemes(
      { ...nothing, ...file },
      auths.map((auth) => authOption.parse(auth)),
    );
  assert.deepEqual(own({}), ['jwt', 'api-key']);
  assert.deepEqual(own({ introspection: {} }), ['jwt', 'api-key', 'introspection']);
  const consumer = { name: 'a', plan: undefined, roles: [], keys: [], password: 'hash', certificates: [], clients: [] };
  assert.deepEqual(own({ consumers: [consumer] }, 'mtls'), ['jwt', 'api-key', 'basic']);
  const certified = { ...consumer, password: undefined, certificates: [{ sha256: '' }] };
  assert.deepEqual(own({ consumers: [certified] }), ['jwt', 'api-key'], 'no route names a field to believe it in');
  const fields = [{ mtls: { header: 'client-cert' } }, { mtls: { header: 'x-cert' } }];
  const named = own({ consumers: [certified] }, 'mtls', { mtls: { header: 'X-Cert' } }, 'mtls');
  assert.deepEqual(named, ['jwt', 'api-key', ...fields]);
});
