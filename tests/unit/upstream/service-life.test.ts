import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../../../src/deps.ts';
import { bulkheadOption } from '../../../src/upstream/bulkhead.ts';
import { healthCheckOption } from '../../../src/upstream/health/active.ts';
import { type Edition, ServiceLife } from '../../../src/upstream/service-life.ts';
import type { Target } from '../../../src/upstream/target.ts';
import { createTargets } from '../../support/targets.ts';

const nobodyAnswers: Call = () => new Promise(() => undefined);

/** An edition of a service with these targets, which gives them this weight. */
function edition(targets: readonly Target[], weight: number, options: Partial<Edition> = {}): Edition {
  return {
    bulkheadOptions: bulkheadOption.parse({ inFlight: weight }),
    healthCheck: undefined,
    targets,
    applyWeights() {
      for (const target of targets) target.weight = weight;
    },
    report: () => assert.fail('nobody asks in this test'),
    ...options,
  };
}

test('the edition that came into force last decides, and when it is let go, the one before it', () => {
  const targets = createTargets({ a: 1 });
  const life = new ServiceLife(nobodyAnswers, () => undefined);
  const [first, second] = [edition(targets, 1), edition(targets, 2)];
  const places = (): number => {
    let taken = 0;
    while (life.bulkhead.enter()) taken += 1;
    for (let left = 0; left < taken; left += 1) life.bulkhead.leave();
    return taken;
  };
  life.enter(first);
  life.enter(second);
  assert.deepEqual([targets[0]?.weight, places()], [2, 2]);
  life.leave(second);
  assert.deepEqual([targets[0]?.weight, places()], [1, 1], 'its file was refused');
  life.enter(second);
  life.enter(first);
  assert.deepEqual([targets[0]?.weight, places()], [1, 1], 'the file was turned back');
  life.leave(second);
  assert.equal(life.edition, first);
});

test('calls under way are counted on through an edit', () => {
  const life = new ServiceLife(nobodyAnswers, () => undefined);
  life.enter(edition([], 2));
  assert.deepEqual([life.bulkhead.enter(), life.bulkhead.enter()], [true, true]);
  life.enter(edition([], 1));
  life.bulkhead.leave();
  assert.equal(life.bulkhead.enter(), false, 'one is under way, and one is allowed now');
  life.bulkhead.leave();
  assert.equal(life.bulkhead.enter(), true);
});

test('a target that checks had taken out is no longer out when nobody checks', () => {
  const targets = createTargets({ a: 1 });
  const life = new ServiceLife(nobodyAnswers, () => undefined);
  life.enter(edition(targets, 1, { healthCheck: healthCheckOption.parse({ path: '/health' }) }));
  (targets[0] as Target).activeHealth = 'down';
  life.enter(edition(targets, 1));
  assert.equal(targets[0]?.activeHealth, 'unknown');
  life.close();
});
