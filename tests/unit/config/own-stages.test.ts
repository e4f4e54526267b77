import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError, type Fault } from '../../../src/config/config-error.ts';
import { loadRoutesInSteps } from '../../../src/config/load.ts';
import { finish, inSlices } from '../../../src/lib/steps.ts';
import { STAGES } from '../../../src/stages.ts';
import { configFolder } from '../../support/config-files.ts';

const FIXED = { respond: { status: 204 }, auth: 'none' };
const source = (name: string, more = '') =>
  `import { defineStage } from 'turnpike'; export default defineStage({ name: '${name}', ${more} create: () => ({}) });`;

const load = (folder: string) => inSlices(loadRoutesInSteps(join(folder, 'routes.json'), { env: {} }));

async function faultsOf(folder: string): Promise<readonly Fault[]> {
  try {
    await load(folder);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

test('a path begins at the folder of the file that names it, also where defaults do', async (t) => {
  const folder = configFolder(t, {
    'routes.json': { use: ['./one.ts'], routes: [{ prefix: '/a', ...FIXED }] },
    'routes.d/more.json': {
      defaults: { use: ['./two.ts'] },
      routes: [
        { prefix: '/b', ...FIXED },
        { prefix: '/c', ...FIXED, use: ['../three.ts'], one: false },
      ],
    },
    'one.ts': source('one'),
    'routes.d/two.ts': source('two'),
    'three.ts': source('three'),
  });
  const { config, own } = await load(folder);
  const keys = config.routes.map((route) =>
    ['one', 'two', 'three'].map((name) => (route as unknown as Record<string, unknown>)[name]),
  );
  assert.deepEqual(keys, [
    [{}, undefined, undefined],
    [{}, {}, undefined],
    [false, undefined, {}],
  ]);
  assert.equal(own.size, 3);
});

test('a file without own stages has the pipeline of the product, and one that is loaded again its own', async (t) => {
  const folder = configFolder(t, { 'routes.json': { routes: [{ prefix: '/a', ...FIXED }] }, 'one.ts': source('one') });
  assert.equal((await load(folder)).stages as unknown, STAGES);
  writeFileSync(
    join(folder, 'routes.json'),
    JSON.stringify({ use: ['./one.ts'], routes: [{ prefix: '/a', ...FIXED }] }),
  );
  const first = await load(folder);
  const second = await load(folder);
  assert.equal(first.stages, second.stages);
  assert.equal(first.config.routes[0], second.config.routes[0]);
  assert.equal(first.hash, second.hash);
  writeFileSync(join(folder, 'one.ts'), `${source('one')}\n`);
  const third = await load(folder);
  assert.notEqual(third.stages, first.stages);
  assert.notEqual(third.hash, first.hash);
});

test('what can not wait says so', (t) => {
  const folder = configFolder(t, { 'routes.json': { use: ['./one.ts'], routes: [] }, 'one.ts': source('one') });
  assert.throws(() => finish(loadRoutesInSteps(join(folder, 'routes.json'), { env: {} })), /has to wait/);
});

test('one stage that is used in two ways, a schema that is none, and options for one that takes none are told', async (t) => {
  const folder = configFolder(t, {
    'routes.json': {
      use: [{ stage: './one.ts', timeout: '1s' }],
      routes: [{ prefix: '/a', ...FIXED, use: [{ stage: './one.ts', timeout: '2s' }] }],
    },
    'one.ts': source('one'),
    'bad.ts': source('bad', `schema: { type: 'text' },`),
    'refers.ts': source('refers', `schema: { $ref: '#/x' },`),
  });
  const rewrite = (file: object) => writeFileSync(join(folder, 'routes.json'), JSON.stringify(file));
  assert.match(String((await faultsOf(folder))[0]?.message), /used in another way/);
  rewrite({ use: ['./bad.ts', './refers.ts'], routes: [] });
  const faults = (await faultsOf(folder)).map(({ message }) => message).sort();
  assert.match(String(faults[0]), /bad\.ts.*its schema is none/);
  assert.match(String(faults[1]), /refers\.ts.*"\$ref"/);
  rewrite({ use: ['./one.ts'], routes: [{ prefix: '/a', ...FIXED, one: { x: 1 } }] });
  assert.match(String((await faultsOf(folder))[0]?.message), /takes no options: true or false/);
});

test('what one route says of a stage holds for no other route that names it', async (t) => {
  const open = { stage: './one.ts', onError: 'open' };
  const folder = configFolder(t, { 'routes.json': { routes: [] }, 'one.ts': source('one') });
  const route = (prefix: string, one: unknown) => ({ prefix, ...FIXED, use: [one] });
  const rewrite = (...uses: unknown[]) =>
    writeFileSync(
      join(folder, 'routes.json'),
      JSON.stringify({ routes: uses.map((one, index) => route(`/${index}`, one)) }),
    );
  for (const uses of [
    ['./one.ts', open],
    [open, './one.ts'],
    [{ stage: './one.ts', after: 'refuse' }, './one.ts'],
  ]) {
    rewrite(...uses);
    assert.match(String((await faultsOf(folder))[0]?.message), /used in another way/);
  }
  rewrite(open, open);
  await load(folder);
  writeFileSync(join(folder, 'routes.json'), JSON.stringify({ use: ['./one.ts'], routes: [route('/a', open)] }));
  assert.match(String((await faultsOf(folder))[0]?.message), /used in another way/);
  writeFileSync(join(folder, 'routes.json'), JSON.stringify({ use: [open], routes: [route('/a', './one.ts')] }));
  await load(folder);
});
