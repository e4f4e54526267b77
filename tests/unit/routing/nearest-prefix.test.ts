import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked, tableOf } from '../../support/routes.ts';

test('a misspelt segment leads to the prefix that was meant', () => {
  const table = tableOf('/api/users', '/api/orders/:id/items', '/shop', '/v2/shop');
  for (const [path, nearest] of [
    ['/api/user', '/api/users'],
    ['/API/USERS/7', '/api/users'],
    ['/api/order/7/item', '/api/orders/:id/items'],
    ['/api', '/api/users'],
    ['/api/nothing-like-it', '/api/users'],
    ['/orders/7', '/api/orders/:id/items'],
    ['/v1/shop', '/v2/shop'],
  ] as const)
    assert.deepEqual(table.findNearest(asked(path)), { prefix: nearest }, path);
});

test('where nothing is near, nothing is named', () => {
  const table = tableOf('/api/users', '/shop');
  for (const path of ['/', '/wp-admin', '/favicon.ico', `/${'a'.repeat(8_000)}`, `${'/x'.repeat(4_000)}`])
    assert.equal(table.findNearest(asked(path)), undefined, path.slice(0, 40));
});

test('a route that covers the path says which of its conditions does not fit', () => {
  const table = tableOf(
    { prefix: '/', hosts: 'a.example' },
    { prefix: '/api', hosts: ['b.example', '*.c.example'] },
    { prefix: '/exact', exact: true },
    { prefix: '/beta', headers: { 'x-beta': 'yes' } },
    { prefix: '/items', pathRegex: '^/items/[0-9]+$' },
    { prefix: '/form', methods: ['POST'] },
  );
  for (const [path, nearest] of [
    ['/api/x', { prefix: '/api', wants: 'hosts' }],
    ['/exact/x', { prefix: '/exact', wants: 'exact' }],
    ['/beta/x', { prefix: '/beta', wants: 'headers' }],
    ['/items/x', { prefix: '/items', wants: 'pathRegex' }],
    ['/form', { prefix: '/form', wants: 'methods' }],
    ['/bet', { prefix: '/beta' }],
    ['/elsewhere', { prefix: '/', wants: 'hosts' }],
  ] as const)
    assert.deepEqual(table.findNearest(asked(path)), nearest, path);
});

test('thousands of routes make a path that leads nowhere no dearer', () => {
  const rows = (count: number) => Array.from({ length: count }, (_, i) => `/segment-${i}/below-${i}`);
  const costOf = (count: number): number => {
    const table = tableOf(...rows(count));
    const path = '/segment-x/below-x'.repeat(100);
    for (let i = 0; i < 200; i++) table.findNearest(asked(path));
    const before = process.threadCpuUsage();
    for (let i = 0; i < 500; i++) table.findNearest(asked(path));
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 500;
  };
  const many = costOf(5_000);
  assert.ok(many < 500, `${many} µs a path`);
});
