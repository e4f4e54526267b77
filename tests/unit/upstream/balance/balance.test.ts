import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { balanceOption, defaultBalance } from '../../../../src/upstream/balance/balance.ts';

describe('the key balance', () => {
  it('takes the four words and the two objects, and nothing else', () => {
    for (const good of ['least-busy', { hash: 'header:X-Tenant' }, { sticky: { cookie: 'lb' } }]) {
      assert.ok(balanceOption.safeParse(good).success, JSON.stringify(good));
    }
    for (const bad of ['random', { hash: 'header:' }, { hash: 'X-Tenant' }, { sticky: { cookie: 'a b' } }, {}]) {
      assert.ok(!balanceOption.safeParse(bad).success, JSON.stringify(bad));
    }
  });

  it('is least-busy by default, or weighted where weights differ', () => {
    assert.equal(
      defaultBalance([
        { url: 'http://a', weight: 1 },
        { url: 'http://b', weight: 1 },
      ]),
      'least-busy',
    );
    assert.equal(
      defaultBalance([
        { url: 'http://a', weight: 9 },
        { url: 'http://b', weight: 1 },
      ]),
      'weighted',
    );
  });
});
