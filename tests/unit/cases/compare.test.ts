import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Expectation } from '../../../src/cases/case-file.ts';
import { compareOutcome, type Outcome } from '../../../src/cases/compare.ts';

const CALL = { name: 'orders', method: 'GET', path: '/7', headers: { 'x-a': '1' }, body: '{"a":1,"b":[1,2]}' };
const CAME: Outcome = {
  status: 200,
  route: 'orders',
  code: null,
  headers: { 'x-cache': 'HIT', 'content-type': 'application/json' },
  body: '{"id":7,"items":[{"n":1,"m":2}],"constructor":1}',
  calls: [CALL, { ...CALL, name: 'users', path: '/8', body: '' }],
};

const wrong = (expected: Expectation): readonly string[] => compareOutcome(expected, CAME).map(({ what }) => what);

test('what is not mentioned may be anything', () => {
  assert.deepEqual(wrong({}), []);
  assert.deepEqual(wrong({ json: { id: 7, items: [{ n: 1 }] }, service: {} }), []);
});

test('a status is a number or a class', () => {
  assert.deepEqual(wrong({ status: 200 }), []);
  assert.deepEqual(wrong({ status: '2xx' }), []);
  assert.deepEqual(wrong({ status: '4xx' }), ['status']);
});

test('fields are compared by name in any case, to the letter or by an expression; null is none', () => {
  assert.deepEqual(wrong({ headers: { 'X-Cache': 'HIT', 'content-type': '/json/', 'x-none': null } }), []);
  assert.deepEqual(wrong({ headers: { 'X-Cache': null, 'content-type': 'json', 'x-none': '/./' } }), [
    'headers/X-Cache',
    'headers/content-type',
    'headers/x-none',
  ]);
});

test('objects may have more members, and lists may not have more items', () => {
  assert.deepEqual(wrong({ json: { items: [] } }), ['json/items']);
  assert.deepEqual(wrong({ json: { items: [{ n: 2 }], id: '7' } }), ['json/items/0/n', 'json/id']);
  assert.deepEqual(wrong({ json: { toString: null } }), ['json/toString']);
});

test('one call of several, all of them in any order, or none', () => {
  assert.deepEqual(wrong({ service: { name: 'users', path: '/8' } }), []);
  assert.deepEqual(wrong({ service: { name: 'users', path: '/7' } }), ['service/name']);
  assert.deepEqual(wrong({ service: [{ name: 'users' }, { name: 'orders', json: { b: [1, 2] } }] }), []);
  assert.deepEqual(wrong({ service: [{}] }), ['service']);
  assert.deepEqual(wrong({ service: [{ name: 'users' }, { name: 'users' }] }), ['service/1/name']);
  assert.deepEqual(wrong({ service: null }), ['service']);
});

test('a body that is no JSON is told as it is', () => {
  const [mismatch] = compareOutcome({ json: { a: 1 } }, { ...CAME, body: 'oops' });
  assert.deepEqual(mismatch, { what: 'json', expected: { a: 1 }, came: 'oops' });
});
