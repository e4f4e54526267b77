import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pauseAfter } from '../../../../src/upstream/discovery/dns.ts';

describe('the pause between two DNS look-ups', () => {
  it('is the shortest TTL, from a second to five minutes, and up to a tenth longer', () => {
    const pause = (ttls: readonly number[], random = 0) =>
      pauseAfter(
        ttls.map((ttlSeconds) => ({ ttlSeconds })),
        () => random,
      );
    assert.equal(pause([60, 30, 90]), 30_000);
    assert.equal(pause([0]), 1_000);
    assert.equal(pause([86_400]), 300_000);
    assert.equal(pause([30], 1), 33_000);
  });
});
