import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { runCheck } from '../../src/cli/check.ts';
import { loadRoutesWith } from '../../src/config/load-with.ts';
import { STAGES } from '../../src/stages.ts';
import { configFolder, faultsOf } from '../support/config-files.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { askSocket, openSocket, startSocketService } from '../support/websocket.ts';

const ROUTE = { prefix: '/graphql', target: 'http://localhost:4001', auth: 'none' };

const post = (url: string, message: object) =>
  ask(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(message) });

test('what could never work is told where it is written', (t) => {
  const faultsFor = (graphql: object, route: object = {}) => {
    const folder = configFolder(t, { 'routes.json': { routes: [{ ...ROUTE, graphql, ...route }] } });
    return faultsOf(() => loadRoutesWith(STAGES, join(folder, 'routes.json'), { env: {} }))
      .map(({ message, hint = '' }) => `${message}; ${hint}`)
      .join('\n');
  };
  assert.match(faultsFor({ maxDeph: 3 }), /maxDepth/);
  assert.match(faultsFor({ queries: { a: '{ a' } }), /the query "a" could never run: no GraphQL, from line 1/);
  assert.match(faultsFor({ queries: './queries.json' }), /expected an object of documents by ID/);
  assert.match(faultsFor({ onlyListed: true }), /no query would ever pass/);
  assert.match(
    faultsFor({ chargeCost: 1 }, { shadow: ['rateLimit'] }),
    /both are tried out, or none; add "graphqlCost"/,
  );
  assert.match(faultsFor({ chargeCost: 1 }, { shadow: ['graphqlCost'] }), /add "rateLimit"/);
  assert.match(faultsFor({}, { shadow: ['graphqlCost'] }), /nothing for "graphqlCost" to report/);
});

test('a list in a file of its own is read, and read again when it changes', async (t) => {
  const service = await startService(t);
  const route = { ...ROUTE, target: service.url };
  const gateway = await startGateway(t, { file: { routes: [route] } });
  const list = join(dirname(gateway.routesFile), 'queries.json');
  const graphql = { queries: '${FILE:./queries.json}', onlyListed: true };
  writeFileSync(list, JSON.stringify({ first: 'query First { a }' }));
  assert.equal((await gateway.reload({ routes: [{ ...route, graphql }] })).result, 'applied');
  assert.equal((await post(`${gateway.url}/graphql`, { id: 'first' })).status, 200);
  assert.equal((await post(`${gateway.url}/graphql`, { id: 'second' })).status, 400);
  writeFileSync(list, JSON.stringify({ second: 'query Second { a }' }));
  assert.equal((await gateway.reloader.reload('test')).result, 'applied');
  assert.equal((await post(`${gateway.url}/graphql`, { id: 'first' })).status, 400);
  assert.equal((await post(`${gateway.url}/graphql`, { id: 'second' })).status, 200);
  assert.equal((await gateway.line({ status: 200, operation: 'Second' }))['route'], '/graphql');
});

test('a guarded route opens no WebSocket, and check says so; all of them pass where it says that', async (t) => {
  const service = await startSocketService(t);
  const route = { ...ROUTE, target: service.url, websocket: true };
  const gateway = await startGateway(t, { file: { routes: [{ ...route, graphql: {} }] } });
  const refusal = await askSocket(t, `${gateway.url}/graphql`);
  assert.equal(refusal.status, 400);
  assert.match(refusal.text, /Operations over a WebSocket can not be looked at/);
  const open = { ...route, graphql: { subscriptions: 'unguarded' } };
  await gateway.reload({ routes: [open] });
  const socket = await openSocket(t, `${gateway.url}/graphql`);
  socket.close();
  const disguised = await askSocket(t, `${gateway.url}/graphql?query={__schema{types{name}}}`);
  assert.equal(disguised.status, 400);

  const warningsOf = async (one: object): Promise<string> => {
    const folder = configFolder(t, { 'routes.json': { routes: [one] } });
    let told = '';
    const err = (text: string): void => {
      told += text;
    };
    const io = { out: () => undefined, err, env: {} };
    await runCheck([join(folder, 'routes.json')], io);
    return told;
  };
  assert.match(
    await warningsOf({ ...route, graphql: {} }),
    /refuses every WebSocket, since "graphql" can't look into one/,
  );
  assert.doesNotMatch(await warningsOf(open), /WebSocket/);
});

test('a route without it has no handler for it', async (t) => {
  const gateway = await startGateway(t, { file: { routes: [ROUTE, { ...ROUTE, prefix: '/b', graphql: {} }] } });
  const { json } = await ask(`${gateway.adminUrl}/routes`);
  const stagesOf = (name: string): readonly string[] => json.find((one: { name: string }) => one.name === name).stages;
  assert.ok(!stagesOf('/graphql').includes('graphql'));
  assert.ok(stagesOf('/b').includes('graphql'));
  assert.ok(!stagesOf('/b').includes('graphqlCost'));
});
