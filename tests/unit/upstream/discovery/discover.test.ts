import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { discoverOption } from '../../../../src/upstream/discovery/discover.ts';

describe('the key discover', () => {
  it('takes Consul and DNS, with their defaults', () => {
    assert.deepEqual(discoverOption.parse({ consul: 'orders', tag: 'v2' }), {
      consul: 'orders',
      tag: 'v2',
      scheme: 'http',
    });
    for (const dns of ['srv:_http._tcp.orders.local', 'a:orders.local:8080', 'orders.local:8080']) {
      assert.deepEqual(discoverOption.parse({ dns }), { dns, scheme: 'http' });
    }
  });

  it('refuses a name without its port, a port beside SRV, both ways at once, and a network that is none', () => {
    const bad = [
      { dns: 'orders.local' },
      { dns: 'srv:orders.local:80' },
      { dns: 'http://orders.local:80' },
      { dns: 'orders.local:0' },
      { dns: 'orders.local:99999' },
      { consul: 'orders', dns: 'orders.local:80' },
      { consul: 'orders', allow: ['10.0.0.0/33'] },
      { consul: 'orders', tags: 'v2' },
      {},
    ];
    for (const option of bad) assert.equal(discoverOption.safeParse(option).success, false, JSON.stringify(option));
  });
});
