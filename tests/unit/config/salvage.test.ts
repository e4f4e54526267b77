import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { loadRoutesWith } from '../../../src/config/load-with.ts';
import { STAGES } from '../../../src/stages.ts';
import { configFolder, faultsOf } from '../../support/config-files.ts';

/** Path and beginning of each fault, all that one round tells. */
function toldOf(t: TestContext, file: object): string[] {
  const folder = configFolder(t, { 'routes.json': file });
  return faultsOf(() => loadRoutesWith(STAGES, `${folder}/routes.json`, { env: {} })).map(
    ({ path, message }) => `${path} ${message}`,
  );
}

const ROUTE = { prefix: '/a', target: 'http://localhost:4001', auth: 'none' };

test('a wrong key of a route hides no fault of its others', (t) => {
  const rateLimits = [{ limit: 5, window: 10, burst: 3 }];
  const route = { ...ROUTE, service: 'users', shadow: 7, rateLimits, redirect: { to: '/a/b' } };
  const [...told] = toldOf(t, { routes: [{ ...route, prefix: ['/a', '/health'], cors: { credentials: 1 } }] });
  for (const expected of [
    /^\/routes\/0\/shadow /,
    /^\/routes\/0\/cors\/credentials /,
    /^\/routes\/0\/rateLimits\/0\/window /,
    /^\/routes\/0\/rateLimits\/0\/burst "burst" belongs to a token-bucket/,
    /^\/routes\/0\/service there is no service "users"/,
    /^\/routes\/0\/target a route has one ending/,
    /^\/routes\/0\/prefix "\/health" belongs to the gateway/,
    /^\/routes\/0\/redirect\/to leads back/,
  ]) {
    assert.ok(
      told.some((fault) => expected.test(fault)),
      `${expected} in ${JSON.stringify(told, undefined, 1)}`,
    );
  }
  assert.equal(told.length, 8);
});

test('a wrong service hides no fault of a route, nor of another service, and is there for those that name it', (t) => {
  const services = { users: { targets: 5 }, orders: {} };
  const routes = [
    { prefix: '/u', service: 'users', auth: 'none' },
    { prefix: '/o', service: 'order', auth: 'none' },
  ];
  assert.deepEqual(
    toldOf(t, { services, routes }).map((fault) => fault.split(' ')[0]),
    ['/services/users/targets', '/services/orders', '/routes/1/service'],
  );
});

test('a wrong plan hides no fault of another, and is there for those that name it', (t) => {
  const told = toldOf(t, {
    plans: { free: { quota: 5 }, gold: { rateLimits: [{ limit: 9, window: '1m', by: 'header:x_y' }] } },
    defaultPlan: 'free',
    consumers: [
      { name: 'app', plan: 'free' },
      { name: 'web', plan: 'gold' },
      { name: 'cli', plan: 'silver' },
    ],
    routes: [ROUTE],
  });
  assert.deepEqual(
    told.map((fault) => fault.split(' ')[0]),
    ['/plans/free/quota', '/plans/gold/rateLimits/0/by', '/consumers/2/plan'],
  );
});

for (const [what, keys, place] of [
  ['a wrong ending is no missing one', { target: 5 }, '/routes/0/target'],
  ['a misspelt ending is no missing one', { target: undefined, sevice: 'x' }, '/routes/0/sevice'],
  ['an unknown key may have been the ending', { target: undefined, proxyTo: 'x' }, '/routes/0/proxyTo'],
  ['a wrong prefix is no reserved one', { prefix: 5 }, '/routes/0/prefix'],
  ['a wrong prefix lacks no name', { prefix: '/u/:id ?', rewritePrefix: '/users/:id' }, '/routes/0/prefix'],
  ['a misspelt prefix is no missing one', { prefix: undefined, prefx: '/a' }, '/routes/0/prefx'],
  ['a wrong auth is no open door', { auth: 5, shadow: ['authenticate'] }, '/routes/0/auth'],
  ['a wrong limit shadows nothing', { ipAllow: 'x', shadow: ['ipAccess'] }, '/routes/0/ipAllow'],
] as const) {
  test(`a fault is told once: ${what}`, (t) => {
    const told = toldOf(t, { routes: [{ ...ROUTE, ...keys }] });
    assert.deepEqual(
      told.map((fault) => fault.split(' ')[0]),
      [place],
    );
  });
}

test('a route that is wrong in another key still has the prefix that redirects lead to', (t) => {
  const routes = [
    { prefix: '/', redirect: { to: '/app' }, auth: 'none' },
    { ...ROUTE, prefix: '/app', bodyLimit: 'much' },
  ];
  assert.deepEqual(
    toldOf(t, { routes }).map((fault) => fault.split(' ')[0]),
    ['/routes/1/bodyLimit'],
  );
});

test('a misspelt key of the file is no missing one', (t) => {
  const told = toldOf(t, { servces: {}, routes: [{ prefix: '/u', service: 'users', auth: 'none' }] });
  assert.deepEqual(
    told.map((fault) => fault.split(' ')[0]),
    ['/servces'],
  );
});

test('where no services can be made out, none is missing', (t) => {
  const told = toldOf(t, { services: [], routes: [{ prefix: '/u', service: 'users', auth: 'none' }] });
  assert.deepEqual(
    told.map((fault) => fault.split(' ')[0]),
    ['/services'],
  );
});
