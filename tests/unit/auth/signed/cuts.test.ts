import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findLooseEnd } from '../../../../src/auth/signed/cuts.ts';

test('what could be cut in another way is found, before the body and behind it', () => {
  const loose = {
    '${id}${timestamp}${body}': 'id',
    '${id}-${timestamp}.${body}': 'id',
    '${id}${body}': 'id',
    '${url}${body}': 'url',
    '${url}.${timestamp}.${body}': 'url',
    '${method}${id}:${body}': 'method',
    '${method}POST${body}': 'method',
    '${body}${id}': 'id',
    '${timestamp}${body}${url}': 'url',
    '${body}:${id}${method}': 'method',
  };
  for (const [template, value] of Object.entries(loose)) assert.equal(findLooseEnd(template), value, template);
});

test('what shows its ends is not', () => {
  const firm = [
    '${body}',
    '${timestamp}${body}',
    '${body}${timestamp}',
    'v0:${timestamp}:${body}',
    '${id}.${timestamp}.${body}',
    '${id}-x.${body}',
    '${method} ${url}\n${id}:${timestamp}:${body}',
    '${method}${url}\n${body}',
    '${method}${timestamp}${body}',
    'https://example.com/hook${body}',
    '${body}.${id}',
    '${body}\n${url}',
  ];
  for (const template of firm) assert.equal(findLooseEnd(template), undefined, template);
});
