import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ParseError, parse } from 'jsonc-parser';
import { appendItem, removeItem, setMember } from '../../../src/cli/json-edit.ts';
import { createRandom } from '../../support/random.ts';

const ROUNDS = 3000;
const GAPS = ['', ' ', '  ', '\n', '\n  ', '\n\t', '\r\n', ' // c\n', ' /* d */ '];

interface Row {
  name: string;
  plan?: string;
  keys?: { id: string }[];
}

function read(text: string): { consumers?: Row[] } {
  const errors: ParseError[] = [];
  const value = parse(text, errors, { allowTrailingComma: true }) as { consumers?: Row[] };
  assert.deepEqual(errors, [], text);
  return value;
}

test('whatever the layout, an edit says what was meant and no more, and comments stay', () => {
  const random = createRandom(7);
  const below = (limit: number) => Math.floor(random() * limit);
  const gap = () => GAPS[below(GAPS.length)] ?? '';
  const times = (count: number, make: (i: number) => string) => Array.from({ length: count }, (_, i) => make(i));
  const list = (items: readonly string[]) => {
    const comma = items.length > 0 && below(4) === 0 ? ',' : '';
    return `[${gap()}${items.join(`${gap()},${gap()}`)}${gap()}${comma}${gap()}]`;
  };
  const key = (i: number) => `{${gap()}"id"${gap()}:${gap()}"k${i}"${gap()}}`;
  const row = (i: number) => {
    const keys = below(3) === 0 ? '' : `,${gap()}"keys"${gap()}:${list(times(below(4), key))}`;
    return `{${gap()}"name":${gap()}"c${i}"${keys}${gap()}${below(4) === 0 ? ',' : ''}${gap()}}`;
  };
  for (let round = 0; round < ROUNDS; round++) {
    const text = `{${gap()}"routes":[],${gap()}"consumers":${list(times(1 + below(3), row))}${gap()}}`;
    const wanted = read(text);
    const index = below(wanted.consumers?.length ?? 0);
    const consumer = wanted.consumers?.[index] as Row;
    const { edited, mayTakeComments } = editAtRandom(text, wanted, consumer, index, below);
    assert.deepEqual(read(edited), wanted, text);
    const comments = (all: string) => all.match(/\/\/ c|\/\* d/g)?.length ?? 0;
    if (!mayTakeComments) assert.equal(comments(edited), comments(text), text);
  }
});

function editAtRandom(
  text: string,
  wanted: { consumers?: Row[] },
  consumer: Row,
  index: number,
  below: (limit: number) => number,
): { edited: string; mayTakeComments: boolean } {
  const path = ['consumers', index];
  const choice = below(4);
  if (choice === 0) {
    const fresh = { name: 'new', keys: [{ id: 'a' }] };
    wanted.consumers?.push(fresh);
    return { edited: appendItem(text, ['consumers'], fresh), mayTakeComments: false };
  }
  if (choice === 1) {
    consumer.keys = [...(consumer.keys ?? []), { id: 'n' }];
    return { edited: appendItem(text, [...path, 'keys'], { id: 'n' }), mayTakeComments: false };
  }
  const [, ...others] = consumer.keys ?? [];
  if (choice === 2 && consumer.keys !== undefined && consumer.keys.length > 0) {
    const at = below(others.length + 1);
    consumer.keys = consumer.keys.toSpliced(at, 1);
    // Those inside of the key, and in its lines.
    return { edited: removeItem(text, [...path, 'keys', at]), mayTakeComments: true };
  }
  consumer.plan = 'p';
  return { edited: setMember(text, [...path, 'plan'], 'p'), mayTakeComments: false };
}
