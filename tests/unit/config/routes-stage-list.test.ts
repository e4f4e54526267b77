import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { gatherShapes } from '../../../src/config/routes.ts';
import { defineStage } from '../../../src/stage.ts';

const color = z.enum(['red', 'blue']).optional();
const owner = defineStage({ name: 'owner', keys: { color }, fileKeys: { size: color }, create: () => undefined });

function reader(reads: z.ZodRawShape, fileReads: z.ZodRawShape = {}) {
  return defineStage({ name: 'reader', reads, fileReads, create: () => undefined });
}

test('a stage reads the keys of others by the schema of their owner, and no other', () => {
  assert.deepEqual(Object.keys(gatherShapes([owner, reader({ color }, { size: color })]).top), ['size', 'use']);
  assert.throws(() => gatherShapes([owner, reader({ colour: color })]), /reader: the key "colour"/);
  assert.throws(() => gatherShapes([owner, reader({ color: z.string() })]), /reader: the key "color"/);
  assert.throws(() => gatherShapes([owner, reader({}, { color })]), /reader: the key "color"/);
});

test('two stages can not own the same key', () => {
  assert.throws(() => gatherShapes([owner, { ...owner, name: 'twin' }]), /twin: the key "color" has another owner/);
});

test('a route may shadow the stages that say that they can be, and only where there are any', () => {
  const shadowed = { ...owner, shadow: { needs: [] } };
  const { routeSchema, defaults } = gatherShapes([shadowed]);
  assert.deepEqual(routeSchema.parse({ prefix: '/a', shadow: ['owner'] })['shadow'], ['owner']);
  assert.equal(routeSchema.safeParse({ prefix: '/a', shadow: ['reader'] }).success, false);
  assert.equal(Object.hasOwn(defaults, 'shadow'), false);
  assert.equal(Object.hasOwn(gatherShapes([owner]).route, 'shadow'), false);
});
