import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { loadRoutesWith } from '../../../src/config/load-with.ts';
import { STAGES } from '../../../src/stages.ts';
import { configFolder, faultsOf } from '../../support/config-files.ts';

function faultsIn(t: TestContext, routes: readonly object[]): string[] {
  const folder = configFolder(t, { 'routes.json': { routes } });
  return faultsOf(() => loadRoutesWith(STAGES, `${folder}/routes.json`, { env: {} })).map(
    ({ path, message }) => `${path}: ${message}`,
  );
}

const OPEN = { auth: 'none' };

test('what is no path of ours and no address is refused', (t) => {
  for (const to of [
    'new',
    '',
    '//evil.example',
    '/\\evil',
    '/a?b=1',
    '/a#b',
    '/a b',
    'ftp://a',
    'https://a@b',
    'https://a?b',
    '/a/../b',
    'https://',
  ]) {
    const [fault, ...others] = faultsIn(t, [{ prefix: '/old', redirect: { to }, ...OPEN }]);
    assert.deepEqual(others, [], to);
    assert.match(fault ?? `${to} was taken`, /^\/routes\/0\/redirect\/to: /);
  }
});

test('only a status that redirects is taken', (t) => {
  const [fault] = faultsIn(t, [{ prefix: '/old', redirect: { to: '/new', status: 304 }, ...OPEN }]);
  assert.match(fault ?? '', /^\/routes\/0\/redirect\/status: /);
});

test('a segment that the prefix does not name is refused', (t) => {
  const [fault] = faultsIn(t, [{ prefix: '/u/:id', redirect: { to: '/users/:name' }, ...OPEN }]);
  assert.match(fault ?? '', /uses ":name"/);
});

test('a redirect that leads back to its own route for ever is refused', (t) => {
  const loop = { prefix: '/a', redirect: { to: '/a/b' }, ...OPEN };
  assert.match(faultsIn(t, [loop])[0] ?? '', /leads back to the route itself/);
  assert.match(faultsIn(t, [{ prefix: '/', redirect: { to: '/app' }, ...OPEN }])[0] ?? '', /leads back/);
  for (const to of ['/a', '/a/']) {
    const [fault] = faultsIn(t, [{ prefix: '/a', exact: true, redirect: { to }, ...OPEN }]);
    assert.match(fault ?? to, /leads back to the route itself/);
  }
  const app = { prefix: '/app', target: 'http://localhost:1', ...OPEN };
  for (const fine of [
    [{ prefix: '/', redirect: { to: '/app' }, ...OPEN }, app],
    [{ prefix: '/a', exact: true, redirect: { to: '/a/b' }, ...OPEN }],
    [{ prefix: '/a', exact: true, pathRegex: '[^/]$', redirect: { to: '/a/' }, ...OPEN }],
    [{ prefix: '/a', exact: true, methods: ['POST'], redirect: { to: '/a', status: 303 }, ...OPEN }],
    [{ prefix: '/a', redirect: { to: '/ab' }, ...OPEN }],
    [{ prefix: '/a', redirect: { to: 'https://other.example/a' }, ...OPEN }],
  ]) {
    const folder = configFolder(t, { 'routes.json': { routes: fine } });
    assert.ok(loadRoutesWith(STAGES, `${folder}/routes.json`, { env: {} }));
  }
});

test('a redirect is an ending: beside another one it is refused', (t) => {
  const both = { prefix: '/a', redirect: { to: '/b' }, target: 'http://localhost:1', ...OPEN };
  assert.match(faultsIn(t, [both])[0] ?? '', /a route has one ending/);
});
