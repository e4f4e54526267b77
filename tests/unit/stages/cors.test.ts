import assert from 'node:assert/strict';
import { test } from 'node:test';
import { corsStage } from '../../../src/stages/cors.ts';

const isTaken = (cors: object): boolean => corsStage.keys.cors.safeParse(cors).success;

test('names of fields and methods that no header can hold are refused with the file, not on each answer', () => {
  assert.ok(isTaken({ exposedHeaders: ['X-Total', 'etag', '*'], methods: ['PROPFIND', 'M-SEARCH'] }));
  for (const name of ['', 'x y', 'x\r\ny', 'ä', 'x€', 'x,y', 'x:']) {
    assert.ok(!isTaken({ exposedHeaders: [name] }), name);
    assert.ok(!isTaken({ methods: [name.toUpperCase()] }), name);
  }
  assert.ok(!isTaken({ methods: [] }));
});
