import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getNodeValue, type ParseError, parseTree } from 'jsonc-parser';
import { parseSource } from '../../../src/config/parse-source.ts';
import { plainValue } from '../../../src/config/source.ts';
import { finish } from '../../../src/lib/steps.ts';
import { createRandom } from '../../support/random.ts';

const keepText = (text: string): string => text;

function parse(text: string): { value: unknown; faults: string[] } {
  const faults: string[] = [];
  const root = finish(
    parseSource({ name: 'a', text }, ({ offset }, message) => faults.push(`${offset} ${message}`), keepText),
  );
  return { value: root === undefined ? undefined : plainValue(root), faults };
}

const SAMPLES = [
  '{ "a": [1, -2.5e3, true, false, null, "x\\u00e4\\n"], /* c */ "b": { "c": {}, "d": [], }, } // end',
  '[{"routes":[{"prefix":"/a","methods":["GET",],"x":{"y":{"z":[[[0]]]}}},{}]},]',
  '"text"',
  '17',
];
const NOISE = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '/',
  '*',
  '-',
  '.',
  'e',
  '0',
  ' ',
  '\n',
  'null',
  '//',
  '\u0000',
  'ä',
];

/** A sample with a few characters taken out and put in. */
function spoil(sample: string, upTo: (count: number) => number): string {
  let text = sample;
  for (let edits = upTo(4); edits > 0; edits--) {
    const at = upTo(text.length + 1);
    const noise = upTo(2) === 0 ? '' : (NOISE[upTo(NOISE.length)] as string);
    text = text.slice(0, at) + noise + text.slice(at + upTo(3));
  }
  return text;
}

/** What the library says of a text: its value as JSON, or where it is no JSON. */
function parseByLibrary(text: string): { json: string } | { faultAt: number | undefined } {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  if (tree === undefined || errors.length > 0) return { faultAt: errors[0]?.offset };
  return { json: JSON.stringify(getNodeValue(tree)) };
}

test('takes and refuses what the library takes and refuses, and reads the same values', () => {
  const random = createRandom(7);
  const upTo = (count: number): number => Math.floor(random() * count);
  const texts = Array.from({ length: 20_000 }, (_, i) => spoil(SAMPLES[i % SAMPLES.length] as string, upTo));
  let taken = 0;
  for (const text of texts.filter((each) => each.trim() !== '')) {
    const expected = parseByLibrary(text);
    const { value, faults } = parse(text);
    if ('faultAt' in expected) {
      assert.equal(faults.length, 1, text);
      assert.ok(faults[0]?.startsWith(`${expected.faultAt} `), `${text}: ${faults}`);
    } else if (faults.length === 0) {
      taken += 1;
      assert.equal(JSON.stringify(value), expected.json, text);
    } else {
      assert.match(faults.join(), /is written twice/, text);
    }
  }
  assert.ok(taken > 1_000 && taken < 15_000, `${taken} of ${texts.length}`);
});

test('rests after each item of a list, and of an entry of the file', () => {
  const text = JSON.stringify({ routes: Array.from({ length: 50 }, (_, i) => ({ prefix: `/${i}` })) });
  const steps = parseSource({ name: 'a', text }, () => {}, keepText);
  let rests = 0;
  while (steps.next().done !== true) rests += 1;
  assert.ok(rests > 50, `${rests}`);
});

test('ten thousand open brackets are told as such, and end nothing', () => {
  assert.match(parse('['.repeat(100_000)).faults.join(), /nested too deeply|expected|missing/);
});
