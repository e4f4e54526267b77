import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeForJson, escapeForMarkup } from '../../../src/lib/escape.ts';

const TEXT = `<script>alert("it's")</script> a&b \\ \n`;

test('markup has no markup in what is put into it', () => {
  assert.equal(escapeForMarkup(TEXT), '&lt;script&gt;alert(&quot;it&#39;s&quot;)&lt;/script&gt; a&amp;b \\ \n');
});

test('a string of JSON holds what is put into it as it is', () => {
  assert.equal(JSON.parse(`"${escapeForJson(TEXT)}"`), TEXT);
});
