import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listsAt, readXml } from '../../../src/transform/xml-reader.ts';

const read = (text: string, lists: readonly string[] = [], numbers = false): string =>
  JSON.stringify(readXml(text, { lists: listsAt(lists), numbers }));

test('elements become members, attributes @names, text beside them #text, and what stands twice a list', () => {
  const text = `<?xml version="1.0"?><!-- c --><order id="7" xml:lang="en"><?pi x?>
    <customer>Zoë &amp; Ada</customer><note kind="a">hi<!-- c --> there</note><empty/><empty2></empty2>
    <item>a</item><item>b</item><p>one <b>two</b> three</p></order>`;
  assert.deepEqual(JSON.parse(read(text)), {
    order: {
      '@id': '7',
      '@xml:lang': 'en',
      customer: 'Zoë & Ada',
      note: { '@kind': 'a', '#text': 'hi there' },
      empty: '',
      empty2: '',
      item: ['a', 'b'],
      p: { b: 'two', '#text': 'one  three' },
    },
  });
});

test('namespaces and their prefixes are kept', () => {
  assert.equal(
    read('<s:Envelope xmlns:s="urn:s"><s:Body/></s:Envelope>'),
    '{"s:Envelope":{"@xmlns:s":"urn:s","s:Body":""}}',
  );
});

test('a list stays one with one item, and with none', () => {
  const lists = ['order.items.item', 'order.tag'];
  assert.equal(
    read('<order><items><item>a</item></items><tag>x</tag></order>', lists),
    '{"order":{"items":{"item":["a"]},"tag":["x"]}}',
  );
  assert.equal(read('<order><items/></order>', lists), '{"order":{"items":{"item":[]},"tag":[]}}');
});

test('references to characters are resolved once, and not in CDATA', () => {
  assert.equal(
    read('<a b="&lt;&#10;">&amp;lt; &#233;&#x1F600;<![CDATA[<b>&amp;]]></a>'),
    '{"a":{"@b":"<\\n","#text":"&lt; é😀<b>&amp;"}}',
  );
  for (const bad of ['&foo;', '&#0;', '&#x110000;', '&#xD800;', '&#1;', '&'])
    assert.throws(
      () => read(`<a>${bad}</a>`),
      (error: Error) => error.constructor.name === 'MessageFault',
      bad,
    );
});

test('text stays text unless numbers are asked for, and then what would lose something stays', () => {
  assert.equal(read('<a><b>1</b><c>true</c></a>'), '{"a":{"b":"1","c":"true"}}');
  const text =
    '<a x="5"><b>1</b><c>-2.5</c><d>007</d><e>12345678901234567890</e><f>1e5</f><g>0x10</g><h>true</h><i> 3 </i><j>+1</j><k/></a>';
  assert.deepEqual(JSON.parse(read(text, [], true)), {
    a: {
      '@x': 5,
      b: 1,
      c: -2.5,
      d: '007',
      e: '12345678901234567890',
      f: '1e5',
      g: '0x10',
      h: true,
      i: 3,
      j: '+1',
      k: '',
    },
  });
});

test('names that objects have from birth are names as any other', () => {
  const text =
    '<constructor toString="x" __proto__="y"><__proto__><polluted>1</polluted></__proto__><prototype/><hasOwnProperty/></constructor>';
  assert.equal(
    read(text),
    '{"constructor":{"@toString":"x","@__proto__":"y","__proto__":{"polluted":"1"},"prototype":"","hasOwnProperty":""}}',
  );
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('what is no XML is refused, in words that quote none of it', () => {
  for (const text of [
    '',
    'text',
    '<a>',
    '<a><b></a></b>',
    '<a/><b/>',
    '<a x=1/>',
    '<a x="1" x="2"/>',
    '<a><![CDATA[x</a>',
    '<a b/>',
    '{"a":1}',
    '<a>secret</b>',
  ])
    assert.throws(
      () => read(text),
      (error: Error) => error.constructor.name === 'MessageFault' && !error.message.includes('secret'),
      text,
    );
});

test('a character that XML does not have is in no document', () => {
  for (const text of [
    '<a>\u0000</a>',
    '<a b="\u0001"/>',
    '<a>\ufffe</a>',
    '<a>\ud800</a>',
    '<a><![CDATA[\u0008]]></a>',
  ])
    assert.throws(() => read(text), /characters that XML does not have/, JSON.stringify(text));
});
