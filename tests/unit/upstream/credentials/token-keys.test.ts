import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { parseTokenKey, TokenKeys, type TokenKeysOptions } from '../../../../src/upstream/credentials/token-keys.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const MADE: TokenKeysOptions = { issuer: 'i', keys: [], algorithm: 'ES256', rotateEveryMs: DAY_MS };
const kidsOf = (keys: TokenKeys): string[] => keys.jwks().keys.map((key) => (key as { kid: string }).kid);

function createKeys() {
  let nowMs = 0;
  const keys = new TokenKeys({ now: () => nowMs });
  keys.follow(MADE);
  return {
    keys,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe('the keys of the tokens for services', () => {
  it('are published before they sign, and for an hour after', () => {
    const { keys, pass } = createKeys();
    const [current, next] = kidsOf(keys);
    assert.equal(keys.current().kid, current);
    pass(DAY_MS);
    assert.equal(keys.current().kid, next);
    assert.deepEqual(kidsOf(keys).slice(0, 1), [next]);
    assert.ok(kidsOf(keys).includes(String(current)), 'tokens of it are still good');
    pass(65 * 60 * 1000);
    assert.ok(!kidsOf(keys).includes(String(current)));
    assert.equal(kidsOf(keys).length, 2);
  });

  it('outlive a reload that says nothing new of them', () => {
    const { keys } = createKeys();
    const before = kidsOf(keys);
    keys.follow({ ...MADE, issuer: 'another' });
    assert.deepEqual(kidsOf(keys), before);
    assert.equal(keys.issuer, 'another');
  });

  it('stay published when the file names others', () => {
    const { keys } = createKeys();
    const made = kidsOf(keys);
    const key = parseTokenKey(JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })));
    keys.follow({ ...MADE, keys: [key] });
    assert.equal(keys.current().kid, key.kid);
    assert.deepEqual(kidsOf(keys), [key.kid, ...made]);
  });

  it('are named by their thumbprint, or as their JWK says', () => {
    // RFC 8037, appendix A.1 and A.3.
    const jwk = {
      kty: 'OKP',
      crv: 'Ed25519',
      d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
      x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
    };
    assert.equal(parseTokenKey(JSON.stringify(jwk)).kid, 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
    const named = parseTokenKey(JSON.stringify({ ...jwk, kid: 'mine' }));
    assert.equal(named.kid, 'mine');
    assert.equal(named.publicJwk['d'], undefined);
  });
});
