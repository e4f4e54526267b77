import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, it } from 'node:test';
import { createAddressPolicy } from '../../../../src/upstream/discovery/address-policy.ts';

describe('the guard against addresses that no service has', () => {
  it('refuses the gateway itself on every address of this machine, and only on its own ports', () => {
    const policy = createAddressPolicy(undefined, [3000, 9901]);
    const own = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .map(({ address }) => address);
    for (const host of [
      '127.0.0.1',
      '127.8.8.8',
      '::1',
      '::ffff:127.0.0.1',
      ...own.filter((one) => !one.includes('%')),
    ]) {
      assert.equal(policy(host, 3000), 'it is the gateway itself', host);
    }
    assert.equal(policy('127.0.0.1', 3001), undefined);
    assert.equal(policy('10.255.0.1', 3000), undefined);
  });

  it('refuses metadata addresses in every spelling', () => {
    const policy = createAddressPolicy(undefined, []);
    const bad = ['169.254.169.254', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe', 'fd00:ec2::254', '100.100.100.200'];
    for (const host of [...bad, '0.0.0.0', '::', 'fe80::1', '224.0.0.251', '255.255.255.255', 'ff02::1']) {
      assert.notEqual(policy(host, 80), undefined, host);
    }
    for (const name of ['metadata.google.internal', '2852039166', '0xa9fea9fe', '169.254.43518', '']) {
      assert.notEqual(policy(name, 80), undefined, name);
    }
  });

  it('knows only the allowed networks where some are named, and never the gateway itself', () => {
    const policy = createAddressPolicy(['169.254.1.0/24', '127.0.0.0/8'], [3000]);
    assert.equal(policy('169.254.1.7', 80), undefined);
    assert.equal(policy('10.0.0.1', 80), 'it is outside the networks in "allow"');
    assert.notEqual(policy('127.0.0.1', 3000), undefined);
  });
});
