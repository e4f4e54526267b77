import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { hashApiKey } from '../../src/auth/api-key-format.ts';
import type { Explanation } from '../../src/explain/explanation.ts';
import { startGateway } from '../support/gateway.ts';
import { ask, askRaw, statusOf } from '../support/http.ts';
import { startService } from '../support/service.ts';

const HANDSHAKE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

const JSON_TYPE = { 'content-type': 'application/json' };
const VALID = {
  query: { properties: { page: { type: 'integer' } } },
  body: { type: 'object', properties: { amount: { type: 'number' } } },
};

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is refused, by which stage, with which status and code. */
type Case = readonly [what: string, asked: Asked, stage: string, status: number, code: string];

const CASES: readonly Case[] = [
  [
    'a WebSocket of a foreign page',
    { path: '/socket', headers: { ...HANDSHAKE, origin: 'https://evil.example' } },
    'websocket',
    403,
    'origin_refused',
  ],
  ['a route that fails on purpose', { path: '/fault' }, 'fault', 418, 'injected_fault'],
  ['a file that is not there', { path: '/files/nothing.txt' }, 'files', 404, 'file_not_found'],
  ['an expectation that nobody knows', { path: '/open', headers: { expect: 'wonders' } }, 'refuse', 400, 'bad_request'],
  [
    'a coding that is none',
    { method: 'POST', path: '/open', headers: { 'transfer-encoding': 'gzip, chunked' } },
    'refuse',
    501,
    'coding_unsupported',
  ],
  ['a method that is none', { method: 'get', path: '/open' }, 'refuse', 400, 'bad_framing'],
  [
    'a length that is none',
    { method: 'POST', path: '/open', headers: { 'content-length': '-5' } },
    'refuse',
    400,
    'bad_framing',
  ],
  [
    'a length beside a coding',
    { method: 'POST', path: '/open', headers: { 'content-length': '5', 'transfer-encoding': 'chunked' } },
    'refuse',
    400,
    'bad_framing',
  ],
  [
    'too many octets of fields',
    { path: '/open', headers: { x: 'y'.repeat(20_000) } },
    'refuse',
    431,
    'headers_too_large',
  ],
  [
    'one wrong credential too many',
    { path: '/key', headers: { 'x-api-key': 'wrong' } },
    'authenticate',
    429,
    'too_many_failures',
  ],
];

async function setUp(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-files-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'page.txt'), 'a page');
  const { url: target } = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      consumers: [{ name: 'app', keys: [{ id: 'k', sha256: hashApiKey('right') }] }],
      defaults: { auth: 'none' },
      routes: [
        { prefix: '/', target },
        { prefix: '/said', respond: { status: 418 } },
        { prefix: '/old', redirect: { to: '/open' } },
        { prefix: '/open', target },
        { prefix: '/socket', target, websocket: { origins: ['https://app.example'] } },
        { prefix: '/fault', target, fault: { abort: 418 } },
        { prefix: '/often', target, fault: { abort: 418, percent: 50 } },
        { prefix: '/files', files: folder },
        { prefix: '/key', target, auth: 'api-key' },
        { prefix: '/valid', target, validate: VALID },
      ],
    },
  });
  const explain = async ({ method = 'GET', path, headers = {} }: Asked): Promise<Explanation> => {
    const body = JSON.stringify({ method, url: gateway.url + path, headers });
    const { status, json, text } = await ask(`${gateway.adminUrl}/explain`, { method: 'POST', body });
    assert.equal(status, 200, text);
    return json;
  };
  return { gateway, explain };
}

test('what is refused before or behind the guards is explained as it happens, and kept with its reason', async (t) => {
  const { gateway, explain } = await setUp(t);
  for (let i = 0; i < 20; i += 1) await ask(`${gateway.url}/key`, { headers: { 'x-api-key': `wrong${i}` } });
  for (const [what, asked, stage, status, code] of CASES) {
    const told = await explain(asked);
    assert.deepEqual([told.outcome, told.status, told.code], ['refused', status, code], what);
    assert.equal(told.steps.find(({ refuses }) => refuses)?.stage, stage, what);
    const { method = 'GET', path, headers = {} } = asked;
    const fields = Object.entries({ host: `127.0.0.1:${gateway.port}`, connection: 'close', ...headers });
    const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const answer = await askRaw(gateway.port, `${method} ${path} HTTP/1.1\r\n${head}\r\n`);
    assert.equal(Number(statusOf(answer)), status, `${what}: ${answer}`);
    const [kept] = (await ask(`${gateway.adminUrl}/recent?code=${code}`)).json;
    assert.equal(kept?.steps.find(({ refuses }: { refuses: boolean }) => refuses)?.stage, stage, what);
    if (stage === 'refuse') assert.deepEqual(kept.steps[0].decisions, ['not looked at'], what);
  }
});

test('what a credential that was one too many had wrong is kept', async (t) => {
  const { gateway } = await setUp(t);
  for (let i = 0; i < 21; i += 1) await ask(`${gateway.url}/key`, { headers: { 'x-api-key': `wrong${i}` } });
  const [kept] = (await ask(`${gateway.adminUrl}/recent?code=too_many_failures`)).json;
  assert.match(kept.detail, /API key is not known/);
});

test('what was wrong with a body, a query or a field is kept', async (t) => {
  const { gateway } = await setUp(t);
  await ask(`${gateway.url}/valid?page=zero`);
  await ask(`${gateway.url}/valid`, { method: 'POST', headers: JSON_TYPE, body: '{"amount":"hunter2"}' });
  const kept = (await ask(`${gateway.adminUrl}/recent?code=invalid_request`)).json as { detail: string }[];
  const ofStatus = async (status: string) => (await ask(`${gateway.adminUrl}/recent?status=${status}`)).json.length;
  assert.deepEqual([await ofStatus('4xx'), await ofStatus('400'), await ofStatus('5xx')], [2, 2, 0]);
  assert.deepEqual(
    kept.map(({ detail }) => detail),
    ['Body /amount must be number.', 'Query /page must be integer.'],
  );
});

test("explaining wrong credentials uses up nobody's chances", async (t) => {
  const { gateway, explain } = await setUp(t);
  const wrong = { path: '/key', headers: { 'x-api-key': 'wrong' } };
  for (let i = 0; i < 30; i += 1) assert.equal((await explain(wrong)).code, 'invalid_credential');
  assert.equal((await ask(`${gateway.url}/key`, { headers: wrong.headers })).status, 401);
});

test('an aggregate is explained by its parts: what a part it needs is refused with, and which one', async (t) => {
  const { url: target } = await startService(t, (_req, res) =>
    res.setHeader('content-type', 'application/json').end('{}'),
  );
  const part = (name: string, optional = false) => ({ [name]: { route: `/${name}/1`, optional } });
  const gateway = await startGateway(t, {
    file: {
      consumers: [{ name: 'app', keys: [{ id: 'k', sha256: hashApiKey('right') }] }],
      services: { none: { targets: [{ url: target, weight: 0 }] } },
      defaults: { auth: 'none' },
      routes: [
        { prefix: '/open', target },
        { prefix: '/key', target, auth: 'api-key' },
        { prefix: '/none', service: 'none' },
        { prefix: '/asked', target, auth: { 'forward-auth': { url: `${target}/check` } } },
        { prefix: '/a', aggregate: { ...part('open'), ...part('key') } },
        { prefix: '/b', aggregate: { ...part('open'), ...part('none') } },
        { prefix: '/c', aggregate: { ...part('open'), ...part('key', true), ...part('none', true) } },
        { prefix: '/d', aggregate: { ...part('asked') } },
        { prefix: '/e', aggregate: { inner: { route: '/a' } } },
      ],
    },
  });
  const explain = async (path: string): Promise<Explanation> =>
    (await ask(`${gateway.adminUrl}/explain`, { method: 'POST', body: JSON.stringify({ url: path }) })).json;
  for (const path of ['/a', '/b', '/c', '/e']) {
    const told = await explain(path);
    const { status, json } = await ask(gateway.url + path);
    assert.deepEqual([told.status ?? 200, told.code], [status, json.code], path);
  }
  assert.equal((await explain('/d')).outcome, 'undecided');
  assert.match(
    JSON.stringify((await explain('/b')).steps),
    /part none: GET \/none\/1, which failed with 503 no_target/,
  );
  assert.match(
    JSON.stringify((await explain('/c')).steps),
    /part key: GET \/key\/1, which failed with 401 unauthenticated/,
  );
});

test('what passes is told to pass: a handshake of an own page, a file, and what fails by chance', async (t) => {
  const { gateway, explain } = await setUp(t);
  assert.deepEqual([(await explain({ path: '/said' })).status, (await explain({ path: '/old/x' })).status], [418, 308]);
  const health = await explain({ path: '/health/live' });
  assert.deepEqual([health.outcome, health.route, health.steps.length], ['passes', null, 1]);
  for (const asked of [
    { path: '/socket', headers: { ...HANDSHAKE, origin: 'https://app.example' } },
    { path: '/files/page.txt' },
    { path: '/often' },
    { path: '/open', headers: { expect: '100-continue' } },
  ])
    assert.equal((await explain(asked)).outcome, 'passes', asked.path);
  assert.equal(gateway.accessLines.length, 0);
});
