import assert from 'node:assert/strict';
import { test } from 'node:test';
import { literalPrefix, planPath } from '../../../../src/cli/from-kong/paths.ts';
import { parsePattern } from '../../../../src/pattern.ts';

test('what every path of an expression begins with, by whole segments', () => {
  for (const [source, prefix] of [
    ['/status/\\d+', '/status'],
    ['/api/v\\d+/users', '/api'],
    ['/users', '/users'],
    ['/users$', '/users'],
    ['/users(/|$)', '/users'],
    ['/users/?$', '/users'],
    ['/use.?', '/'],
    ['/a\\.b/c\\-d/[0-9]', '/a.b/c-d'],
    ['/ab*', '/'],
    ['/a|/b', '/'],
    ['/(a|b)/c', '/'],
    ['.*', '/'],
    ['/a/b{2}', '/a'],
    ['(?i)/a', '/'],
  ] as const)
    assert.equal(literalPrefix(source), prefix, source);
});

test('whatever an expression takes lies below its prefix', () => {
  const pieces = ['/', 'a', 'b', '\\d+', '.*', '(x|y)', 'c?', 'd+', '[ef]', '\\.', '|', '$'];
  const paths = ['/', '/a', '/ab', '/a/b', '/a/1', '/b/x', '/a.b', '/cd', '/a/c/e', '/x', '/d/d'];
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  for (let round = 0; round < 3_000; round++) {
    const source = `/${Array.from({ length: random(6) }, () => pieces[random(pieces.length)]).join('')}`;
    const prefix = literalPrefix(source);
    let pattern: ReturnType<typeof parsePattern>;
    try {
      pattern = parsePattern(`^(?:${source})`);
    } catch {
      continue;
    }
    for (const path of paths.filter((each) => pattern.test(each) && !isLonger(each, prefix)))
      assert.ok(
        prefix === '/' || path === prefix || path.startsWith(`${prefix}/`),
        `${source} takes ${path}, not below ${prefix}`,
      );
  }
});

/** `/users` takes `/usersx` in Kong: a prefix takes whole segments here, which is told. */
const isLonger = (path: string, prefix: string): boolean => path.startsWith(prefix) && !path.startsWith(`${prefix}/`);

test('before 3.0 the letters of a path say whether it is an expression, from then on the tilde', () => {
  assert.equal(planPath('/a/\\d+', '2.1').kind, 'regex');
  assert.equal(planPath('/a-b_c.d~e', '1.1').kind, 'plain');
  assert.equal(planPath('~/a/\\d+', '3.0').kind, 'regex');
  assert.equal(planPath('/a/', '3.0').prefix, '/a');
});

test('what needs backtracking can not be run, and names where it lies', () => {
  const plan = planPath('~/admin/(?!public)', '3.0');
  assert.equal(plan.kind, 'impossible');
  assert.equal(plan.prefix, '/admin');
});

test('a segment that would be a variable here is none in Kong', () => {
  const plan = planPath('/users/:id/x', '3.0');
  assert.ok(plan.kind === 'regex');
  assert.equal(plan.prefix, '/users');
  const pattern = parsePattern(plan.pattern);
  assert.ok(pattern.test('/users/:id/x/y') && !pattern.test('/users/7/x'));
});
