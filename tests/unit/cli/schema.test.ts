import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runSchema } from '../../../src/cli/schema.ts';
import { createFolder } from '../../support/folders.ts';

test('the schema of a file has the keys of its own stages, in routes and in defaults', async (t) => {
  const tenant = join(import.meta.dirname, '../../../docs/examples/stages/tenant.ts');
  const folder = createFolder(t, {
    'routes.json': JSON.stringify({
      use: [tenant],
      defaults: { tenant: { domain: 'shop.example' } },
      routes: [{ prefix: '/', respond: { status: 204 }, auth: 'none' }],
    }),
  });
  const print = async (): Promise<string> => {
    let text = '';
    const out = (more: string): boolean => {
      text += more;
      return true;
    };
    const io = { env: {}, out, err: (more: string) => assert.fail(more) };
    assert.equal(await runSchema([join(folder, 'routes.json')], io as unknown as Parameters<typeof runSchema>[1]), 0);
    return text;
  };
  const text = await print();
  const { properties } = JSON.parse(text);
  const { tenant: key } = properties.routes.items.properties;
  assert.equal(key.anyOf[1].properties.domain.type, 'string');
  assert.equal(properties.defaults.properties.tenant.$ref, '#/properties/routes/items/properties/tenant');
  assert.equal(await print(), text);
});
