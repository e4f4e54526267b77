import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';

/** A name that leads nowhere opened doors: an unknown plan had no limits, a rule for DELTE let DELETE through. */

const SECRET = 'a secret of the tests that is longer than 32 bytes';
const route = (more: object = {}) => ({ prefix: '/a', respond: { status: 204 }, ...more });

function load(t: TestContext, file: object, env: Record<string, string> = {}) {
  return startGateway(t, { file: { routes: [route()], ...file }, env });
}

test("a consumer's plan must be one of the plans, with and without a default plan", async (t) => {
  const plans = { free: {}, pro: {} };
  const consumers = (plan: string) => [{ name: 'a' }, { name: 'b', plan }];
  await load(t, { plans, consumers: consumers('pro') });
  await assert.rejects(load(t, { plans, consumers: consumers('por') }), (error: Error) => {
    assert.match(String(error), /there is no plan "por"/);
    assert.match(JSON.stringify(error), /did you mean \\"pro\\"|free, pro/);
    return true;
  });
  await assert.rejects(load(t, { plans, defaultPlan: 'free', consumers: consumers('por') }), /there is no plan "por"/);
  await assert.rejects(load(t, { consumers: consumers('pro') }), /there is no plan "pro"/);
});

test('rules are for methods of HTTP', async (t) => {
  const authorize = (method: string) => ({
    routes: [route({ authorize: { methods: { [method]: { roles: ['admin'] } } } })],
  });
  await load(t, authorize('DELETE'));
  await load(t, authorize('PROPFIND'));
  await assert.rejects(load(t, authorize('DELTE')), /"DELTE" is no method/);
  await assert.rejects(load(t, authorize('delete')), /DELETE/);
});

test('a route answers to methods of HTTP', async (t) => {
  await load(t, { routes: [route({ methods: ['DELETE', 'PURGE'] })] });
  await assert.rejects(load(t, { routes: [route({ methods: ['DELTE'] })] }), /"DELTE" is no method/);
});

test('the consumers that may call must exist, unless they are kept in Redis', async (t) => {
  const routes = [route({ authorize: { consumers: ['mobil'] } })];
  const perMethod = [route({ authorize: { methods: { GET: { consumers: ['mobil'] } } } })];
  const consumers = [{ name: 'mobile' }];
  await load(t, { consumers: [{ name: 'mobil' }], routes });
  await assert.rejects(load(t, { consumers, routes }), /there is no consumer "mobil"/);
  await assert.rejects(load(t, { consumers, routes: perMethod }), /there is no consumer "mobil"/);
  await load(t, { consumers, consumerStore: 'redis', routes });
});

test('faults of names stand with the others, each at its place', async (t) => {
  const file = {
    issuers: [{ issuer: 'a', secret: SECRET }],
    consumers: [{ name: 'b', plan: 'por' }],
    routes: [
      route({ authorize: { consumers: ['x'] } }),
      { ...route({ authorize: { methods: { DELTE: {} } } }), prefix: '/b' },
    ],
  };
  await assert.rejects(load(t, file), (error: Error & { faults: readonly { path: string }[] }) => {
    const paths = error.faults.map(({ path }) => path).sort();
    assert.deepEqual(paths, [
      '/consumers/0/plan',
      '/routes/0/authorize/consumers/0',
      '/routes/1/authorize/methods/DELTE',
    ]);
    return true;
  });
});
