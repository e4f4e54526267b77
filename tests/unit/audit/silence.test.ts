import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCli } from '../../../src/cli.ts';
import { configFolder } from '../../support/config-files.ts';

interface Told {
  readonly id: string;
  readonly line: number;
  readonly message: string;
  readonly reason?: string;
}

async function check(t: TestContext, text: string, env: NodeJS.ProcessEnv = {}, more: Record<string, string> = {}) {
  const path = join(configFolder(t, { 'routes.json': text, ...more }), 'routes.json');
  const outs: string[] = [];
  const code = await runCli(['check', path, '--json'], { out: (out) => outs.push(out), err: () => {}, env });
  const { findings, silenced } = JSON.parse(outs.join('')) as { findings: Told[]; silenced: Told[] };
  const ids = findings.map(({ id, line }) => `${id}:${line}`);
  return { code, ids, findings, silenced: silenced.map(({ id, reason }) => [id, reason]) };
}

const ROUTE = '{ "prefix": "/a", "target": "http://localhost:4001", "auth": "none" }';
const PUBLIC = 'public-without-limit';

test('a comment on the line before a route, or at the end of its line, silences what is found there', async (t) => {
  const before = await check(t, `{ "routes": [\n// turnpike-ignore ${PUBLIC}: a demo\n${ROUTE}\n] }`);
  assert.deepEqual([before.ids, before.silenced], [[], [[PUBLIC, 'a demo']]]);
  const behind = await check(t, `{ "routes": [\n${ROUTE} // turnpike-ignore ${PUBLIC}: a demo\n] }`);
  assert.deepEqual([behind.ids, behind.silenced], [[], [[PUBLIC, 'a demo']]]);
  const block = await check(t, `{ "routes": [\n/* turnpike-ignore ${PUBLIC}: a demo */\n\n// more\n${ROUTE}\n] }`);
  assert.deepEqual([block.ids, block.silenced], [[], [[PUBLIC, 'a demo']]]);
});

test('a comment reaches its own route, and no other', async (t) => {
  const other = ROUTE.replace('"/a"', '"/b"');
  const { ids } = await check(t, `{ "routes": [\n${ROUTE}, // turnpike-ignore ${PUBLIC}: a demo\n${other}\n] }`);
  assert.deepEqual(ids, [`${PUBLIC}:3`]);
  const above = await check(t, `{\n// turnpike-ignore ${PUBLIC}: all of them\n"routes": [\n${ROUTE}\n] }`);
  assert.deepEqual(above.ids, ['ignore-unused:2', `${PUBLIC}:4`]);
});

test('what is about a key is silenced at the key, or at the route around it', async (t) => {
  const file = (atRoute: string, atKey: string) =>
    `{ "routes": [\n${atRoute}\n{ "prefix": "/a", "target": "http://localhost:4001", "rateLimits": [{"limit":1,"window":"1s"}], "auth": "none",\n${atKey}\n"timeouts": {\n"headers": "2m" } }\n] }`;
  const comment = '// turnpike-ignore timeout-above-balancer: ours waits for 5 minutes';
  assert.deepEqual((await check(t, file('', ''))).ids, ['timeout-above-balancer:6']);
  assert.deepEqual((await check(t, file(comment, ''))).ids, []);
  assert.deepEqual((await check(t, file('', comment))).ids, []);
});

test('a comment may name several, and wants a reason', async (t) => {
  const two = `{ "routes": [\n// turnpike-ignore ${PUBLIC}, dollar-segment: as it was\n${ROUTE.replace('/a', '/a/$id')}\n] }`;
  assert.deepEqual((await check(t, two)).ids, []);
  for (const end of ['', ':', ': ']) {
    const { ids, silenced } = await check(t, `{ "routes": [\n// turnpike-ignore ${PUBLIC}${end}\n${ROUTE}\n] }`);
    assert.deepEqual([ids, silenced], [['ignore-without-reason:2'], [[PUBLIC, '']]]);
  }
});

test('a comment that silences nothing is told, with the id that was meant', async (t) => {
  const { findings } = await check(t, `{ "routes": [\n// turnpike-ignore public-without-limits: x\n${ROUTE}\n] }`);
  assert.deepEqual(
    findings.map(({ id }) => id),
    ['ignore-unused', PUBLIC],
  );
  assert.match(findings[0]?.message ?? '', /no finding "public-without-limits": did you mean "public-without-limit"\?/);
  const gone = await check(t, '{ // turnpike-ignore tls-unverified: it was\n"routes": [] }\n// turnpike-ignore');
  assert.deepEqual(gone.ids, ['ignore-unused:1', 'ignore-without-reason:3', 'ignore-unused:3']);
});

test('at the head of the file a comment is about the environment, which may differ from machine to machine', async (t) => {
  const text = '// turnpike-ignore admin-exposed: our network alone\n{ "routes": [] }';
  const exposed = { ADMIN_HOST: '0.0.0.0', ADMIN_TOKEN: 'Zm9vYmFyLW5vdC1hLXdvcmQtYXQtYWxs' };
  const there = await check(t, text, exposed);
  assert.deepEqual([there.ids, there.silenced], [[], [['admin-exposed', 'our network alone']]]);
  assert.deepEqual((await check(t, text)).ids, []);
  const inside = '{\n// turnpike-ignore admin-exposed: here\n"routes": [] }';
  assert.deepEqual((await check(t, inside, exposed)).ids, ['admin-exposed:0', 'ignore-unused:2']);
});

test('what a default says is told once, and silenced there', async (t) => {
  const file = (comment: string) =>
    `{ "defaults": {\n${comment}\n"timeouts": { "headers": "2m" }, "rateLimits": [{ "limit": 1, "window": "1s" }] },\n"routes": [${ROUTE}, ${ROUTE.replace('/a', '/b')}] }`;
  const { findings } = await check(t, file(''));
  assert.equal(findings.length, 1);
  assert.match(findings[0]?.message ?? '', /"\/a".*and 1 more/);
  assert.deepEqual((await check(t, file('// turnpike-ignore timeout-above-balancer: ours waits'))).ids, []);
});

test('a file of routes.d has comments of its own', async (t) => {
  const team = `{ "routes": [\n// turnpike-ignore ${PUBLIC}: a demo\n${ROUTE}\n] }`;
  const { ids, silenced } = await check(t, '{ "routes": [] }', {}, { 'routes.d/team.json': team });
  assert.deepEqual([ids, silenced], [[], [[PUBLIC, 'a demo']]]);
});

test('beside faults what holds in spite of them is told, and no comment is called idle', async (t) => {
  const bad = '{ "prefix": "/b", "target": "http://localhost:4001", "nonsense": 1 }';
  const slow = '{ "prefix": "/c", "target": "http://localhost:4001", "timeouts": { "headers": "2m" } }';
  const { code, ids } = await check(
    t,
    `{ "routes": [\n${bad},\n// turnpike-ignore ${PUBLIC}: x\n${ROUTE},\n${slow} ] }`,
  );
  assert.deepEqual([code, ids], [78, ['timeout-above-balancer:5']]);
});

test('words in a string of the file are no comment', async (t) => {
  const text = `{ "routes": [{ "prefix": "/a", "auth": "none", "respond": { "status": 200, "body": "// turnpike-ignore x" } }] }`;
  assert.deepEqual((await check(t, text)).ids, []);
});
