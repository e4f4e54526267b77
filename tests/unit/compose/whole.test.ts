import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PartFault } from '../../../src/compose/part-fault.ts';
import { parsePathTemplate } from '../../../src/compose/path-template.ts';
import { compileParts } from '../../../src/compose/plan.ts';
import { renderWhole } from '../../../src/compose/whole.ts';
import type { AnswerFields } from '../../../src/sink.ts';

/** The fields of the whole whose parts were answered with these. */
function fieldsOf(answered: readonly (AnswerFields | undefined)[], isPersonal = false): AnswerFields {
  const part = { route: parsePathTemplate('/a'), optional: true, maxSize: 1 };
  const parts = compileParts(Object.fromEntries(answered.map((_, at) => [`p${at}`, part])));
  const outcomes = new Map(
    answered.map((fields, at) => [
      `p${at}`,
      fields === undefined
        ? new PartFault(500, 'part_failed', '')
        : { json: Buffer.from('1'), value: undefined, fields },
    ]),
  );
  return renderWhole(parts, { outcomes, isProven: false }, isPersonal).fields;
}

const cacheOf = (texts: readonly string[], isPersonal = false) =>
  fieldsOf(
    texts.map((text) => ({ 'cache-control': text })),
    isPersonal,
  )['cache-control'];

test('the whole is kept as long as the part that is kept for the shortest time', () => {
  assert.equal(cacheOf(['max-age=60', 'public, max-age="30"']), 'max-age=30');
  assert.equal(
    fieldsOf([{ 'cache-control': 'max-age=60', age: '50' }, { 'cache-control': 'max-age=30' }])['cache-control'],
    'max-age=10',
  );
});

test('without a word from each part it is asked for again', () => {
  assert.equal(cacheOf(['max-age=60', '']), 'no-cache');
  assert.equal(cacheOf(['max-age=60', 'no-cache, max-age=5']), 'no-cache');
  assert.equal(cacheOf(['max-age=60', 's-maxage=5, max-age=x']), 'no-cache');
});

test('what is for one caller alone stays that, and what may not be stored is not', () => {
  assert.equal(cacheOf(['max-age=60', 'private, max-age=30']), 'private, max-age=30');
  assert.equal(cacheOf(['public, max-age=60'], true), 'private, max-age=60');
  assert.equal(cacheOf(['max-age=60', 'No-Store']), 'no-store');
  assert.equal(fieldsOf([{ 'cache-control': 'max-age=60' }, undefined])['cache-control'], 'no-store');
});

test('a shorter word for shared caches counts for all, and of a word that is said twice the shorter one', () => {
  assert.equal(cacheOf(['max-age=30, s-maxage=0']), 'no-cache');
  assert.equal(cacheOf(['max-age=30, s-maxage=10']), 'max-age=10, proxy-revalidate');
  assert.equal(cacheOf(['max-age=30, s-maxage=600', 'max-age=40']), 'max-age=30, proxy-revalidate');
  assert.equal(cacheOf(['max-age=30, s-maxage=x']), 'no-cache');
  assert.equal(cacheOf(['s-maxage=600']), 'no-cache');
  assert.equal(cacheOf(['max-age=60, max-age=5']), 'max-age=5');
  assert.equal(cacheOf(['max-age=5, max-age=60']), 'max-age=5');
  assert.equal(cacheOf(['max-age=60, max-age=x']), 'no-cache');
  assert.equal(cacheOf(['ext="a, max-age=60"']), 'no-cache');
  const twice = { 'cache-control': ['max-age=60', 'max-age=5, private="x, y"'], age: '1, 2' };
  assert.equal(fieldsOf([twice])['cache-control'], 'private, max-age=3');
});

test('what is said to the caches of a CDN counts, since the whole has one word for all', () => {
  const cached = (fields: AnswerFields) => fieldsOf([{ 'cache-control': 'max-age=60', ...fields }])['cache-control'];
  assert.equal(cached({ 'cdn-cache-control': 'no-store' }), 'no-store');
  assert.equal(cached({ 'cdn-cache-control': 'max-age=5;x=1' }), 'max-age=5');
  assert.equal(cached({ 'cloudflare-cdn-cache-control': 'private' }), 'private, max-age=60');
  assert.equal(cached({ 'surrogate-control': 'no-store, content="ESI/1.0"' }), 'no-store');
  assert.equal(fieldsOf([{ 'cdn-cache-control': 'no-cache, max-age=60' }])['cache-control'], 'no-cache');
});

test('what must be asked for again once it is stale stays so', () => {
  assert.equal(cacheOf(['max-age=60, must-revalidate', 'max-age=90']), 'max-age=60, must-revalidate');
  assert.equal(cacheOf(['max-age=60, proxy-revalidate']), 'max-age=60, proxy-revalidate');
  assert.equal(
    cacheOf(['max-age=60, proxy-revalidate, must-revalidate'], true),
    'private, max-age=60, must-revalidate',
  );
  assert.equal(cacheOf(['max-age=0, must-revalidate']), 'no-cache');
});

test('the whole varies as its parts do, but by what parts are not asked with', () => {
  assert.equal(
    fieldsOf([{ vary: 'Accept-Language, accept-encoding' }, { vary: ['Origin', 'accept-language'] }])['vary'],
    'accept-language, origin',
  );
  assert.equal(fieldsOf([{ vary: 'Accept' }])['vary'], undefined);
  assert.equal(fieldsOf([{ vary: 'Origin' }, { vary: '*' }])['vary'], '*');
});
