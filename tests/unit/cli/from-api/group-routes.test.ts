import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupRoutes, readTemplate } from '../../../../src/cli/from-api/group-routes.ts';

type Row = readonly [methodAndPath: string, terms?: string];

/** The routes as `GET,POST /users terms`; exact ones end in `!`. */
function group(...rows: readonly Row[]): string[] {
  const leaves = rows.map(([text, terms = '']) => {
    const [method = '', path = ''] = text.split(' ');
    return { method, path, terms };
  });
  return groupRoutes(leaves, (path, why) => assert.fail(`${path}: ${why}`)).map(
    ({ methods, prefix, exact, pathRegex, terms }) =>
      `${methods.join()} ${prefix}${exact ? '!' : ''}${pathRegex === undefined ? '' : ` ${pathRegex}`} ${terms}`.trim(),
  );
}

test('what begins alike is one route, with all of its methods', () => {
  assert.deepEqual(group(['GET /users'], ['POST /users'], ['DELETE /users/{id}'], ['GET /orders/{id}/items']), [
    'GET,POST,DELETE /users',
    'GET /orders',
  ]);
});

test('below a beginning that all have, each branch is a route', () => {
  assert.deepEqual(group(['GET /api/v1/users'], ['GET /api/v1/users/{id}'], ['GET /api/v1/orders']), [
    'GET /api/v1/users',
    'GET /api/v1/orders',
  ]);
  assert.deepEqual(group(['GET /users'], ['GET /users/{id}'], ['GET /users/me']), ['GET /users']);
  assert.deepEqual(group(['GET /pets/byStatus'], ['GET /stores']), ['GET /pets/byStatus', 'GET /stores']);
});

test('methods with other terms are routes of their own', () => {
  assert.deepEqual(group(['GET /users', 'open'], ['POST /users', 'key'], ['GET /users/{id}', 'open']), [
    'GET /users open',
    'POST /users key',
  ]);
});

test('where a method has different terms on different paths, nothing is opened by its neighbour', () => {
  assert.deepEqual(group(['GET /users', 'open'], ['GET /users/{id}', 'key'], ['PUT /users/{user}', 'key']), [
    'GET /users! open',
    'GET,PUT /users/:id! key',
  ]);
});

test('a path that varies from its beginning takes no more than what it says', () => {
  assert.deepEqual(group(['GET /{tenant}/users'], ['GET /report.{format}'], ['GET /a({id})/b'], ['GET /']), [
    'GET /!',
    'GET /:tenant/users!',
    'GET /:format! ^/report\\.[^/]+/?$',
    'GET /:id/b! ^/a\\([^/]+\\)/b/?$',
  ]);
});

test('variables get names that prefixes can have', () => {
  assert.deepEqual(readTemplate('/{user-id}/{user_id}/{2nd}/{}/'), {
    segments: [':user_id', ':user_id2', ':p2nd', ':p'],
    pathRegex: undefined,
  });
  assert.deepEqual(readTemplate('/caf\u00e9/a b'), { segments: ['caf%C3%A9', 'a%20b'], pathRegex: undefined });
});

test('a path that no route can have is told, once, with the reason', () => {
  const told: string[] = [];
  const paths = ['users', '/a?b', '/a#b', '/../x', '/:id', '/health', '/-/me', '/a%2Fb', '/%zz', '/\\x'];
  const leaves = paths.flatMap((path) => ['GET', 'POST'].map((method) => ({ method, path, terms: '' })));
  assert.deepEqual(
    groupRoutes(leaves, (path, why) => told.push(`${path}: ${why}`)),
    [],
  );
  assert.deepEqual(
    told.map((line) => line.split(': ')[0]),
    paths,
  );
  assert.match(told.join('\n'), /\/health: the gateway answers it itself/);
});
