import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeForJson, escapeForMarkup } from '../../../src/lib/escape.ts';

const TEXT = `<script>alert("it's")</script> a&b \\ \n`;

/** As a browser reads it. */
const read = (markup: string) =>
  markup.replaceAll(/&#(\d+);/g, (_reference, code: string) => String.fromCodePoint(Number(code)));

test('markup has no markup in what is put into it, and reads the same', () => {
  const text = `${TEXT}\t\r Zoë – 你好 😀 a=b;c\`d /x?y=1`;
  assert.match(escapeForMarkup(text), /^(?:\P{ASCII}|[A-Za-z0-9,./:_-]|&#\d+;)+$/u);
  assert.equal(read(escapeForMarkup(text)), text);
  assert.equal(escapeForMarkup('/a/b-c_d.e:8,9'), '/a/b-c_d.e:8,9');
});

test('an attribute without quotes is ended by nothing that is put into it', () => {
  const escaped = escapeForMarkup(`x style=position:fixed\tonfocus=alert(1)\n\f\r>"'\`</input>`);
  assert.doesNotMatch(escaped, /[\s"'`=<>]/);
});

test('what is no character of XML becomes the one that stands for it', () => {
  assert.equal(
    escapeForMarkup('a\u0000\u001b\ud800b\ufffe\u0085\ud83d\ude00'),
    'a\ufffd\ufffd\ufffdb\ufffd\u0085\ud83d\ude00',
  );
});

test('a string of JSON holds what is put into it as it is', () => {
  assert.equal(JSON.parse(`"${escapeForJson(TEXT)}"`), TEXT);
});
