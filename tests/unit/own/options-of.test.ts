import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { defineStage } from '../../../src/own/define-stage.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

test('options have the type that the schema describes', () => {
  const stage = defineStage({
    name: 'probe',
    schema: {
      type: 'object',
      properties: {
        text: { type: 'string' },
        count: { type: 'integer', default: 1 },
        mode: { enum: ['a', 'b'] },
        list: { type: 'array', items: { type: 'number' } },
        map: { type: 'object', additionalProperties: { type: 'boolean' } },
      },
      required: ['text'],
    },
    create(options) {
      const text: Same<typeof options.text, string> = true;
      const count: Same<typeof options.count, number> = true;
      const mode: Same<typeof options.mode, 'a' | 'b' | undefined> = true;
      const list: Same<typeof options.list, readonly number[] | undefined> = true;
      const map: Same<typeof options.map, { readonly [name: string]: boolean } | undefined> = true;
      assert.ok(text && count && mode && list && map);
      return {};
    },
  });
  stage.create({ text: '', count: 1 }, { name: '', prefix: '', log: { info() {}, warn() {}, error() {} } });
});

test('a schema that zod has made is taken, with the type that is stated', () => {
  const schema = z.object({ domain: z.string(), count: z.number().default(3), list: z.array(z.string()).optional() });
  const stage = defineStage({
    name: 'probe',
    schema: z.toJSONSchema(schema),
    create({ domain }: z.infer<typeof schema>) {
      assert.equal(domain.length, 7);
      return {};
    },
  });
  stage.create({ domain: 'example', count: 3 }, { name: '', prefix: '', log: { info() {}, warn() {}, error() {} } });
});
