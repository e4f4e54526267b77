import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { groups, withGroups } from '../../../src/auth/groups.ts';

const KNOWN = groups.parse({
  partners: { plan: 'gold', roles: ['partner'], scopes: ['read'], metadata: { tier: 'a', region: 'eu' } },
  late: { plan: 'silver', scopes: ['read', 'write'], metadata: { tier: 'b', desk: '7' } },
});
const BARE = { name: 'app', roles: [], scopes: [], groups: ['partners', 'late'] };

test('plan and metadata are the own ones, then those of the group that is named first; roles and scopes add up', () => {
  const { plan, roles, scopes, metadata } = withGroups({ ...BARE, plan: undefined, metadata: { tier: 'own' } }, KNOWN);
  assert.deepEqual([plan, roles, scopes], ['gold', ['partner'], ['read', 'write']]);
  assert.deepEqual({ ...metadata }, { tier: 'own', region: 'eu', desk: '7' });
  assert.equal(withGroups({ ...BARE, plan: 'own' }, KNOWN).plan, 'own');
  assert.equal(withGroups({ ...BARE, plan: undefined, groups: ['late', 'partners'] }, KNOWN).plan, 'silver');
});

test('a group that is not there gives nothing, and neither does a name of every object', () => {
  const row = withGroups({ ...BARE, plan: undefined, groups: ['gone', 'constructor', 'toString'] }, KNOWN);
  assert.deepEqual([row.plan, row.roles, row.scopes], [undefined, [], []]);
});

test('metadata is small, and its names can be read by an expression', () => {
  const fault = (metadata: unknown) => {
    const { error } = groups.safeParse({ a: { metadata } });
    return error === undefined ? undefined : z.prettifyError(error);
  };
  assert.equal(fault({ tier: 'a', 'x-y_Z': '' }), undefined);
  assert.match(fault({ '1st': 'a' }) ?? '', /Invalid key/);
  assert.match(fault({ a: 'line\nline' }) ?? '', /control/);
  assert.match(fault({ a: 'x'.repeat(513) }) ?? '', /512/);
  assert.match(fault(Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`a${i}`, '']))) ?? '', /at most 32/);
  const large = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`a${i}`, 'x'.repeat(500)]));
  assert.match(fault(large) ?? '', /4096/);
});
