import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formOf, PROVIDER_NAMES, type ProviderName, parsePieces } from '../../../../src/auth/signed/webhook-form.ts';

const read = (provider: ProviderName, field: string) => formOf(provider).read(field);

test('what is no signature of a provider is none', () => {
  const nonsense = [
    '',
    ' ',
    ',',
    '=',
    'v1',
    'v1=',
    'v1,',
    'sha256=',
    'sha256=abc',
    'sha256=zz',
    't=1',
    't=1,v1=',
    'v0=0',
  ];
  for (const provider of PROVIDER_NAMES) {
    for (const field of [...nonsense, 'x'.repeat(10_000), `sha256=${'0'.repeat(10_000)}`])
      assert.equal(read(provider, field), undefined, `${provider} ${field.slice(0, 20)}`);
  }
});

test('two fields that Node has joined are none', () => {
  const hex = '00'.repeat(32);
  assert.equal(read('github', `sha256=${hex}, sha256=${hex}`), undefined);
  assert.equal(read('slack', `v0=${hex}, v0=${hex}`), undefined);
  assert.equal(read('stripe', `t=1,v1=${hex}, t=2,v1=${hex}`), undefined);
  assert.equal(read('standard-webhooks', 'v1,AAAA, v1,AAAA'), undefined);
});

test('versions that are not known are left out', () => {
  const { signatures = [] } = read('standard-webhooks', 'v9,!! v1,AAAA v1a,BBBB') ?? {};
  assert.deepEqual(
    signatures.map(({ kind }) => kind),
    ['hmac', 'ed25519'],
  );
  assert.equal(read('stripe', 't=5,v0=zz,v1=00')?.timestamp, '5');
  assert.equal(read('stripe', `t=5${',v1=00'.repeat(9)}`), undefined, 'more than a rotation needs');
});

test('a template is read in pieces', () => {
  assert.deepEqual(parsePieces('v0:${timestamp}:${body}'), [
    { text: 'v0:' },
    { value: 'timestamp' },
    { text: ':' },
    { value: 'body' },
  ]);
});
