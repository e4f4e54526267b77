import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageFormOf } from '../../../../src/validate/graphql/content-type.ts';

function formOf(...types: readonly string[]) {
  const rawHeaders = types.flatMap((type) => ['Content-Type', type]);
  return messageFormOf({ headers: { 'content-type': types[0] }, rawHeaders });
}

test('JSON and a document alone are taken, in UTF-8', () => {
  assert.equal(formOf('application/json'), 'json');
  assert.equal(formOf('Application/JSON; charset=UTF-8'), 'json');
  assert.equal(formOf('application/json;charset="utf-8"; profile=x'), 'json');
  assert.equal(formOf('application/graphql'), 'document');
  assert.equal(formOf('application/graphql ; charset = utf8'), 'document');
});

test('no other type is, no other charset, and no two of them', () => {
  const others = [
    '',
    'text/plain',
    'application/vnd.api+json',
    'application/graphql+json',
    'application/graphql-response+json',
    'application/json, text/plain',
    'application/json; charset=utf-8, text/plain',
    'application/json; charset=utf-7',
    'application/json; charset=iso-8859-1',
    'application/json; charset=utf-8; charset=utf-16',
    'application/graphql; charset="utf-16"',
    'application/json; charset=',
  ];
  for (const type of others) assert.equal(formOf(type), undefined, type);
  assert.equal(formOf('application/json', 'application/json'), undefined);
  assert.equal(formOf('application/json', 'application/graphql'), undefined);
});
