import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeXml } from '../../../src/transform/xml-charset.ts';

test('the encoding is that of the mark, of the Content-Type, of the declaration, or else UTF-8', () => {
  const latin = (text: string) => Buffer.from(text, 'latin1');
  assert.equal(decodeXml(Buffer.from('<a>ë</a>'), 'application/xml'), '<a>ë</a>');
  assert.match(decodeXml(latin('<?xml version="1.0" encoding="ISO-8859-1"?><a>ë</a>'), undefined), /<a>ë<\/a>/);
  assert.equal(decodeXml(latin('<a>ë</a>'), 'text/xml; charset="iso-8859-1"'), '<a>ë</a>');
  assert.equal(decodeXml(Buffer.from('\ufeff<a>ë</a>', 'utf16le'), 'text/xml; charset=utf-8'), '<a>ë</a>');
  assert.equal(decodeXml(Buffer.from('\ufeff<a>ë</a>'), 'text/xml; charset=iso-8859-1'), '<a>ë</a>');
  assert.throws(() => decodeXml(latin('<a>ë</a>'), undefined), /no text in utf-8/);
  assert.throws(() => decodeXml(latin('<?xml version="1.0" encoding="klingon"?><a/>'), undefined), /not known/);
});
