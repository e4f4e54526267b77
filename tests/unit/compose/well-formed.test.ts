import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWellFormed } from '../../../src/compose/well-formed.ts';

const isGood = (text: string, maxDepth = 64): boolean => isWellFormed(Buffer.from(text), maxDepth);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const GOOD = [
  ...['0', '-0', '10', '-1.5', '1e5', '1E+05', '1.0e-9', 'true', 'false', 'null', '""', ' \t\r\n1 \n'],
  ...['[]', '[ ]', '[1]', '[1,[2,[]],{}]', '{}', '{ }', '{"a":1}', ' { "a" : [ ] , "b" : { "" : null } } '],
  ...['"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD800"', '"é\u2028\x7f"', '{"a":1,"a":2}', '"]}"'],
];

const BAD = [
  ...[
    '',
    ' ',
    '01',
    '-',
    '+1',
    '1.',
    '.5',
    '1e',
    '1e+',
    '0x1',
    '1 2',
    '--1',
    'NaN',
    'Infinity',
    'tru',
    'nulll',
    'True',
  ],
  ...[
    '[',
    ']',
    '[1',
    '[1,',
    '[1,]',
    '[,1]',
    '[1 2]',
    '[1}',
    '{',
    '}',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
  ],
  ...[
    '{a:1}',
    '{1:1}',
    '{"a" 1}',
    '{"a":1]',
    '{,}',
    '{"a":}',
    '{"a":,}',
    '{"a"::1}',
    '[]]',
    '{}{}',
    '[][]',
    "'a'",
    '/**/1',
  ],
  ...[
    '"',
    '"a',
    '"\\',
    '"\\"',
    '"\\x"',
    '"\\u12"',
    '"\\u12g4"',
    '"\n"',
    '"\x1f"',
    '\u00a01',
    '\ufeff1',
    '1\x00',
    '\x0b1',
  ],
];

test('what is JSON is, and nothing else', () => {
  for (const text of GOOD) assert.deepEqual([isGood(text), isJson(text)], [true, true], JSON.stringify(text));
  for (const text of BAD) assert.deepEqual([isGood(text), isJson(text)], [false, false], JSON.stringify(text));
});

test('it is as strict as the parser is, whatever is cut out, put in or exchanged', () => {
  let seed = 11;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const LETTERS = '[]{}",:\\ \n\t\x0001-+.eEutrfalsn/é';
  const SEEDS = [...GOOD, '{"a":[1,-2.5e3,{"b":"\\u00e9x","c":[true,false,null]}],"d":{"e":{}}}'];
  let good = 0;
  for (let i = 0; i < 20_000; i++) {
    let text = SEEDS[random(SEEDS.length)] as string;
    for (let edits = 1 + random(2); edits > 0; edits--) {
      const at = random(text.length + 1);
      const letter = random(3) === 0 ? '' : (LETTERS[random(LETTERS.length)] as string);
      text = text.slice(0, at) + letter + text.slice(at + random(2));
    }
    const expected = isJson(text);
    good += Number(expected);
    assert.equal(isGood(text), expected, JSON.stringify(text));
  }
  assert.ok(good > 500);
});

test('it is no deeper than allowed', () => {
  assert.equal(isGood('[[1]]', 2), true);
  assert.equal(isGood('[[[]]]', 2), false);
  assert.equal(isGood('[{"a":1},{"b":[]}]', 3), true);
  assert.equal(isGood(`${'['.repeat(64)}${']'.repeat(64)}`), true);
  assert.equal(isGood(`${'['.repeat(65)}${']'.repeat(65)}`), false);
  assert.equal(isGood('['.repeat(1_000_000)), false);
});
