import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { conditionKeys, matchKeys } from '../../../src/routing/keys.ts';
import { matchOf } from '../../support/routes.ts';

const schema = z.strictObject(matchKeys);

/** The first message about a row, or undefined when it is fine. */
function fault(row: Record<string, unknown>): string | undefined {
  return schema.safeParse({ prefix: '/a', ...row }).error?.issues[0]?.message;
}

describe('matchKeys', () => {
  it('refuse a prefix that no path could match, and tell the form that would', () => {
    const rows = [
      ['api', /begin with a slash: "\/api"/],
      ['/api/', /not end with a slash: "\/api"/],
      ['/api/*', /without a star: "\/api"/],
      ['/*', /without a star: "\/"/],
      ['/api//users', /as it is matched: "\/api\/users"/],
      ['/a/../b', /as it is matched: "\/b"/],
      ['/%7ejoe', /as it is matched: "\/~joe"/],
      ['/café', /as it is matched: "\/caf%C3%A9"/],
      ['/a b', /as it is matched: "\/a%20b"/],
      ['/a?b=c', /without query or fragment: "\/a"/],
      ['/a%2Fb', /encoded slash/],
      ['/..', /no request can ever have this path/],
      ['/a%zz', /no request can ever have this path/],
      ['/:1a', /":1a" is no name/],
      ['/:', /":" is no name/],
      ['/:__proto__', /":__proto__" is no name/],
      ['/:a/:a', /":a" stands twice/],
    ] as const;
    for (const [prefix, message] of rows) assert.match(fault({ prefix }) ?? 'nothing', message, prefix);
  });

  it('refuse a segment that other routers would take for any value, and tell ours', () => {
    const prefixes = { '/{id}': ':id', '/<id>/x': ':id', '/<int:no>': ':no', '/[slug]': ':slug', '/a/*/b': ':name' };
    for (const [prefix, ours] of Object.entries(prefixes)) {
      assert.match(fault({ prefix }) ?? 'nothing', new RegExp(`is written "${ours}"`), prefix);
    }
    for (const prefix of ['/odata/$metadata', '/a(1)', '/a*b']) assert.equal(fault({ prefix }), undefined, prefix);
    for (const prefix of ['^/api', '~ ^/api/.*']) assert.match(fault({ prefix }) ?? 'nothing', /"pathRegex"/);
  });

  it('tell the fault of one prefix in a list', () => {
    const issue = schema.safeParse({ prefix: ['/a', '/b/'] }).error?.issues[0];
    assert.deepEqual(issue?.path, ['prefix', 1]);
  });

  it('take a prefix or a list, names, colons and escapes', () => {
    for (const prefix of ['/', '/a', ['/a', '/b'], '/a/:id_1/b', '/v1/things:batch', '/caf%C3%A9']) {
      assert.equal(fault({ prefix }), undefined);
    }
  });

  it('refuse hosts with a port, a scheme or a star in the middle', () => {
    for (const hosts of ['a.example:80', 'http://a.example', 'a.*.example', '*', '*.', ''])
      assert.ok(fault({ hosts }), hosts);
    assert.equal(fault({ hosts: ['Api.Example.com', '*.example.com', '127.0.0.1', '[::1]', 'localhost'] }), undefined);
  });

  it('refuse methods in small letters, and those never let through', () => {
    assert.match(fault({ methods: ['get'] }) ?? '', /"GET"/);
    assert.match(fault({ methods: 'TRACE' }) ?? '', /never let through/);
    assert.match(fault({ methods: 'GET POST' }) ?? '', /must be a method/);
  });

  it('refuse a pathRegex that is none, or that needs backtracking', () => {
    assert.match(fault({ pathRegex: '(' }) ?? '', /not a regular expression/);
    assert.match(fault({ pathRegex: '(a)\\1' }) ?? '', /backreferences/);
  });

  it('describe every option, and have a JSON Schema', () => {
    const { properties } = z.toJSONSchema(schema, { io: 'input' });
    for (const [name, property] of Object.entries(properties ?? {})) {
      assert.ok(typeof property === 'object' && property.description, name);
    }
  });
});

describe('condition keys', () => {
  const keysOf = (match: Record<string, unknown>) => conditionKeys(matchOf({ prefix: '/a', ...match }));
  const same = (a: Record<string, unknown>, b: Record<string, unknown>) =>
    keysOf(a).some((key) => keysOf(b).includes(key));

  it('are shared by two routes of which the later would never be reached', () => {
    assert.ok(same({}, {}));
    assert.ok(same({ prefix: ['/x', '/a'] }, {}));
    assert.ok(same({ prefix: '/a/:id' }, { prefix: '/a/:name' }));
    assert.ok(same({ methods: ['GET', 'PUT'] }, { methods: ['PUT', 'GET'] }));
    assert.ok(same({ hosts: ['b.example', 'A.example'] }, { hosts: ['a.example', 'b.example'] }));
    assert.ok(same({ headers: { 'X-A': '1', 'x-b': true } }, { headers: { 'X-B': true, 'x-a': '1' } }));
  });

  it('tell apart what differs in one condition', () => {
    assert.ok(!same({ prefix: '/a/:id' }, { prefix: '/a/id' }));
    assert.ok(!same({ exact: true }, {}));
    assert.ok(!same({ methods: ['GET'] }, {}));
    assert.ok(!same({ hosts: ['a.example'] }, { hosts: ['b.example'] }));
    assert.ok(!same({ headers: { 'x-a': '1' } }, { headers: { 'x-a': true } }));
    assert.ok(!same({ pathRegex: 'a' }, { pathRegex: 'b' }));
  });

  it('are one for each prefix', () => {
    assert.equal(conditionKeys(matchOf({ prefix: ['/a', '/b'] })).length, 2);
  });
});
