import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemberScan } from '../../../src/models/member-scan.ts';

function scan(text: string, size = text.length): MemberScan {
  const found = new MemberScan('usage');
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) found.push(bytes.subarray(at, at + size));
  return found;
}

const OBJECTS = [
  '{"usage":{"a":[1,{"b":"}"}]},"x":1}',
  '{"x":{"usage":1},"y":["usage",{"usage":2}],"usage":{"a":1}}',
  '{"q":"\\"usage\\":{","usage": null}',
  '{ "x" : "usage" , "usage" : "a,b}" , "z" : [ ] }',
  '{"usage":1,"usage":{"last":true}}',
];

test('the member of the object itself is found, however its bytes come', () => {
  for (const text of OBJECTS) {
    const expected = JSON.parse(text).usage;
    for (let size = 1; size <= text.length; size++) {
      assert.deepEqual(JSON.parse(scan(text, size).text ?? 'undefined'), expected, `${text} by ${size}`);
    }
  }
});

test('the range that is cut out leaves an object without the member', () => {
  for (const text of OBJECTS.slice(0, 4)) {
    const { range } = scan(text);
    assert.ok(range !== undefined);
    const { usage: _usage, ...rest } = JSON.parse(text);
    assert.deepEqual(JSON.parse(text.slice(0, range.from) + text.slice(range.to)), rest);
  }
  const alone = scan('{"usage":1}').range;
  assert.deepEqual([alone?.from, alone?.to], [1, 10]);
});

test('nothing is found where there is no such member', () => {
  for (const text of [
    '{}',
    '[]',
    '"usage"',
    '["usage",1]',
    '{"Usage":1}',
    '{"usages":1}',
    '{"usage":',
    '',
    '}{',
    ']]{"a":1}',
  ]) {
    assert.equal(scan(text).text, undefined, text);
  }
});

test('a value beyond the bound is not kept', () => {
  assert.equal(scan(`{"usage":"${'x'.repeat(200_000)}"}`, 1000).text, undefined);
});
