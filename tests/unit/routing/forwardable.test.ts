import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GatewayError } from '../../../src/errors.ts';
import { forwardablePath } from '../../../src/routing/forwardable.ts';
import { normalizeTarget } from '../../../src/routing/normalize.ts';
import { asked, tableOf } from '../../support/routes.ts';

const table = tableOf('/', '/files', '/files/private', '/admin', '/t/:name');

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

  it('refuses an encoded slash', () => {
    assert.equal(sent('/files/a%2fb', 'normalized'), 'refused');
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

  it('refuses another spelling of the prefix, and an encoded slash in it', () => {
    assert.equal(sent('//files/a%2fb', 'raw'), 'refused');
    assert.equal(sent('/%66iles/a', 'raw'), 'refused');
    assert.equal(sent('/t/a%2f..', 'raw'), 'refused');
  });

  it('refuses empty segments beside dot segments, which are read in two ways', () => {
    assert.equal(sent('/files/a//../b', 'raw'), 'refused');
    assert.equal(sent('/files/a/%2f../b', 'raw'), 'refused');
  });
});
