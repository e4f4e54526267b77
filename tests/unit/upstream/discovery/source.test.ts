import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createStaticTargets } from '../../../../src/upstream/discovery/source.ts';

describe('targets from the file', () => {
  it('never change, and are there at once', async () => {
    const source = createStaticTargets([{ url: 'http://a', weight: 1 }]);
    await source.ready;
    assert.deepEqual(source.specs, [{ url: 'http://a', weight: 1 }]);
    assert.equal(source.state, 'ok');
    assert.equal(createStaticTargets([]).state, 'empty');
  });
});
