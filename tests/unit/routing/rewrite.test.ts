import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { GatewayError } from '../../../src/errors.ts';
import { checkRewrite, createPathRewriter, rewriteKeys } from '../../../src/routing/rewrite.ts';

const schema = z.strictObject(rewriteKeys);
type Row = z.input<typeof schema>;

/** What a service sees of `path` where the prefix `/api/users` matched. */
function seen(row: Row, path: string, params?: Record<string, string>): string {
  return createPathRewriter(schema.parse(row))(path, '/api/users'.length, params);
}

function faults(row: Row & { prefix?: string[] }): string[] {
  const { prefix = ['/api/users'], ...rest } = row;
  const found: string[] = [];
  checkRewrite({ ...schema.parse(rest), prefix }, ['routes', 0], (path, message) =>
    found.push(`${path.join('.')} ${message}`),
  );
  return found;
}

describe('the prefix', () => {
  it('is taken off by default', () => {
    assert.equal(seen({}, '/api/users/7'), '/7');
    assert.equal(seen({}, '/api/users'), '/');
    assert.equal(seen({}, '/api/users/'), '/');
    assert.equal(createPathRewriter(schema.parse({}))('/x/y', 0), '/x/y');
  });

  it('stays with stripPrefix false', () => {
    assert.equal(seen({ stripPrefix: false }, '/api/users/7'), '/api/users/7');
  });

  it('is replaced by rewritePrefix, joined with one slash', () => {
    for (const rewritePrefix of ['/users', '/users/']) {
      assert.equal(seen({ rewritePrefix }, '/api/users/7'), '/users/7');
      assert.equal(seen({ rewritePrefix }, '/api/users'), '/users');
      assert.equal(seen({ rewritePrefix }, '/api/users/'), '/users/');
    }
    assert.equal(seen({ rewritePrefix: '/' }, '/api/users/7'), '/7');
    assert.equal(seen({ rewritePrefix: '/' }, '/api/users'), '/');
    assert.equal(createPathRewriter(schema.parse({ rewritePrefix: '/v1' }))('/x', 0), '/v1/x');
  });

  it('may be replaced by one that uses its names', () => {
    assert.equal(seen({ rewritePrefix: '/t/:tenant/users' }, '/api/users/7', { tenant: 'a%20b' }), '/t/a%20b/users/7');
  });

  it('is replaced only where a name stays one segment, however often it is decoded', () => {
    const rewritePrefix = '/t/:tenant/users';
    assert.equal(seen({ rewritePrefix }, '/api/users/7', { tenant: 'a;b' }), '/t/a;b/users/7');
    for (const tenant of ['a%2Fb', 'a%252fb', '%252e%252e', ';a', '%3Ba', 'a%255cb', '%2500']) {
      assert.throws(() => seen({ rewritePrefix }, '/api/users/7', { tenant }), { code: 'bad_path' }, tenant);
    }
  });

  it('never leaves two slashes in front', () => {
    assert.equal(seen({}, '/api/users//evil.example/x'), '/evil.example/x');
    assert.equal(seen({ rewritePrefix: '/u' }, '/api/users///x'), '/u/x');
    assert.equal(seen({ stripPrefix: false }, '//evil.example/x'), '/evil.example/x');
  });
});

describe('pathRewrite', () => {
  it('applies each rule once, in order, after the prefix', () => {
    const pathRewrite = [
      { match: '^/v1', replace: '/v2' },
      { match: '^/v2', replace: '/v3' },
      { match: 'a', replace: 'b' },
    ];
    assert.equal(seen({ pathRewrite }, '/api/users/v1/a/a'), '/v3/b/a');
  });

  it('may be an object of expressions, and use groups', () => {
    assert.equal(
      seen({ pathRewrite: { '^/(\\d+)/(?<what>\\w+)$': '/$<what>/of/$1/$$' } }, '/api/users/7/orders'),
      '/orders/of/7/$',
    );
  });

  it('leaves alone what it does not match', () => {
    assert.equal(seen({ pathRewrite: { '^/x': '/y' } }, '/api/users/%7'), '/%7');
  });

  it('puts a slash in front where a rule took it away', () => {
    assert.equal(seen({ pathRewrite: { '^/old/': '' } }, '/api/users/old/x'), '/x');
  });

  it('refuses to send what a rule put together from harmless parts', () => {
    const rows = [
      [{ x: '' }, '/a/.x./b'],
      [{ x: '' }, '/%2xe%2e/b'],
      [{ '^/proxy': '' }, '/proxy//evil.example'],
      [{ '-': '' }, '/%-41%'],
      [{ '-': '%00' }, '/a-b'],
      [{ '-': '..;' }, '/a/-/b'],
      [{ '^/pub': '/inner/pub' }, '/pub%2F..%2Fx'],
      [{ '^/pub': '/inner/pub' }, '/pub/%252e%252e/x'],
      [{ '-': '%252e%252e' }, '/a/-/b'],
    ] as const;
    for (const [pathRewrite, path] of rows) {
      assert.throws(
        () => seen({ pathRewrite }, `/api/users${path}`),
        (error) => error instanceof GatewayError && error.code === 'bad_path',
        path,
      );
    }
  });
});

describe('checkRewrite', () => {
  it('finds options that contradict each other', () => {
    assert.match(faults({ stripPrefix: false, rewritePrefix: '/x' })[0] ?? '', /^routes.0.stripPrefix contradicts/);
  });

  it('finds names that the prefix does not have', () => {
    assert.match(faults({ rewritePrefix: '/x/:id' })[0] ?? '', /":id", which the prefix "\/api\/users" does not have/);
    assert.deepEqual(faults({ prefix: ['/u/:id'], rewritePrefix: '/x/:id' }), []);
  });

  it('finds replacements that no path can hold', () => {
    for (const replace of ['/a b', '/é', '/a?b', '/a#b', '/a\\b', '/$2']) {
      assert.equal(faults({ pathRewrite: [{ match: '^/(a)', replace }] }).length, 1, replace);
    }
    assert.deepEqual(faults({ pathRewrite: { '^/(a)': '/$1/$$9' } }), []);
  });
});

describe('the schema', () => {
  it('refuses a rewritePrefix that is no path', () => {
    for (const rewritePrefix of ['x', '/a b', '/a/../b', '/..', '/a?b', '/%zz']) {
      assert.ok(!schema.safeParse({ rewritePrefix }).success, rewritePrefix);
    }
  });

  it('refuses a name in the spelling of other routers', () => {
    for (const rewritePrefix of ['/users/{id}', '/users/$1/x', '/<id>', '/users/*']) {
      const { error } = rewriteKeys.rewritePrefix.safeParse(rewritePrefix);
      assert.match(error?.issues[0]?.message ?? 'nothing', /written ":name"/, rewritePrefix);
    }
    for (const rewritePrefix of ['/odata/$metadata', '/users/:id', '/a(1)'])
      assert.equal(rewriteKeys.rewritePrefix.safeParse(rewritePrefix).success, true, rewritePrefix);
  });

  it('refuses a rule that is no expression', () => {
    assert.ok(!schema.safeParse({ pathRewrite: [{ match: '(?=a)', replace: '' }] }).success);
    assert.ok(!schema.safeParse({ pathRewrite: { '(': '' } }).success);
  });
});
