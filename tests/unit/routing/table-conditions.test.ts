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

describe('hosts', () => {
  const table = tableOf(
    { name: 'any', prefix: '/a' },
    { name: 'wild', prefix: '/a', hosts: '*.example.com' },
    { name: 'deep', prefix: '/a', hosts: '*.eu.example.com' },
    { name: 'named', prefix: '/a', hosts: ['api.example.com', 'API.example.net', '[::1]'] },
    { name: 'longer', prefix: '/a/b', hosts: 'api.example.com' },
  );
  const at = (host: string, path = '/a') => outcome(table, path, { host });

  it('win over routes without, exact names over wildcards, longer wildcards over shorter', () => {
    assert.equal(at('api.example.com'), 'named');
    assert.equal(at('www.example.com'), 'wild');
    assert.equal(at('x.eu.example.com'), 'deep');
    assert.equal(at('example.org'), 'any');
  });

  it('do not take the bare domain for one of its sub-domains', () => {
    assert.equal(at('example.com'), 'any');
    assert.equal(at('badexample.com'), 'any');
  });

  it('disregard case, port and the dot at the end', () => {
    for (const host of [
      'API.Example.COM',
      'api.example.com:8080',
      'api.example.com.',
      'api.example.com.:80',
      'api.example.net',
    ]) {
      assert.equal(at(host), 'named', host);
    }
    assert.equal(at('[::1]:3000'), 'named');
    assert.equal(at(''), 'any');
    assert.equal(at(`${'a.'.repeat(8000)}example.com`), 'any');
  });

  it('that do not fit leave the request to the next shorter prefix', () => {
    assert.equal(at('api.example.com', '/a/b'), 'longer');
    assert.equal(at('www.example.com', '/a/b'), 'wild');
  });
});

describe('header fields and pathRegex', () => {
  it('select by exact value or by presence, and win over routes without', () => {
    const table = tableOf(
      { name: 'plain', prefix: '/a' },
      { name: 'beta', prefix: '/a', headers: { 'X-Version': 'beta' } },
      { name: 'debug', prefix: '/a', headers: { 'X-Debug': true } },
    );
    assert.equal(outcome(table, '/a'), 'plain');
    assert.equal(outcome(table, '/a', { headers: { 'x-version': 'beta' } }), 'beta');
    assert.equal(outcome(table, '/a', { headers: { 'x-version': 'Beta' } }), 'plain');
    assert.equal(outcome(table, '/a', { headers: { 'x-debug': '' } }), 'debug');
  });

  it('are not fooled by what every object has', () => {
    const table = tableOf({ prefix: '/a', headers: { constructor: true as const } });
    assert.equal(outcome(table, '/a', { headers: {} }), '404');
  });

  it('fall back to the next shorter prefix where the expression does not occur', () => {
    const table = tableOf('/', { name: 'numbers', prefix: '/users', pathRegex: '^/users/[0-9]+$' });
    assert.equal(outcome(table, '/users/7'), 'numbers');
    assert.equal(outcome(table, '/users/seven'), '/');
  });

  it('come in the order pathRegex, headers, methods, place in the file', () => {
    const headers = { 'x-a': '1' };
    const all = [
      { name: 'first', prefix: '/a' },
      { name: 'methods', prefix: '/a', methods: 'GET' },
      { name: 'headers', prefix: '/a', headers },
      { name: 'regex', prefix: '/a', pathRegex: 'a' },
    ];
    for (const expected of ['regex', 'headers', 'methods', 'first']) {
      assert.equal(outcome(tableOf(...all), '/a', { headers }), expected);
      all.pop();
    }
    assert.equal(
      outcome(
        tableOf({ name: '1', prefix: '/a', methods: 'GET' }, { name: '2', prefix: '/a', methods: ['GET', 'PUT'] }),
        '/a',
      ),
      '1',
    );
  });
});

describe('methods', () => {
  it('that do not fit are 405 with the methods that do', () => {
    const table = tableOf('/', { prefix: '/a', methods: ['POST', 'GET'] }, { prefix: '/a', methods: ['DELETE'] });
    assert.equal(outcome(table, '/a', { method: 'PUT' }), '405 DELETE, GET, HEAD, POST');
    assert.equal(outcome(table, '/a', { method: 'DELETE' }), '/a');
  });

  it('include HEAD where GET is allowed', () => {
    const table = tableOf({ prefix: '/a', methods: 'GET' }, { prefix: '/b', methods: 'POST' });
    assert.equal(outcome(table, '/a', { method: 'HEAD' }), '/a');
    assert.equal(outcome(table, '/b', { method: 'HEAD' }), '405 POST');
  });

  it('are 405 for the longest prefix whose other conditions fit', () => {
    const table = tableOf(
      { name: 'root', prefix: '/' },
      { name: 'users', prefix: '/users', methods: 'GET' },
      { name: 'tenant', prefix: '/users/x', methods: 'PATCH', hosts: 'tenant.example' },
    );
    assert.equal(outcome(table, '/users/x', { method: 'DELETE' }), '405 GET, HEAD');
    assert.equal(outcome(table, '/users/x', { method: 'DELETE', host: 'tenant.example' }), '405 PATCH');
  });

  it('never include TRACE or CONNECT', () => {
    assert.equal(outcome(tableOf('/'), '/', { method: 'TRACE' }), '405 DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT');
    assert.match(outcome(tableOf('/'), '/', { method: 'CONNECT' }), /^405/);
    assert.equal(outcome(tableOf('/'), '/', { method: 'PURGE' }), '/');
  });
});
