import assert from 'node:assert/strict';
import { test } from 'node:test';
import { qualityValues } from '../../../src/lib/quality-values.ts';

test('names have their weights, 1 where none is told, whatever the case and the blanks', () => {
  assert.deepEqual(
    [...qualityValues('GZIP ; Q=0.5,br,  *;q=0, text/html;level=1;q=0.25')],
    [
      ['gzip', 0.5],
      ['br', 1],
      ['*', 0],
      ['text/html', 0.25],
    ],
  );
});

test('an element with a weight that is none is left out', () => {
  assert.deepEqual([...qualityValues('gzip;q=2, br;q=-1, zstd;q=0.1234, x;q=, y;q=1.0')], [['y', 1]]);
  assert.equal(qualityValues('').size, 0);
  assert.equal(qualityValues(' , ,;q=1').size, 0);
});
