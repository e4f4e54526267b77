import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePattern } from '../../src/pattern.ts';
import { createRandom } from '../support/random.ts';

describe('parsePattern', () => {
  it('refuses what only backtracking can match, and says so', () => {
    for (const source of ['^(?!/admin)', '(?=a)b', '(?<=x)y', '(?<!x)y', '(a+)\\1', '(?<n>a)\\k<n>']) {
      assert.throws(() => parsePattern(source), /lookaround and backreferences/, source);
    }
  });

  it('says what is wrong with an expression that is none', () => {
    for (const source of ['(', '[a', 'a{2,1}', '*a', '(?:a{1,900}){1,900}']) {
      assert.throws(() => parsePattern(source), /^SyntaxError: not a regular expression: ./, source);
    }
  });

  it('matches in time linear in the path where JavaScript would take for ever', () => {
    const hostile = `/${'a'.repeat(8000)}!`;
    const begun = performance.now();
    for (const source of [
      '^/(a+)+$',
      '^/(a|aa)+$',
      '^/(a|a)*$',
      'a*a*a*a*a*a*b',
      '(.*)*x$',
      '^(([a-z])+.)+[A-Z]([a-z])+$',
    ]) {
      assert.equal(parsePattern(source).test(hostile), false, source);
    }
    // The first of them alone would take JavaScript longer than the universe has lasted.
    assert.ok(performance.now() - begun < 10_000);
  });

  it('finds what JavaScript finds', () => {
    const random = createRandom(20260);
    const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)] ?? '';
    const atoms = [
      'a',
      'b',
      '/',
      '[ab]',
      '[^/]',
      '.',
      '\\d',
      '\\w+',
      '(a|/b)',
      '(?:ab)?',
      'a*',
      '/+',
      '(b{1,2})',
      '-?',
    ];
    for (let round = 0; round < 400; round += 1) {
      const source =
        pick(['', '^']) + Array.from({ length: 1 + random() * 4 }, () => pick(atoms)).join('') + pick(['', '$']);
      const pattern = parsePattern(source);
      const native = new RegExp(source);
      for (let sample = 0; sample < 10; sample += 1) {
        const path = `/${Array.from({ length: random() * 12 }, () => pick(['a', 'b', '/', '1', '-'])).join('')}`;
        assert.equal(pattern.test(path), native.test(path), `${source} on ${path}`);
        assert.equal(pattern.replaceFirst(path, '<$1>'), path.replace(native, '<$1>'), `${source} in ${path}`);
      }
    }
  });
});
