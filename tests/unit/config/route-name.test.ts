import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { nameOfRoute } from '../../../src/config/route-name.ts';
import { matchKeys } from '../../../src/routing/keys.ts';

const route = z.strictObject({ name: z.string().optional(), ...matchKeys });
const name = (keys: object): string => nameOfRoute(route.parse(keys));

test('a route is called by its name, or by its conditions', () => {
  assert.equal(name({ name: 'users', prefix: '/api/users' }), 'users');
  assert.equal(name({ prefix: '/api/users' }), '/api/users');
  assert.equal(
    name({ prefix: ['/a', '/b'], methods: ['GET', 'PUT'], hosts: 'api.example.com' }),
    'GET,PUT api.example.com /a,/b',
  );
});

test('routes that differ in one condition alone have different names', () => {
  const names = [
    {},
    { exact: true },
    { headers: { 'x-beta': true } },
    { headers: { 'x-beta': '1' } },
    { pathRegex: 'v[12]' },
    { methods: 'GET' },
    { hosts: '*.example.com' },
  ].map((conditions) => name({ prefix: '/api', ...conditions }));
  assert.equal(new Set(names).size, names.length);
});
