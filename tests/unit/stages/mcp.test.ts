import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mcpOption } from '../../../src/mcp/options.ts';
import { mcpStage } from '../../../src/stages/mcp.ts';
import { mcpLimitStage } from '../../../src/stages/mcp-limit.ts';
import { faultsOf } from '../../support/auth.ts';

const check = (mcp: object, route: object = {}): readonly string[] =>
  faultsOf(mcpStage, { routes: [{ mcp: mcpOption.parse(mcp), ...route }] });

test('rules that nobody could meet refuse the file', () => {
  assert.match(
    check({ tools: { a: { scopes: ['x'] } } }, { auth: { mode: 'none' } }).join(),
    /mcp\/tools\/a: .*auth "none"/,
  );
  assert.match(check({ tools: { a: { consumers: ['nobody'] } } }).join(), /mcp\/tools\/a\/consumers\/0: .*nobody/);
  assert.match(check({ prompts: {} }).join(), /mcp\/prompts: no rule/);
  const twice = [
    { limit: 1, window: '1m' },
    { limit: 2, window: '1m' },
  ];
  assert.match(check({ tools: { a: { rateLimits: twice } } }).join(), /rateLimits\/1: counts the same calls/);
  assert.match(
    check({ tools: { a: { roles: ['x'] } } }, { shadow: ['authenticate'] }).join(),
    /"mcp" needs a proven caller/,
  );
  assert.deepEqual(
    check({ tools: { a: {}, 'b_*': { when: "user == 'x'" }, '*': false } }, { auth: { mode: 'none' } }),
    [],
  );
});

test('a name with a star in the middle, and an unknown key, are faults', () => {
  assert.equal(mcpOption.safeParse({ tools: { 'a*b': {} } }).success, false);
  assert.equal(mcpOption.safeParse({ tools: { a: { scope: ['x'] } } }).success, false);
  assert.equal(mcpOption.safeParse({ tools: { a: true } }).success, false);
});

test('both steps that charge the same limits are tried out, or none', () => {
  const shadow = (names: readonly string[], mcp: object | undefined = mcpOption.parse({})) =>
    faultsOf(mcpLimitStage, { routes: [{ mcp, shadow: names }] }).join();
  assert.match(shadow(['rateLimit']), /both are tried out/);
  assert.match(shadow(['mcpLimit']), /both are tried out/);
  assert.equal(shadow(['mcpLimit', 'rateLimit']), '');
  assert.match(faultsOf(mcpLimitStage, { routes: [{ shadow: ['mcpLimit'] }] }).join(), /has no "mcp"/);
});
