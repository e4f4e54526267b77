import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { loadRoutesWith } from '../../../src/config/load-with.ts';
import { STAGES } from '../../../src/stages.ts';
import { configFolder, faultsOf } from '../../support/config-files.ts';

const OPEN = { auth: 'none' };
const USERS = { prefix: '/api/users', target: 'http://localhost:1', ...OPEN };

/** The faults of a file with the route of users and an aggregate of these parts. */
function faultsIn(t: TestContext, aggregate: unknown, others: readonly object[] = [], route: object = {}): string[] {
  const routes = [{ prefix: '/all/:id', aggregate, ...OPEN, ...route }, USERS, ...others];
  const folder = configFolder(t, { 'routes.json': { routes } });
  const load = () => loadRoutesWith(STAGES, `${folder}/routes.json`, { env: {} });
  try {
    load();
    return [];
  } catch {
    return faultsOf(load).map(
      ({ path, message, hint }) => `${path}: ${message}${hint === undefined ? '' : ` (${hint})`}`,
    );
  }
}

test('an aggregate of routes of the file is taken', (t) => {
  const parts = {
    user: { route: '/api/users/:id', pick: ['id', 'home.city'], timeout: '2s', maxSize: '2mb' },
    boss: { route: '/api/users/${parts.user.boss[0].id}?of=${params.id}', after: 'user' },
    rest: { route: '/api/users', after: ['user', 'boss'], optional: true },
  };
  assert.deepEqual(faultsIn(t, parts), []);
  // It is either this very aggregate, or no route.
  assert.match(faultsIn(t, { a: { route: '/${params.id}/x' } }).join(), /leads back/);
  assert.deepEqual(faultsIn(t, { a: { route: '/api/${params.id}/x' } }), []);
  assert.deepEqual(faultsIn(t, { constructor: { route: '/api/users' } }), []);
});

test('names that are no names, unknown keys and too many parts are refused', (t) => {
  for (const name of ['_errors', 'a-b', '1a', '']) {
    assert.match(faultsIn(t, { [name]: { route: '/api/users' } }).join(), /expected the name of a part/, name);
  }
  assert.match(faultsIn(t, { a: { route: '/api/users', picks: [] } }).join(), /unknown key.*"pick"/);
  assert.match(faultsIn(t, {}).join(), /1 to 32 parts, and this one has 0/);
  const many = Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`p${at}`, { route: '/api/users' }]));
  assert.match(faultsIn(t, many).join(), /1 to 32 parts, and this one has 33/);
});

test('what a part comes after must be there, and a circle is told', (t) => {
  const route = '/api/users';
  assert.match(
    faultsIn(t, { user: { route }, b: { route, after: 'usr' } }).join(),
    /b\/after: there is no part "usr" \(did you mean "user"\?\)/,
  );
  assert.match(
    faultsIn(t, { a: { route, after: 'b' }, b: { route, after: 'c' }, c: { route, after: 'a' } }).join(),
    /a\/after: waits for itself: "a" -> "b" -> "c" -> "a"/,
  );
  assert.match(faultsIn(t, { a: { route, after: 'a' } }).join(), /waits for itself: "a" -> "a"/);
  assert.match(
    faultsIn(t, { a: { route, optional: true }, b: { route, after: 'a' } }).join(),
    /b\/after: needs "a", which may be missing/,
  );
  assert.match(
    faultsIn(t, { a: { route }, b: { route: '/api/users/${parts.a.id}' } }).join(),
    /b\/route: uses \$\{parts.a.id\}.*say "after": "a"/,
  );
  assert.match(
    faultsIn(t, { user: { route }, b: { route: '/api/users/${parts.usr.id}', after: 'user' } }).join(),
    /there is no part "usr" \(did you mean "user"\?\)/,
  );
});

test('a part must lead to a route of the file, by GET', (t) => {
  const fault = (route: string, others: readonly object[] = []) => faultsIn(t, { a: { route } }, others).join();
  assert.match(fault('/api/user'), /leads nowhere.*did you mean "\/api\/users"/);
  assert.match(fault('/-/me'), /leads nowhere/);
  assert.match(fault('/api//users'), /is no path as it is matched.*"\/api\/users"/);
  assert.match(fault('/api/users/../x'), /is no path as it is matched/);
  assert.match(fault('/api/users/:name'), /uses ":name", which the prefix "\/all\/:id" does not have/);
  const post = { prefix: '/api/jobs', methods: ['POST'], target: 'http://localhost:1', ...OPEN };
  assert.match(fault('/api/jobs', [post]), /takes no GET/);
  assert.equal(fault('/api/jobs', [post, { ...post, methods: ['GET'] }]), '');
  const exact = { prefix: '/api/one', exact: true, target: 'http://localhost:1', ...OPEN };
  assert.equal(fault('/api/one/', [exact]), '');
  assert.match(fault('/api/one/x', [exact]), /leads nowhere/);
});

test('a part leads to no route that needs a signature of the request itself', (t) => {
  const fault = (auth: unknown) => {
    const partner = { prefix: '/api/partner', target: 'http://localhost:1', auth };
    return faultsIn(t, { a: { route: '/api/partner' } }, [partner]).join();
  };
  assert.match(fault('http-signature'), /a\/route: leads to a route with "http-signature", and no part is signed/);
  assert.match(fault({ all: ['api-key', 'http-signature'] }), /leads to a route with "http-signature"/);
  assert.doesNotMatch(fault(['api-key', 'http-signature']), /leads to/);
  assert.doesNotMatch(fault({ any: ['http-signature'], optional: true }), /leads to/);
});

test('aggregates that lead to each other are refused where the file shows it', (t) => {
  assert.match(faultsIn(t, { a: { route: '/all/:id' } }).join(), /leads back to this very aggregate/);
  const other = (route: string) => ({ prefix: '/other', aggregate: { b: { route } }, ...OPEN });
  const faults = faultsIn(t, { a: { route: '/other' } }, [other('/all/7')]);
  assert.equal(faults.length, 2);
  assert.deepEqual(faultsIn(t, { a: { route: '/other' } }, [other('/api/users')]), []);
});

test('an aggregate takes no other method, and is the only ending of its route', (t) => {
  const parts = { a: { route: '/api/users' } };
  assert.match(faultsIn(t, parts, [], { methods: ['GET', 'POST'] }).join(), /methods: an aggregate takes no POST/);
  assert.deepEqual(faultsIn(t, parts, [], { methods: ['GET'] }), []);
  assert.match(faultsIn(t, parts, [], { target: 'http://localhost:1' }).join(), /has one ending/);
});
