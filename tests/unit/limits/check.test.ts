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
  const told = (options: object) =>
    rateLimitSchema
      .safeParse({ limit: 5, window: '1s', ...options })
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  const [needsBurst, noBurst] = [': a token-bucket needs "burst"', 'burst: "burst" belongs to a token-bucket'];
  assert.deepEqual(told({ algorithm: 'token-bucket' }), [needsBurst]);
  assert.deepEqual(told({ burst: 3 }), [noBurst]);
  assert.equal(told({ algorithm: 'token-bucket', burst: 0 }), undefined);
  // Beside another fault, but not where it may be the reason.
  assert.equal(told({ limit: 0, algorithm: 'token-bucket' })?.[1], needsBurst);
  assert.equal(told({ limit: 0, burst: 3 })?.[1], noBurst);
  assert.equal(told({ algoritm: 'token-bucket', burst: 3 })?.length, 1);
  assert.equal(told({ algorithm: 'token-buckt', burst: 3 })?.length, 1);
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
  const rateLimits = [{ limit: 3, window: '1m' }];
  assert.deepEqual(faultsOf({}, [{ cost: 4, rateLimits }]), [
    'routes.0.cost: a call of cost 4 could never pass the limit of 3 in 1m',
  ]);
});

test('a window is at least a tenth of a second and has a unit', () => {
  for (const window of ['50ms', 60, '10']) assert.equal(rateLimitSchema.safeParse({ limit: 1, window }).success, false);
});

test('whose calls are counted is one of the known ways', () => {
  for (const by of ['ip', 'header:', 'header:a b', 'claim:']) {
    assert.equal(rateLimitSchema.safeParse({ limit: 1, window: '1s', by }).success, false, by);
  }
});

test('limits out of order, of which the shorter could never be reached, are a fault', () => {
  const wrong = [
    { limit: 100, window: '1m' },
    { limit: 50, window: '1h' },
  ];
  const expected = 'rateLimits.0: can never be reached: entry 1 allows only 50 in 1h';
  assert.deepEqual(faultsOf({ rateLimits: wrong }), [expected]);
  assert.deepEqual(faultsOf({}, [{ rateLimits: wrong }]), [`routes.0.${expected}`]);
  assert.deepEqual(faultsOf({ plans: { free: { rateLimits: wrong } } }), [`plans.free.${expected}`]);
  assert.deepEqual(faultsOf({ rateLimits: [{ ...wrong[0], by: 'address' }, wrong[1] as object] }), [], 'of others');
  assert.deepEqual(
    faultsOf({ rateLimits: [{ ...wrong[0], algorithm: 'token-bucket', burst: 0 }, wrong[1] as object] }),
    [],
  );
  const quota = { limit: 50, period: 'day' };
  assert.deepEqual(faultsOf({ plans: { free: { rateLimits: [wrong[0]], quota } } }), [
    'plans.free.rateLimits.0: can never be reached: the quota allows only 50 a day',
  ]);
  assert.deepEqual(faultsOf({ plans: { free: { rateLimits: [{ limit: 60, window: '2d' }], quota } } }), []);
});

test('a limit by a header that no stage ever sees is a fault', () => {
  for (const name of ['X-User-Id', 'x-consumer-name', 'X_Tenant']) {
    const [fault] = faultsOf({ rateLimits: [{ limit: 5, window: '1m', by: `header:${name}` }] });
    assert.match(fault ?? '', /^rateLimits\.0\.by: the header ".*" never gets this far/, name);
  }
  for (const name of ['X-Tenant', 'X-Forwarded-Host', 'Authorization', 'X-API-Key'])
    assert.deepEqual(faultsOf({ rateLimits: [{ limit: 5, window: '1m', by: `header:${name}` }] }), [], name);
});

test('a limit that is never reached says how to mend it', () => {
  const hints: string[] = [];
  const list = [
    { limit: 100, window: '1m' },
    { limit: 50, window: '1h' },
  ];
  const file = { plans: { free: { rateLimits: [list[0]], quota: { limit: 12, period: 'month' } } }, rateLimits: list };
  checkLimits(FILE.parse(file), [], (_path, _message, hint) => hints.push(hint ?? ''));
  assert.match(hints.join('\n'), /raise "limit" of entry 1 above 100, lower this one to 50 at most/);
  assert.match(hints.join('\n'), /raise the quota above 100, lower this "limit" to 12 at most/);
});
