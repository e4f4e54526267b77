import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultOfRoute, faultsIn, loadIn } from '../../support/sample-config.ts';

test('two routes with the very same conditions are a fault that names the first', (t) => {
  const text =
    '{ "routes": [\n{ "prefix": "/a/:id", "target": "x", "methods": ["GET", "POST"] },\n{ "prefix": "/a/:name", "target": "y", "methods": ["POST", "GET"] }] }';
  const [fault, ...others] = faultsIn(t, text);
  assert.deepEqual(others, []);
  assert.equal(fault?.path, '/routes/1/prefix');
  assert.match(fault?.message ?? '', /very same conditions as the route at .*routes\.json:2/);
});

test('routes that differ in methods, hosts or headers may share a prefix', (t) => {
  const route = { prefix: '/a', target: 'x' };
  const routes = [
    route,
    { ...route, methods: ['GET'] },
    { ...route, hosts: ['a.example'] },
    { ...route, headers: { 'x-beta': '1' } },
  ];
  assert.equal(loadIn(t, { routes }).config.routes.length, 4);
});

for (const prefix of ['/health', '/health/live', '/-', '/-/me']) {
  test(`a route that claims ${prefix} is refused`, (t) => {
    assert.match(faultOfRoute(t, { prefix }).message, /belongs to the gateway/);
  });
}

test('a route near the reserved paths is fine', (t) => {
  const routes = ['/healthy', '/-x', '/api/health'].map((prefix) => ({ prefix, target: 'x' }));
  assert.equal(loadIn(t, { routes }).config.routes.length, 3);
});

test('a route has exactly one ending', (t) => {
  assert.match(faultOfRoute(t, { target: undefined }).message, /leads nowhere/);
  const services = { a: { targets: ['x'] } };
  const [fault] = faultsIn(t, { services, routes: [{ prefix: '/a', service: 'a', target: 'x' }] });
  assert.match(fault?.message ?? '', /one ending, and this one has "service" too/);
});
