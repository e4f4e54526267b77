import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GatewayError } from '../../../src/errors.ts';
import type { MatchRequest } from '../../../src/routing/candidate.ts';
import { forwardablePath } from '../../../src/routing/forwardable.ts';
import { normalizeTarget } from '../../../src/routing/normalize.ts';
import { asked, tableOf } from '../../support/routes.ts';

const table = tableOf('/', '/files', '/files/private', '/admin', '/t/:name', '/caf%C3%A9', '/a%3Ab');

/** What may be sent on, or `refused`. */
function sent(url: string, mode: 'normalized' | 'raw'): string {
  const target = normalizeTarget(url);
  const request = asked(target.path);
  const match = table.find(request);
  assert.ok(match.found);
  try {
    return forwardablePath(target, mode, match, request, table);
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.code === 'bad_path');
    return 'refused';
  }
}

describe('forwardablePath, normalized', () => {
  it('sends what was matched', () => {
    assert.equal(sent('/files/./a//b', 'normalized'), '/files/a/b');
  });

  it('lets an encoded slash through, unless the decoded path leaves its prefix or belongs to another route', () => {
    assert.equal(sent('/files/a%2fb', 'normalized'), '/files/a%2Fb');
    assert.equal(sent('/files/a%252fb', 'normalized'), '/files/a%252fb');
    for (const path of ['/files/private%2fx', '/files/..%2fx', '/files/..%252fx', '/files%2fprivate', '/t/..%2fx']) {
      assert.equal(sent(path, 'normalized'), 'refused', path);
    }
  });

  it('decodes no escapes of a prefix that the file wrote', () => {
    for (const path of ['/caf%C3%A9/a%20b', '/a%3Ab/x%2fy', '/a%3Ab/%7Bx%7D']) {
      assert.equal(sent(path, 'normalized'), path.replace('%2f', '%2F'));
    }
  });

  it('refuses a path that is made of nothing but oddities, before it costs much', () => {
    const odd = `/files/${'%252525253b%255c%2525253b/%25253b%255c'.repeat(200)}`;
    const startedAtMs = performance.now();
    assert.equal(sent(odd, 'normalized'), 'refused');
    assert.ok(performance.now() - startedAtMs < 1_000);
  });

  it('compares decoded paths under the conditions of the request', () => {
    const strict = tableOf(
      { prefix: '/a', hosts: ['other.example'] },
      { prefix: '/a/b', hosts: ['other.example'], name: 'strict' },
      { prefix: '/a', name: 'lax' },
      { prefix: '/a/c', methods: ['POST'], name: 'post' },
      { prefix: '/a/d', headers: { 'x-inner': true }, name: 'inner' },
      { prefix: '/a/e', pathRegex: '^/a/e/[0-9]+$', name: 'numbers' },
    );
    const passes = (path: string, rest: Partial<MatchRequest> = {}): boolean => {
      const target = normalizeTarget(path);
      const request = asked(target.path, rest);
      const match = strict.find(request);
      assert.ok(match.found);
      try {
        return forwardablePath(target, 'normalized', match, request, strict) !== '';
      } catch {
        return false;
      }
    };
    assert.equal(passes('/a/b%2fx'), true);
    assert.equal(passes('/a/b%2fx', { host: 'other.example' }), false);
    assert.equal(passes('/a/c%2fx', { method: 'POST' }), false);
    assert.equal(passes('/a/d%2fx'), true);
    assert.equal(passes('/a/d%2fx', { headers: { 'x-inner': '1' } }), false);
    assert.equal(passes('/a/e%2fx'), true);
    assert.equal(passes('/a/e%2f7'), false);
  });

  it('lets parameters through, unless the path belongs to another route without them', () => {
    assert.equal(sent('/files/a;v=1/b;w=2', 'normalized'), '/files/a;v=1/b;w=2');
    assert.equal(sent('/files/private;v=1', 'normalized'), 'refused');
    assert.equal(sent('/admin;v=1/x', 'normalized'), 'refused');
    assert.equal(sent('/admin%3bv=1/x', 'normalized'), 'refused');
    assert.equal(sent('/;v=1/admin', 'normalized'), 'refused');
  });
});

describe('forwardablePath, raw', () => {
  it('sends the path as it came', () => {
    for (const path of [
      '/files/a%2fb',
      '/files/%7ea',
      '/files/a//b',
      '/files/a/./b',
      '/files/https:%2F%2Fx.example%2Fy',
      '/files',
    ]) {
      assert.equal(sent(path, 'raw'), path);
    }
  });

  it('refuses one that belongs to another route once it is decoded and resolved', () => {
    for (const path of [
      '/files/..%2fadmin',
      '/files/%2e%2e%2fadmin',
      '/files%2fprivate',
      '/files/a%2f..%2fprivate/x',
      '/files/a/..%2f../admin',
      '/files/%2Fprivate',
      '/files/x;%2f..%2fprivate',
    ]) {
      assert.equal(sent(path, 'raw'), 'refused', path);
    }
  });

  it('refuses one that leaves its prefix and comes back, for the service does not see the prefix', () => {
    assert.equal(sent('/files/../files/a', 'raw'), 'refused');
    assert.equal(sent('/files/a%2f..%2f..%2ffiles/b', 'raw'), 'refused');
  });

  it('refuses another spelling of the prefix, but for the case of its escapes, and dots in it', () => {
    assert.equal(sent('/t/a%2fb/x//y', 'raw'), '/t/a%2fb/x//y');
    assert.equal(sent('//files/a%2fb', 'raw'), 'refused');
    assert.equal(sent('/%66iles/a', 'raw'), 'refused');
    assert.equal(sent('/t/a%2f..', 'raw'), 'refused');
  });

  it('refuses empty segments beside dot segments, which are read in two ways', () => {
    assert.equal(sent('/files/a//../b', 'raw'), 'refused');
    assert.equal(sent('/files/a/%2f../b', 'raw'), 'refused');
  });
});
