import assert from 'node:assert/strict';
import { test } from 'node:test';
import { network } from '../../../src/schema-values.ts';
import { ipAccessStage } from '../../../src/stages/ip-access.ts';
import { codeOf, compile, createDeps, createRequest, run } from '../../support/auth.ts';

async function from(clientAddress: string, options: object): Promise<string | undefined> {
  return codeOf(
    await run(compile(ipAccessStage, { options, deps: createDeps().deps }), createRequest({ clientAddress })),
  );
}

test('only the networks of ipAllow get in, IPv4 and IPv6', async () => {
  const options = { ipAllow: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'] };
  for (const address of ['10.255.0.1', '2001:db8:1::1', '192.0.2.7', '::ffff:10.1.1.1'])
    assert.equal(await from(address, options), undefined, address);
  for (const address of ['11.0.0.1', '2001:db9::1', '192.0.2.8', '::1', ''])
    assert.equal(await from(address, options), 'address_refused', address);
});

test('ipDeny wins over ipAllow', async () => {
  const options = { ipAllow: ['10.0.0.0/8'], ipDeny: ['10.1.0.0/16'] };
  assert.equal(await from('10.2.0.1', options), undefined);
  assert.equal(await from('10.1.0.1', options), 'address_refused');
  assert.equal(await from('203.0.113.9', { ipDeny: ['10.1.0.0/16'] }), undefined);
});

test('what is neither address nor network is a fault of the file', () => {
  for (const text of ['10.0.0.0/33', '10.0.0/8', 'example.com', '::/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1']) {
    assert.equal(network.safeParse(text).success, false, text);
  }
});
