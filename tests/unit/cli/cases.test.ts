import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli } from '../../../src/cli.ts';
import { configFolder } from '../../support/config-files.ts';

async function run(argv: readonly string[]) {
  let out = '';
  let err = '';
  const code = await runCli(['test', ...argv], { out: (text) => (out += text), err: (text) => (err += text), env: {} });
  return { code, out, err };
}

const ROUTES = {
  services: { orders: { targets: ['http://orders.test'] } },
  routes: [{ name: 'open', prefix: '/open', service: 'orders', auth: 'none' }],
};
const CASE = { name: 'a', request: { url: '/open/1' }, expect: { status: 200 } };

test('names that the routes file does not have are faults', async (t) => {
  const folder = configFolder(t, {
    'routes.json': ROUTES,
    'cases.json': {
      stubs: { order: {} },
      callers: { app: { consumer: 'nobody' } },
      cases: [{ ...CASE, stubs: { orderz: {} }, expect: { route: 'opne' } }],
    },
  });
  const { code, err } = await run([join(folder, 'cases.json'), '--file', join(folder, 'routes.json')]);
  assert.equal(code, 78);
  assert.match(err, /\/stubs\/order {2}the routes file has no service "order"\n {4}did you mean "orders"\?/);
  assert.match(err, /\/cases\/0\/stubs\/orderz/);
  assert.match(err, /\/callers\/app\/consumer {2}the routes file has no consumer "nobody"/);
  assert.match(err, /\/cases\/0\/expect\/route {2}the routes file has no route "opne"\n {4}did you mean "open"\?/);
});

test('the exit code says what came of it', async (t) => {
  const folder = configFolder(t, {
    'routes.json': ROUTES,
    'good.json': { cases: [CASE] },
    'bad.json': { cases: [{ ...CASE, expect: { status: 201 } }] },
  });
  const [routes, good, bad, report] = ['routes.json', 'good.json', 'bad.json', 'report.xml'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  assert.equal((await run([good, '--file', routes, '--junit', report])).code, 0);
  assert.match(readFileSync(report, 'utf8'), /tests="1" failures="0"/);
  assert.equal((await run([good, bad, '--file', routes])).code, 1);
  assert.equal((await run([good, '--file', join(folder, 'none.json')])).code, 78);
  assert.equal((await run([join(folder, 'none.json'), '--file', routes])).code, 78);
  assert.equal((await run([good, '--file', routes, '--junit', join(folder, 'no/report.xml')])).code, 64);
  assert.equal((await run(['--record', 'x.json', good])).code, 64);
  assert.equal((await run(['--fil', routes])).code, 64);
  assert.match((await run(['--schema'])).out, /"title": "A case file of Turnpike"/);
});
