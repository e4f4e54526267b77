import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJsonExactly } from '../../../src/lib/json-text.ts';
import { listsAt, readXml } from '../../../src/transform/xml-reader.ts';
import { writeXml } from '../../../src/transform/xml-writer.ts';

const read = (text: string): string => JSON.stringify(readXml(text, { lists: listsAt([]), numbers: false }));
const write = (text: string, root?: string): string =>
  writeXml(parseJsonExactly(text), root).replace('<?xml version="1.0" encoding="UTF-8"?>\n', '');

test('JSON becomes elements, attributes and text, and comes back the same', () => {
  const json =
    '{"order":{"@id":"7","customer":"Zoë & <b>","item":["a","b"],"note":{"@kind":"\\"a\\n","#text":"hi"},"empty":""}}';
  const xml =
    '<order id="7"><customer>Zoë &amp; &lt;b&gt;</customer><item>a</item><item>b</item><note kind="&quot;a&#10;">hi</note><empty/></order>';
  assert.equal(write(json), xml);
  assert.equal(read(xml), json);
});

test('what has no root of its own gets one', () => {
  assert.equal(write('{"a":1,"b":null}'), '<root><a>1</a><b/></root>');
  assert.equal(write('{"a":1}', 'order'), '<order><a>1</a></order>');
  assert.equal(
    write('[1,[2,3],{"x":true}]'),
    '<root><item>1</item><item><item>2</item><item>3</item></item><item><x>true</x></item></root>',
  );
  assert.equal(write('{"a":[1,2]}'), '<root><a>1</a><a>2</a></root>');
  assert.equal(write('"text"'), '<root>text</root>');
  assert.equal(write('{}'), '<root/>');
});

test('numbers that no double holds stay as they were written', () => {
  assert.equal(write('{"a":{"n":12345678901234567890,"@m":1e400}}'), '<a m="1e400"><n>12345678901234567890</n></a>');
});
