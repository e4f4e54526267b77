import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asked, tableOf } from '../../support/routes.ts';

type Table = ReturnType<typeof tableOf>;

/** The route's name, `405 ALLOW` or 404. */
function outcome(table: Table, path: string, rest: Parameters<typeof asked>[1] = {}): string {
  const result = table.find(asked(path, rest));
  if (result.found) return result.route;
  return result.allow === undefined ? '404' : `405 ${result.allow}`;
}

describe('prefixes', () => {
  it('match at a segment boundary alone', () => {
    const table = tableOf('/api/user');
    assert.equal(outcome(table, '/api/user'), '/api/user');
    assert.equal(outcome(table, '/api/user/'), '/api/user');
    assert.equal(outcome(table, '/api/user/7'), '/api/user');
    assert.equal(outcome(table, '/api/users'), '404');
    assert.equal(outcome(table, '/api/use'), '404');
    assert.equal(outcome(table, '/api'), '404');
  });

  it('mind the case', () => {
    assert.equal(outcome(tableOf('/api'), '/API'), '404');
  });

  it('win by length, not by order', () => {
    const table = tableOf('/', '/api/users/admin', '/api', '/api/users');
    assert.equal(outcome(table, '/'), '/');
    assert.equal(outcome(table, '/apis'), '/');
    assert.equal(outcome(table, '/api/x'), '/api');
    assert.equal(outcome(table, '/api/users/7'), '/api/users');
    assert.equal(outcome(table, '/api/users/admin/x'), '/api/users/admin');
  });

  it('may be a list', () => {
    const table = tableOf({ name: 'both', prefix: ['/a', '/b/c'] });
    assert.equal(outcome(table, '/a/x'), 'both');
    assert.equal(outcome(table, '/b/c'), 'both');
    assert.equal(outcome(table, '/b'), '404');
  });

  it('tell how much of the path they cover', () => {
    const table = tableOf('/', '/api/users', '/shops/:shop');
    const lengthOf = (path: string) => {
      const result = table.find(asked(path));
      return result.found ? result.prefixLength : undefined;
    };
    assert.equal(lengthOf('/x'), 0);
    assert.equal(lengthOf('/api/users/7'), 10);
    assert.equal(lengthOf('/shops/berlin/x'), 13);
  });

  it('with exact match one path, a slash at its end included', () => {
    const table = tableOf({ name: 'one', prefix: '/a/b', exact: true }, { name: 'below', prefix: '/a' });
    assert.equal(outcome(table, '/a/b'), 'one');
    assert.equal(outcome(table, '/a/b/'), 'one');
    assert.equal(outcome(table, '/a/b/c'), 'below');
  });

  it('with exact win over the same prefix without', () => {
    const table = tableOf({ name: 'below', prefix: '/a' }, { name: 'one', prefix: '/a', exact: true });
    assert.equal(outcome(table, '/a'), 'one');
    assert.equal(outcome(table, '/a/b'), 'below');
  });
});

describe('names in prefixes', () => {
  it('take any one segment and are handed on with their escapes', () => {
    const result = tableOf('/shops/:shop/items/:item').find(asked('/shops/a%20b/items/7/x'));
    assert.ok(result.found);
    assert.deepEqual({ ...result.params }, { shop: 'a%20b', item: '7' });
    assert.equal(result.prefix, '/shops/:shop/items/:item');
  });

  it('do not take an empty segment', () => {
    assert.equal(outcome(tableOf('/shops/:shop'), '/shops/'), '404');
  });

  it('lose to a literal segment', () => {
    const table = tableOf('/users/:id', '/users/me');
    assert.equal(outcome(table, '/users/me'), '/users/me');
    assert.equal(outcome(table, '/users/you'), '/users/:id');
  });

  it('are tried where the literal segment leads nowhere', () => {
    const table = tableOf('/a/b/c', '/a/:x/d');
    assert.equal(outcome(table, '/a/b/d'), '/a/:x/d');
  });

  it('lose to a literal only where the prefixes are equally long', () => {
    const table = tableOf('/users/me', '/users/:id/orders');
    assert.equal(outcome(table, '/users/me/orders'), '/users/:id/orders');
    assert.equal(outcome(table, '/users/me/x'), '/users/me');
  });

  it('compare segment by segment from the left', () => {
    const table = tableOf('/:a/x', '/b/:c');
    assert.equal(outcome(table, '/b/x'), '/b/:c');
  });

  it('may differ between routes at the same place', () => {
    const table = tableOf(
      { name: 'get', prefix: '/u/:id', methods: 'GET' },
      { name: 'put', prefix: '/u/:user', methods: 'PUT' },
    );
    const result = table.find(asked('/u/7', { method: 'PUT' }));
    assert.ok(result.found);
    assert.deepEqual({ ...result.params }, { user: '7' });
  });
});

describe('a thousand routes', () => {
  const services = Array.from({ length: 1000 }, (_, number) => `/api/service-${number}`);

  it('cost a lookup what one costs', () => {
    const visits = (table: Table) => {
      outcome(table, '/api/service-999/items/7');
      return table.visitedNodes;
    };
    assert.equal(visits(tableOf(...services)), visits(tableOf('/api/service-999')));
  });

  it('that share a prefix and differ by host cost what one costs', () => {
    let asks = 0;
    const count = (fields: Record<string, string>, name: string | symbol) => {
      asks += 1;
      return Reflect.get(fields, name);
    };
    const headers = new Proxy<Record<string, string>>({ 'x-a': '1' }, { get: count });
    const rows = services.map((name, number) => ({
      name,
      prefix: '/',
      hosts: `t${number}.example`,
      headers: { 'x-a': '1' },
    }));
    const table = tableOf(...rows);
    assert.equal(outcome(table, '/', { host: 't998.example', headers }), '/api/service-998');
    assert.deepEqual([asks, table.visitedNodes], [1, 1]);
  });

  it('are found without making an object, where the prefix has no names', () => {
    const table = tableOf(...services);
    assert.equal(table.find(asked('/api/service-7/a')), table.find(asked('/api/service-7/b')));
  });
});
