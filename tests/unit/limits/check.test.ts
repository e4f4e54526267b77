import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { checkLimits } from '../../../src/limits/check.ts';
import { planSchema, rateLimitSchema } from '../../../src/limits/schema.ts';

const FILE = z.object({
  rateLimits: z.array(rateLimitSchema).optional(),
  plans: z.record(z.string(), planSchema).optional(),
  defaultPlan: z.string().optional(),
});

function faultsOf(file: object, routes: readonly { rateLimits?: object[]; cost?: number }[] = []): string[] {
  const faults: string[] = [];
  const parsed = routes.map(({ rateLimits = [], cost }) => ({
    rateLimits: z.array(rateLimitSchema).parse(rateLimits),
    cost,
  }));
  checkLimits(FILE.parse(file), parsed, (path, message) => faults.push(`${path.join('.')}: ${message}`));
  return faults;
}

test('a default plan must be there', () => {
  assert.deepEqual(faultsOf({ defaultPlan: 'free' }), ['defaultPlan: there is no plan "free"']);
});

test('a bucket needs its burst, and nothing else has one', () => {
  const bucket = { limit: 5, window: '1s', algorithm: 'token-bucket' };
  assert.match(
    faultsOf({}, [{ rateLimits: [bucket] }])[0] ?? '',
    /^routes\.0\.rateLimits\.0: a token-bucket needs "burst"/,
  );
  assert.match(faultsOf({ rateLimits: [{ limit: 5, window: '1s', burst: 3 }] })[0] ?? '', /^rateLimits\.0\.burst/);
});

test('two limits that count the same calls are one too many, unless they are named', () => {
  const twice = [
    { limit: 5, window: '1m' },
    { limit: 9, window: '60s' },
  ];
  assert.match(
    faultsOf({ plans: { free: { rateLimits: twice } } })[0] ?? '',
    /^plans\.free\.rateLimits\.1: counts the same calls as entry 0/,
  );
  assert.deepEqual(faultsOf({ rateLimits: [twice[0], { ...twice[1], name: 'other' }] }), []);
});

test('a cost that no call could ever pay is a fault', () => {
  const plans = { free: { rateLimits: [{ limit: 3, window: '1m' }] } };
  assert.match(
    faultsOf({ plans }, [{ cost: 4 }])[0] ?? '',
    /^routes\.0\.cost: a call of cost 4 could never pass the limit "free-1m"/,
  );
  assert.deepEqual(faultsOf({ plans }, [{ cost: 3 }]), []);
});

test('a window is at least a tenth of a second and has a unit', () => {
  for (const window of ['50ms', 60, '10']) assert.equal(rateLimitSchema.safeParse({ limit: 1, window }).success, false);
});

test('whose calls are counted is one of the known ways', () => {
  for (const by of ['ip', 'header:', 'header:a b', 'claim:']) {
    assert.equal(rateLimitSchema.safeParse({ limit: 1, window: '1s', by }).success, false, by);
  }
});
