import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { followScripted, untilAddresses } from '../support/discovery.ts';
import { instanceAt } from '../support/scripted-consul.ts';
import { until } from '../support/until.ts';

const A = '10.0.0.1:4001';
const B = '10.0.0.2:4001';

describe('the instances that Consul names', () => {
  it('takes the address of the node where the service names none, and its weight', async (t) => {
    const { consul, source } = await followScripted(t);
    consul.publish([instanceAt(':8080', { nodeAddress: '10.1.1.1', weight: 7 }), instanceAt('2001:db8::1:80')]);
    await untilAddresses(source, '10.1.1.1:8080 [2001:db8::1]');
    assert.deepEqual(
      source.specs.map((spec) => spec.weight),
      [7, 1],
    );
  });

  it('leaves out metadata addresses, itself, names and nonsense, and says why', async (t) => {
    const { consul, source, lines } = await followScripted(t);
    const bad = [
      '169.254.169.254:80',
      'fe80::1:80',
      '0.0.0.0:80',
      '224.0.0.1:80',
      '127.0.0.1:3000',
      'metadata.local:80',
    ];
    consul.publish([B, ...bad, '10.0.0.3:0', '2852039166:80', '::ffff:169.254.169.254:80']);
    await untilAddresses(source, B);
    for (const address of ['169.254.169.254', 'metadata.local', '127.0.0.1:3000']) {
      assert.ok(
        lines.some((line) => line.includes(address) && line.includes('left out')),
        address,
      );
    }
  });

  it('takes only addresses in the allowed networks, where some are named', async (t) => {
    const { consul, source } = await followScripted(t, {}, { allow: ['10.0.0.0/24', '2001:db8::/32'] });
    consul.publish([A, '10.0.1.1:80', '2001:db8::1:8080', '2001:db9::1:8080', '192.168.0.1:80']);
    await untilAddresses(source, `${A} [2001:db8::1]:8080`);
  });

  it('takes a thousand targets at most', async (t) => {
    const { consul, source } = await followScripted(t);
    consul.publish(Array.from({ length: 3_000 }, (_, index) => `10.1.${index >> 8}.${index & 255}:80`));
    await until(() => source.specs.length > 1);
    assert.equal(source.specs.length, 1_000);
  });
});
