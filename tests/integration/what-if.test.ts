import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { WebSocket } from 'ws';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { hashPassword } from '../../src/auth/password.ts';
import { runCli } from '../../src/cli.ts';
import type { Group, WhatIfReport } from '../../src/explain/what-if/report.ts';
import { createFolder } from '../support/folders.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, ask, askRaw } from '../support/http.ts';
import { stageSource } from '../support/own-modules.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { startSocketService } from '../support/websocket.ts';

const SECRET = 'a-secret-of-at-least-32-characters!!';
const ISSUER = 'https://login.example.com';
const KEYS = { mobile: createApiKey(), batch: createApiKey(), old: createApiKey(), late: createApiKey() };

const bearer = (claims: object = {}) => ({
  authorization: `Bearer ${jwt.sign({ sub: 'u1', aud: 'api', iss: ISSUER, role: 'reader', scope: 'read', ...claims }, SECRET, { expiresIn: '1h' })}`,
});
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
const key = (name: keyof typeof KEYS) => ({ 'x-api-key': KEYS[name] });

const consumer = (name: string, more: object = {}) => ({ name, ...more });
const keyOf = (name: keyof typeof KEYS) => ({ keys: [{ id: `${name}-1`, sha256: hashApiKey(KEYS[name]) }] });

interface Services {
  readonly one: string;
  readonly two: string;
}

async function before({ one }: Services) {
  const target = { target: one };
  return {
    issuers: [{ issuer: ISSUER, audience: ['api', 'shop'], secret: SECRET }],
    services: { orders: { targets: [one] } },
    consumers: [
      consumer('mobile-app', { roles: ['admin'], scopes: ['read', 'write'], ...keyOf('mobile') }),
      consumer('batch', { roles: ['reader'], ...keyOf('batch') }),
      consumer('old', keyOf('old')),
      consumer('operator', { roles: ['admin'], password: await hashPassword('a long password') }),
    ],
    routes: [
      { name: 'role', prefix: '/role', auth: ['api-key', 'jwt'], authorize: { roles: ['admin', 'reader'] }, ...target },
      { name: 'scope', prefix: '/scope', auth: 'jwt', ...target },
      { name: 'claim', prefix: '/claim', auth: 'jwt', ...target },
      { name: 'methods', prefix: '/methods', auth: 'none', methods: ['GET', 'POST'], ...target },
      { name: 'hosts', prefix: '/hosts', auth: 'none', hosts: ['a.example.com', 'b.example.com'], ...target },
      { name: 'keys', prefix: '/keys', auth: 'api-key', ...target },
      { name: 'aud', prefix: '/aud', auth: 'jwt', ...target },
      { name: 'moved', prefix: '/moved', auth: 'none', ...target },
      { name: 'ip', prefix: '/ip', auth: 'none', ...target },
      { name: 'closed', prefix: '/closed', auth: 'none', ...target },
      { name: 'gone', prefix: '/gone', auth: 'none', ...target },
      { name: 'turned', prefix: '/turned', auth: 'none', ...target },
      { name: 'public', prefix: '/public', auth: 'none', ...target },
      { name: 'private', prefix: '/private', auth: 'api-key', ...target },
      { name: 'basic', prefix: '/basic', auth: 'basic', ...target },
      { name: 'orders', prefix: '/orders', auth: 'none', service: 'orders' },
      { name: 'size', prefix: '/size', auth: 'none', bodyLimit: '1mb', ...target },
      { name: 'query', prefix: '/query', auth: 'none', ...target },
      { name: 'same', prefix: '/same', auth: ['api-key', 'jwt'], authorize: { roles: ['admin'] }, ...target },
      { name: 'place', prefix: '/place', auth: { 'api-key': { query: 'api_key' } }, ...target },
      { name: 'field', prefix: '/field', auth: 'none', ...target },
    ],
  };
}

type File = Awaited<ReturnType<typeof before>>;

async function after({ one, two }: Services, old: File) {
  const target = { target: one };
  const change: Readonly<Record<string, object | undefined>> = {
    role: { authorize: { roles: ['admin'] } },
    scope: { authorize: { scopes: ['write'] } },
    claim: { authorize: { when: "has(claims.org) && claims.org == 'acme'" } },
    methods: { methods: ['GET'] },
    hosts: { hosts: ['a.example.com'] },
    moved: { prefix: '/elsewhere' },
    ip: { ipAllow: ['10.0.0.0/8'] },
    closed: { maintenance: true },
    gone: undefined,
    turned: { target: undefined, redirect: { to: '/public' } },
    public: { auth: 'api-key' },
    private: { auth: 'none' },
    basic: { authorize: { roles: ['nobody'] } },
    size: { bodyLimit: '10b' },
    query: { validate: { query: { type: 'object', required: ['page'] } } },
    place: { auth: 'api-key' },
    field: { headers: { 'x-version': '2' } },
  };
  return {
    issuers: [{ issuer: ISSUER, audience: 'api', secret: SECRET }],
    services: { orders: { targets: [one] }, 'orders-v2': { targets: [two] } },
    consumers: [
      consumer('mobile-app', { roles: ['admin'], scopes: ['read', 'write'], ...keyOf('mobile') }),
      consumer('batch', { roles: ['reader'], ...keyOf('batch') }),
      consumer('old'),
      consumer('late', { roles: ['admin'], ...keyOf('late') }),
      old.consumers[3],
    ],
    routes: old.routes.flatMap((route): object[] => {
      if (route.name === 'orders') return [{ ...route, service: 'orders-v2' }];
      if (!Object.hasOwn(change, route.name)) return [{ ...route, ...target }];
      return change[route.name] === undefined ? [] : [{ ...route, ...change[route.name] }];
    }),
  };
}

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const REQUESTS: readonly Sent[] = [
  { path: '/role/1', headers: key('mobile') },
  { path: '/role/2', headers: key('batch') },
  { path: '/role/3', headers: bearer() },
  { path: '/role/4', headers: bearer({ role: 'admin' }) },
  { path: '/role/5', headers: bearer({ role: 'guest' }) },
  { path: '/role/6' },
  { path: '/scope/1', headers: bearer() },
  { path: '/scope/2', headers: bearer({ scope: 'read write' }) },
  { path: '/claim/1', headers: bearer() },
  { path: '/claim/2', headers: bearer({ org: 'acme' }) },
  { path: '/methods/1' },
  { path: '/methods/2', method: 'POST', body: '{}' },
  { path: '/methods/3', method: 'DELETE' },
  { path: '/hosts/1', headers: { host: 'a.example.com' } },
  { path: '/hosts/2', headers: { host: 'b.example.com' } },
  { path: '/hosts/3', headers: { host: 'c.example.com' } },
  { path: '/keys/1', headers: key('mobile') },
  { path: '/keys/2', headers: key('old') },
  { path: '/keys/3', headers: key('late') },
  { path: '/keys/4' },
  { path: '/aud/1', headers: bearer() },
  { path: '/aud/2', headers: bearer({ aud: 'shop' }) },
  { path: '/aud/3', headers: bearer({ aud: 'nobody' }) },
  { path: '/moved/1' },
  { path: '/elsewhere/1' },
  { path: '/ip/1' },
  { path: '/closed/1' },
  { path: '/gone/1' },
  { path: '/turned/1' },
  { path: '/public/1' },
  { path: '/public/2', headers: key('mobile') },
  { path: '/private/1' },
  { path: '/private/2', headers: key('late') },
  { path: '/basic/1', headers: basic('operator', 'a long password') },
  { path: '/basic/2', headers: basic('operator', 'a wrong password') },
  { path: '/orders/1' },
  { path: '/size/1', method: 'POST', body: '{"of": "more than ten bytes"}' },
  { path: '/size/2', method: 'POST', body: '{}' },
  { path: '/query/1' },
  { path: '/query/2?page=1' },
  { path: '/same/1', headers: key('mobile') },
  { path: '/same/2', headers: key('batch') },
  { path: '/same/3', headers: bearer({ role: 'admin' }) },
  { path: `/place/1?api_key=${KEYS.mobile}` },
  { path: '/place/2', headers: key('mobile') },
  { path: '/field/1', headers: { 'x-version': '2' } },
  { path: '/field/2' },
  { path: '/nowhere' },
  { path: '/same/%zz' },
];

async function startServices(t: TestContext): Promise<Services> {
  const named = (name: string) =>
    startService(t, ({ headers }, res, { path }) => {
      const told = [headers['x-consumer-name'], headers['x-user-id'], headers['x-user-role'], path.split('?')[0]];
      res.writeHead(200, { 'x-answered-by': name, 'x-told': JSON.stringify(told) }).end();
    });
  const [one, two] = [await named('one'), await named('two')];
  return { one: one.url, two: two.url };
}

const send = (gateway: TestGateway, { method = 'GET', path, headers = {}, body }: Sent): Promise<Answer> =>
  ask(gateway.url + path, { method, headers, path, ...(body !== undefined && { body }) });

async function tryOut(gateway: TestGateway, file: object): Promise<WhatIfReport> {
  const { status, json, text } = await ask(`${gateway.adminUrl}/what-if?file=new.json`, {
    method: 'POST',
    body: JSON.stringify(file),
  });
  assert.equal(status, 200, text);
  return json;
}

/** What a client saw of a request: two that are alike ended alike. */
const outcomeOf = ({ status, headers }: Answer): string =>
  `${status} ${headers['x-answered-by'] ?? ''} ${headers['x-told'] ?? ''}`;

const passes = (outcome: string): boolean => Number(outcome.slice(0, 3)) < 400;

function whatReallyHappened(old: string, now: string): Group['what'] | undefined {
  if (old === now) return undefined;
  if (passes(old) && !passes(now)) return 'refused';
  if (!passes(old)) return passes(now) ? 'let in' : 'refused otherwise';
  if (old.slice(0, 3) !== now.slice(0, 3)) return 'answered';
  return old.split(' ')[1] === now.split(' ')[1] ? 'told' : 'routed';
}

test('what is foretold is what happens when the file is loaded', async (t) => {
  const services = await startServices(t);
  const file = await before(services);
  const next = await after(services, file);
  const gateway = await startGateway(t, { file });
  const old = new Map<string, string>();
  for (const sent of REQUESTS) old.set(sent.path, outcomeOf(await send(gateway, sent)));
  await until(() => gateway.accessLines.length >= REQUESTS.length);

  const report = await tryOut(gateway, next);
  const { result, faults } = await gateway.reload(next);
  assert.equal(result, 'applied', JSON.stringify(faults));
  for (const sent of REQUESTS) {
    const { method = 'GET', path } = sent;
    const real = whatReallyHappened(old.get(path) as string, outcomeOf(await send(gateway, sent)));
    const shown = `${method} ${path.split('?')[0]}`;
    const told = report.groups.find(({ examples }) => examples.includes(shown));
    assert.equal(told?.what, real, `${shown}: ${told?.says ?? 'nothing was told'}`);
    if (real === 'refused') assert.match(told?.says ?? '', /^would become \d{3} \(\w+: /);
  }
  const changed = report.groups.reduce((sum, { count }) => sum + count, 0);
  assert.equal(report.unchanged + changed, REQUESTS.length);
  const text = JSON.stringify(report);
  for (const secret of [SECRET, ...Object.values(KEYS), 'eyJ', hashApiKey(KEYS.mobile)])
    assert.ok(!text.includes(secret));
});

test('nothing is counted, logged or recorded by a trial', async (t) => {
  const { one: target } = await startServices(t);
  const limited = { prefix: '/limited', auth: 'api-key', rateLimits: [{ limit: 5, window: '1h' }], target };
  const file = { consumers: [consumer('mobile-app', keyOf('mobile'))], routes: [limited] };
  const gateway = await startGateway(t, { file });
  const first = await send(gateway, { path: '/limited', headers: key('mobile') });
  await until(() => gateway.accessLines.length === 1);
  const metrics = async () =>
    (await gateway.metrics()).split('\n').filter((line) => /^turnpike_(requests|refusals)/.test(line));
  const [counted, messages, lines] = [await metrics(), gateway.messages.length, gateway.accessLines.length];
  const pooled = gateway.deps.pool.size;

  for (let i = 0; i < 20; i += 1) {
    const report = await tryOut(gateway, { ...file, routes: [{ ...limited, auth: 'jwt' }] });
    assert.equal(report.requests, 1);
    assert.equal(report.newlyRefused, 1);
  }
  assert.deepEqual(await metrics(), counted);
  assert.deepEqual(
    [gateway.messages.length, gateway.accessLines.length],
    [messages, lines],
    gateway.messages.join('\n'),
  );
  assert.equal(gateway.deps.pool.size, pooled);
  const second = await send(gateway, { path: '/limited', headers: key('mobile') });
  assert.match(String(first.headers['ratelimit']), /r=4/);
  assert.match(String(second.headers['ratelimit']), /r=3/);
});

test('what nobody can tell is undecided, with the reason; what both files say alike is not', async (t) => {
  const { one: target } = await startServices(t);
  const schema = (maxProperties: number) => ({ body: { type: 'object', maxProperties } });
  const posted = { prefix: '/posted', auth: 'none', methods: ['POST'], validate: schema(5), target };
  const limited = { prefix: '/limited', auth: 'none', rateLimits: [{ limit: 5, window: '1h' }], target };
  const gateway = await startGateway(t, { file: { routes: [posted, limited] } });
  const headers = { 'content-type': 'application/json' };
  await send(gateway, { method: 'POST', path: '/posted', headers, body: '{}' });
  await send(gateway, { path: '/limited' });
  await until(() => gateway.accessLines.length === 2);

  const same = await tryOut(gateway, { routes: [posted, limited, { prefix: '/new', auth: 'none', target }] });
  assert.deepEqual(same.groups, []);
  const { groups, undecided, newlyRefused } = await tryOut(gateway, {
    routes: [
      { ...posted, validate: schema(1) },
      { ...limited, rateLimits: [{ limit: 1, window: '1h' }] },
    ],
  });
  assert.deepEqual([undecided, newlyRefused], [2, 0]);
  assert.deepEqual(groups.map(({ what, says }) => `${what} ${says}`).sort(), [
    'undecided limits: rateLimits would be others',
    'undecided validate: a body schema',
  ]);
});

test('a missing idempotency key refuses, a body without a length and a handshake are undecided', async (t) => {
  const { one: target } = await startServices(t);
  const keyed = { prefix: '/keyed', auth: 'none', idempotency: true, target };
  const sized = { prefix: '/sized', auth: 'none', bodyLimit: '1mb', target };
  const socket = { prefix: '/socket', auth: 'none', websocket: true, target };
  const gateway = await startGateway(t, { file: { routes: [keyed, sized, socket] } });
  const post = { method: 'POST', body: '{"of": "more than ten bytes"}' };
  const sent: readonly Sent[] = [
    { ...post, path: '/keyed/without' },
    { ...post, path: '/keyed/with', headers: { 'idempotency-key': '"8e03978e-40d5"' } },
    { path: '/keyed/read' },
    { ...post, path: '/sized/chunked', headers: { 'transfer-encoding': 'chunked' } },
    { ...post, path: '/sized/short', body: '{}' },
    { path: '/socket/plain' },
    { path: '/socket/handshake', headers: { connection: 'upgrade', upgrade: 'websocket' } },
  ];
  for (const one of sent) assert.equal((await send(gateway, one)).status, 200, one.path);
  await until(() => gateway.accessLines.length === sent.length);
  const next = {
    routes: [
      { ...keyed, idempotency: { required: true } },
      { ...sized, bodyLimit: '10b' },
      { ...socket, websocket: false },
    ],
  };

  const { groups, newlyRefused, unchanged } = await tryOut(gateway, next);
  assert.deepEqual(
    groups.flatMap(({ what, says, examples }) => examples.map((one) => `${one}: ${what} ${says}`)),
    [
      'POST /keyed/without: refused would become 400 (idempotency: Idempotency-Key is missing)',
      'GET /keyed/read: configured would pass by other words: idempotency',
      'POST /keyed/with: undecided idempotency: what became of its key',
      'POST /sized/chunked: undecided bodyLimit: a body that announced no length',
      'GET /socket/handshake: undecided websocket: a handshake',
    ],
  );
  assert.deepEqual([newlyRefused, unchanged], [1, 2]);
  assert.equal((await gateway.reload(next)).result, 'applied');
  assert.equal((await send(gateway, sent[0] as Sent)).status, 400);
  assert.equal((await send(gateway, sent[3] as Sent)).status, 413);
});

test('a WebSocket counts as a request from when it opens, and once', async (t) => {
  const { url: target } = await startSocketService(t);
  const route = { prefix: '/socket', auth: 'api-key', websocket: true, target };
  const file = { consumers: [consumer('mobile-app', keyOf('mobile'))], routes: [route] };
  const gateway = await startGateway(t, { file });
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/socket/1`, { headers: key('mobile') });
  await once(socket, 'open');
  const strict = { ...file, routes: [{ ...route, authorize: { roles: ['admin'] } }] };
  const open = await tryOut(gateway, strict);
  assert.deepEqual([open.requests, open.newlyRefused, open.groups[0]?.who], [1, 1, 'mobile-app']);
  const without = await tryOut(gateway, { ...file, routes: [{ ...route, websocket: false }] });
  assert.equal(without.groups[0]?.says, 'websocket: a handshake');
  socket.close();
  await until(() => gateway.accessLines.length === 1);
  assert.equal((await tryOut(gateway, strict)).requests, 1);
});

test('a condition on a field whose value is not kept leaves open what becomes of calls that have it', async (t) => {
  const { one: target } = await startServices(t);
  const route = { prefix: '/x', auth: 'none', target };
  const gateway = await startGateway(t, { file: { routes: [route] } });
  await send(gateway, { path: '/x', headers: { cookie: 'beta=1' } });
  await send(gateway, { path: '/x' });
  await until(() => gateway.accessLines.length === 2);
  const { groups, unchanged } = await tryOut(gateway, { routes: [{ ...route, headers: { cookie: 'beta=1' } }] });
  assert.deepEqual(groups.map(({ what, count }) => [what, count]).sort(), [
    ['refused', 1],
    ['undecided', 1],
  ]);
  assert.match(groups.map(({ says }) => says).join(), /a condition on a field whose value is not kept/);
  assert.equal(unchanged, 0);
});

test('an answer that says no counts as a refusal, whoever gives it', async (t) => {
  const { one: target } = await startServices(t);
  const route = { prefix: '/x', auth: 'none' };
  const gateway = await startGateway(t, { file: { routes: [{ ...route, target }] } });
  await send(gateway, { path: '/x' });
  await until(() => gateway.accessLines.length === 1);
  const gone = { routes: [{ ...route, respond: { status: 410 } }] };
  const { groups, newlyRefused } = await tryOut(gateway, gone);
  assert.deepEqual(
    [newlyRefused, ...groups.map(({ what, says }) => `${what}: ${says}`)],
    [1, 'refused: would become 410 (respond: answers 410 by itself)'],
  );
  assert.equal((await gateway.reload(gone)).result, 'applied');
  assert.equal((await tryOut(gateway, gone)).unchanged, 1);
  const again = await tryOut(gateway, { routes: [{ ...route, target }] });
  assert.deepEqual(
    again.groups.map(({ what }) => what),
    ['let in'],
  );
});

test('calls whose plan goes, or changes, are undecided, and those of other plans are not', async (t) => {
  const { one: target } = await startServices(t);
  const plan = (limit: number) => ({ rateLimits: [{ limit, window: '1h' }] });
  const consumers = [
    consumer('mobile-app', { plan: 'pro', ...keyOf('mobile') }),
    consumer('batch', { plan: 'free', ...keyOf('batch') }),
  ];
  const file = {
    plans: { pro: plan(9), free: plan(5) },
    consumers,
    routes: [{ prefix: '/x', auth: 'api-key', target }],
  };
  const gateway = await startGateway(t, { file });
  await send(gateway, { path: '/x', headers: key('mobile') });
  await send(gateway, { path: '/x', headers: key('batch') });
  await until(() => gateway.accessLines.length === 2);
  const without = [{ ...consumers[0], plan: undefined }, consumers[1]];
  for (const next of [
    { ...file, plans: { pro: plan(1), free: plan(5) } },
    { ...file, consumers: without },
    { ...file, plans: { free: plan(5) }, consumers: without },
  ]) {
    const { groups, unchanged } = await tryOut(gateway, next);
    assert.deepEqual(
      groups.map(({ what, who, says }) => `${what} ${who} ${says}`),
      ['undecided mobile-app limits: those of the plan would be others'],
    );
    assert.equal(unchanged, 1);
  }
});

test('an own stage that stays is no difference; before a decision that changes, or gone, it leaves that open', async (t) => {
  const { one: target } = await startServices(t);
  const source = stageSource('request() { calls += 1; }', "after: 'authenticate',");
  const use = join(createFolder(t, { 'probe.ts': source }), 'probe.ts');
  const route = { prefix: '/x', auth: 'api-key', target };
  const file = { use: [use], consumers: [consumer('mobile-app', keyOf('mobile'))], routes: [route] };
  const gateway = await startGateway(t, { file });
  await send(gateway, { path: '/x', headers: key('mobile') });
  await until(() => gateway.accessLines.length === 1);
  assert.equal((await tryOut(gateway, file)).unchanged, 1);
  const gone = await tryOut(gateway, { ...file, use: [] });
  assert.deepEqual(
    gone.groups.map(({ what, says }) => `${what} ${says}`),
    ['undecided probe: an own stage'],
  );
  const strict = await tryOut(gateway, { ...file, routes: [{ ...route, authorize: { roles: ['admin'] } }] });
  assert.deepEqual(
    strict.groups.map(({ what }) => what),
    ['undecided'],
  );
  assert.match(strict.groups[0]?.says ?? '', /probe: an own stage stands before what decides/);
});

test('a token whose issuer gets other keys, and a caller whom nobody has looked at, are undecided', async (t) => {
  const { one: target } = await startServices(t);
  const issuer = (secret: string) => [{ issuer: ISSUER, audience: 'api', secret }];
  const routes = [
    { prefix: '/token', auth: 'jwt', target },
    { prefix: '/open', auth: 'none', target },
  ];
  const gateway = await startGateway(t, { file: { issuers: issuer(SECRET), routes } });
  await send(gateway, { path: '/token', headers: bearer() });
  await send(gateway, { path: '/open', headers: bearer() });
  await send(gateway, { path: '/open/2' });
  await until(() => gateway.accessLines.length === 3);

  const { groups } = await tryOut(gateway, {
    issuers: issuer('another-secret-of-at-least-32-characters'),
    routes: routes.map((route) => ({ ...route, auth: 'jwt' })),
  });
  assert.deepEqual(
    groups.map(({ what, examples }) => [what, examples]),
    [
      ['refused', ['GET /open/2']],
      ['undecided', ['GET /token']],
      ['undecided', ['GET /open']],
    ],
  );
  assert.match(groups[1]?.says ?? '', /the keys of issuer https:\/\/login\.example\.com would be others/);
  assert.match(groups[2]?.says ?? '', /nobody has looked at its credential for jwt/);
});

test('a file with a fault is told as check tells it; what is not in force may not be named', async (t) => {
  const file = { routes: [{ prefix: '/x', auth: 'none', target: 'http://127.0.0.1:9' }] };
  const gateway = await startGateway(t, { file, env: { OTHER_SECRET: 'a-secret-that-is-in-no-file' } });
  const post = (body: string) => ask(`${gateway.adminUrl}/what-if?file=new.json`, { method: 'POST', body });
  const misspelt = await post('{\n  "routes": [{ "prefix": "/x", "auth": "none", "targte": "http://127.0.0.1:9" }]\n}');
  assert.equal(misspelt.status, 422);
  assert.match(misspelt.text, /"file": "new.json",\s+"line": 2/);
  assert.match(misspelt.text, /targte/);
  const route = { ...file.routes[0] };
  for (const [named, word] of [
    [
      { routes: [{ ...route, request: { headers: { set: { 'x-y': '${ENV:OTHER_SECRET}' } } } }] },
      /ENV:OTHER_SECRET.*not named by/,
    ],
    [
      { routes: [{ ...route, request: { headers: { set: { 'x-y': '${FILE:/etc/hostname}' } } } }] },
      /FILE:.*not named by/,
    ],
    [{ use: ['./stage.ts'], ...file }, /not in force/],
  ] as const) {
    const answer = await post(JSON.stringify(named));
    assert.equal(answer.status, 422, answer.text);
    assert.match(answer.text, word);
    assert.ok(!answer.text.includes('in-no-file'));
  }
  const { result } = await gateway.reload(file);
  assert.equal(result, 'unchanged', 'what was tried has no part in what is loaded');
});

test('a client that leaves in the middle of a file is no fault of the gateway', async (t) => {
  const gateway = await startGateway(t, { file: { routes: [] } });
  const head = 'POST /what-if HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n\r\n{';
  for (let i = 0; i < 3; i += 1) await askRaw(gateway.adminPort, head, { timeoutMs: 100 });
  const report = await tryOut(gateway, { routes: [] });
  assert.equal(report.requests, 0);
  assert.deepEqual(
    gateway.messages.filter((line) => line.includes('failed')),
    [],
  );
});

test('a reload that the guard in force refuses changes nothing; it can be forced', async (t) => {
  const { one: target } = await startServices(t);
  const file = {
    guard: { maxNewRefusals: '10%' },
    consumers: [consumer('mobile-app', { roles: ['reader'], ...keyOf('mobile') })],
    routes: [{ prefix: '/x', auth: 'api-key', target }],
  };
  const gateway = await startGateway(t, { file });
  for (let i = 0; i < 10; i += 1) await send(gateway, { path: `/x/${i}`, headers: key('mobile') });
  await until(() => gateway.accessLines.length === 10);
  const strict = {
    ...file,
    guard: { maxNewRefusals: '100%' },
    routes: [{ ...file.routes[0], authorize: { roles: ['admin'] } }],
  };

  const { result, faults } = await gateway.reload(strict);
  assert.equal(result, 'refused');
  assert.match(
    faults[0]?.message ?? '',
    /would refuse 10 of the last 10 requests that pass \(100%, at most 10% may be\): 10 of mobile-app would become 403 \(authorize: .*admin/,
  );
  assert.equal((await send(gateway, { path: '/x/1', headers: key('mobile') })).status, 200);
  const unclear = await ask(`${gateway.adminUrl}/reload?force=1`, { method: 'POST' });
  assert.deepEqual([unclear.status, unclear.json.code], [400, 'invalid_request']);
  const forced = await ask(`${gateway.adminUrl}/reload?force=true`, { method: 'POST' });
  assert.equal(forced.json.result, 'applied', forced.text);
  assert.equal((await send(gateway, { path: '/x/1', headers: key('mobile') })).status, 403);
  assert.equal((await gateway.reload(file)).result, 'applied', 'a file that refuses less needs no force');
});

test('the command tells it as text or JSON, and its exit code says whether too much would be refused', async (t) => {
  const { one: target } = await startServices(t);
  const file = {
    consumers: [consumer('mobile-app', keyOf('mobile'))],
    routes: [{ prefix: '/x', auth: 'api-key', target }],
  };
  const gateway = await startGateway(t, { file });
  for (let i = 0; i < 4; i += 1) await send(gateway, { path: `/x/${i}`, headers: key('mobile') });
  await until(() => gateway.accessLines.length === 4);
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-what-if-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const next = join(folder, 'new.json');
  const run = async (content: object, ...words: string[]) => {
    writeFileSync(next, JSON.stringify(content));
    const said = { out: '', err: '' };
    const io = {
      env: {},
      out(text: string) {
        said.out += text;
      },
      err(text: string) {
        said.err += text;
      },
    };
    return { code: await runCli(['what-if', next, '--admin', gateway.adminUrl, ...words], io), ...said };
  };
  const strict = { ...file, routes: [{ ...file.routes[0], ipAllow: ['10.0.0.0/8'] }] };
  const told = await run(strict);
  assert.equal(told.code, 1, told.err);
  assert.match(told.out, /Would be refused:\n {2}4 calls of mobile-app: would become 403 \(ipAccess: /);
  assert.match(told.out, /Newly refused: 4 of 4 \(100%\)/);
  assert.equal((await run(strict, '--max-refused', '100%')).code, 0);
  const json = await run(file, '--json');
  assert.deepEqual([json.code, JSON.parse(json.out).unchanged], [0, 4]);
  const faulty = await run({ routes: [{ prefix: '/x', auth: 'none', targte: target }] });
  assert.equal(faulty.code, 78);
  assert.match(faulty.err, /new\.json:1:\d+ .*targte/);
  assert.equal((await run(file, '--max-refused', 'many')).code, 64);
  rmSync(next);
  assert.equal(await runCli(['what-if', next], { env: {}, out: () => undefined, err: () => undefined }), 78);
  assert.equal(await runCli(['what-if'], { env: {}, out: () => undefined, err: () => undefined }), 64);
});

test('an edit that fails refuses, and so does a service without a target; edits by what is not kept are undecided', async (t) => {
  const { one } = await startServices(t);
  const route = (name: string, more: object = {}) => ({ name, prefix: `/${name}`, auth: 'none', target: one, ...more });
  const set = (value: string) => ({ request: { headers: { set: { 'x-of': value } } } });
  const file = { services: { orders: { targets: [one] } }, routes: [route('query'), route('cookie'), route('path')] };
  const orders = { name: 'orders', prefix: '/orders', auth: 'none', service: 'orders' };
  const gateway = await startGateway(t, { file: { ...file, routes: [...file.routes, orders] } });
  for (const path of ['/query?a=1', '/query', '/cookie', '/path', '/orders'])
    assert.equal((await send(gateway, { path, headers: { 'x-api-key': '7' } })).status, 200);
  const candidate = {
    services: { orders: { targets: [{ url: one, weight: 0 }] } },
    routes: [
      route('query', set('${request.query.a}')),
      route('cookie', set('${int(request.headers["x-api-key"])}')),
      route('path', { rewritePrefix: '/v2' }),
      orders,
    ],
  };
  await until(() => gateway.accessLines.length === 5);
  const { groups, newlyRefused, passed, undecided } = await tryOut(gateway, candidate);
  assert.deepEqual([passed, newlyRefused, undecided], [5, 2, 1]);
  const saysOf = (path: string) =>
    groups.filter(({ examples }) => examples.includes(`GET ${path}`)).map(({ says }) => says);
  assert.match(saysOf('/query').join(), /would become 500 \(request: .*would pass by other words: request/);
  assert.match(saysOf('/orders').join(), /would become 503 \(forward: all targets of orders have weight 0\)/);
  assert.match(saysOf('/path').join(), /another path \(rewritePrefix\)/);
  assert.equal((await gateway.reload(candidate)).result, 'applied');
  const happened = ['/query?a=1', '/query', '/cookie', '/path', '/orders'].map((path) =>
    send(gateway, { path, headers: { 'x-api-key': '7' } }),
  );
  assert.deepEqual(
    (await Promise.all(happened)).map(({ status }) => status),
    [200, 500, 200, 200, 503],
  );
});
