import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../../src/validate/engine.ts';

function fits(format: string, text: unknown): boolean {
  const engine = new Engine({ dialect: '2020-12', isStrict: true, hasMeta: false, tellsAll: false });
  engine.add({ format }, 'test:format');
  return engine.compile('test:format')(text).length === 0;
}

const CASES: Readonly<Record<string, readonly [good: readonly unknown[], bad: readonly unknown[]]>> = {
  email: [
    ['a@b.example', 'a.b+c@d-e.example', 'A@B.EXAMPLE'],
    ['a', '@b.c', 'a@', '.a@b.c', 'a..b@c.d', 'a@-b.c', 'a b@c.d', 'a@b_c.d'],
  ],
  hostname: [
    ['a', 'a.example', 'A-1.example', 'a.example.', `${'a'.repeat(63)}.example`],
    ['', '-a', 'a-', 'a..b', 'a_b', `${'a'.repeat(64)}.example`, 'a.'.repeat(130)],
  ],
  duration: [
    ['P1Y2M3DT4H5M6S', 'PT0S', 'P2W', 'PT36H'],
    ['P', 'PT', 'P1', '1Y', 'P1YT', 'p1y', 'P1W2D', 'PT1D'],
  ],
  url: [
    ['http://a.example/b?c#d', 'https://1.2.3.4:80'],
    ['a', 'mailto:a@b.example', 'http://', 'http://a b'],
  ],
  'uri-template': [
    ['/a/{b}{?c,d*}', 'a'],
    ['/a/{b', '{}', 'a b'],
  ],
  byte: [
    ['', 'aGk=', 'aGkh'],
    ['aGk', 'a===', 'aGk=\n', '\n'],
  ],
  regex: [
    ['^a+$', '(?=a)'],
    ['(', 'a\\Z'],
  ],
  date: [['2024-02-29'], ['2023-02-29', '2024-2-9']],
  'date-time': [['2024-02-29T10:00:00Z'], ['2024-02-29', '2024-02-29T10:00:00']],
  int32: [
    [1, 2147483647],
    [2147483648, 1.5],
  ],
};

test('formats take what is of them, and nothing else', () => {
  for (const [format, [good, bad]] of Object.entries(CASES)) {
    for (const value of good) assert.ok(fits(format, value), `${format}: ${JSON.stringify(value)}`);
    for (const value of bad) assert.ok(!fits(format, value), `${format}: ${JSON.stringify(value)}`);
  }
});

test('a format says nothing of values of another type', () => {
  for (const format of Object.keys(CASES)) assert.ok(fits(format, true), format);
});
