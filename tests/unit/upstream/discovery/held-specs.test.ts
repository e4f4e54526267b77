import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { createHeldSpecs } from '../../../../src/upstream/discovery/held-specs.ts';
import type { TargetSpec } from '../../../../src/upstream/target.ts';

const spec = (url: string, weight = 1): TargetSpec => ({ url, weight });

describe('what discovery said last', () => {
  afterEach(() => mock.timers.reset());

  it('stays for 60 seconds when there is suddenly nothing, unless discovery fails meanwhile', () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const held = createHeldSpecs();
    held.accept([spec('http://a')]);
    held.accept([]);
    mock.timers.tick(59_999);
    assert.equal(held.state, 'stale');
    held.fail();
    mock.timers.tick(60_000);
    assert.equal(held.specs.length, 1, 'who fails now may have been wrong before');
    held.accept([]);
    mock.timers.tick(60_000);
    assert.equal(held.state, 'empty');
    held.close();
  });

  it('stays beside the first that come back after an emptiness, until they are back or their time is over', () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const held = createHeldSpecs();
    const urls = () => held.specs.map(({ url }) => url.at(-1)).join('');
    const told: string[] = [];
    held.subscribe(() => told.push(urls()));
    held.accept([spec('http://a'), spec('http://b'), spec('http://c')]);
    held.accept([]);
    mock.timers.tick(20_000);
    held.accept([spec('http://d')]);
    assert.equal(urls(), 'abcd', 'one that registers first does not get all traffic');
    held.fail();
    held.accept([spec('http://b', 5), spec('http://d')]);
    assert.equal(urls(), 'abcd');
    assert.equal(held.specs[1]?.weight, 5, 'what is said now counts');
    assert.equal(held.state, 'stale');
    mock.timers.tick(59_999);
    assert.equal(urls(), 'abcd', 'the failure began the grace anew');
    mock.timers.tick(1);
    assert.equal(urls(), 'bd');
    assert.equal(held.state, 'ok');
    held.accept([spec('http://d')]);
    assert.deepEqual(told, ['abc', 'abcd', 'abcd', 'bd', 'd'], 'without an emptiness who is gone is gone');
    held.close();
  });

  it('is told to listeners only when it has changed, whatever its order', () => {
    const held = createHeldSpecs();
    let told = 0;
    held.subscribe(() => {
      told += 1;
    });
    held.accept([spec('http://a'), spec('http://b')]);
    held.accept([spec('http://b'), spec('http://a')]);
    held.fail();
    held.accept([spec('http://a'), spec('http://b')]);
    assert.equal(told, 1);
    held.accept([spec('http://a'), spec('http://b', 2)]);
    assert.equal(told, 2, 'a weight is a change');
  });
});
