import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { SECRET } from '../support/auth.ts';
import { type AccessLine, startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { collect } from '../support/own-stages.ts';
import { type StubHandler, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const OPEN = { auth: 'none' } as const;
const KEY = createApiKey();
const bearer = (claims: object) => ({ authorization: `Bearer ${jwt.sign(claims, SECRET, { expiresIn: '1h' })}` });

function sendJson(res: ServerResponse, status: number, value: unknown) {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify(value));
}

const linesOf = ({ accessLines }: TestGateway): AccessLine[] =>
  accessLines.map((line) => JSON.parse(line) as AccessLine);

test('fifty at once: as slow as the slowest chain, each part in its own limit and breaker, under one request ID', async (t) => {
  const COUNT = 50;
  const held = new Map<string, ServerResponse[]>();
  let areHeld = true;
  const service = await startService(t, (_req, res, { path }) => {
    const name = path.split('/')[1] as string;
    if (!areHeld) return answer(name, res);
    const list = held.get(name) ?? [];
    held.set(name, list);
    list.push(res);
  });
  function answer(name: string, res: ServerResponse): void {
    if (name === 'broken') sendJson(res, 500, {});
    else sendJson(res, 200, { teamId: 'red', name });
  }
  const release = (name: string): void => {
    for (const res of held.get(name) ?? []) answer(name, res);
  };
  const heldAt = (name: string): number => held.get(name)?.length ?? 0;
  const target = (name: string, more: object = {}) => ({
    prefix: `/${name}`,
    target: service.url,
    stripPrefix: false,
    ...OPEN,
    ...more,
  });
  const gateway = await startGateway(t, {
    env: { MAX_IN_FLIGHT_PER_ADDRESS: String(COUNT) },
    file: {
      services: { broken: { targets: [service.url], circuitBreaker: { minimumRequests: 5 } } },
      routes: [
        {
          prefix: '/whole',
          aggregate: {
            slow: { route: '/slow/x' },
            broken: { route: '/broken/x', optional: true },
            user: { route: '/user/x' },
            team: { route: '/team/${parts.user.teamId}', after: 'user' },
          },
          ...OPEN,
        },
        target('slow'),
        target('broken', { target: undefined, service: 'broken' }),
        target('user', { rateLimits: [{ limit: COUNT, window: '1h', by: 'route' }] }),
        target('team'),
      ],
    },
  });
  const answers = Promise.all(Array.from({ length: COUNT }, () => ask(`${gateway.url}/whole`)));
  // Nothing is answered before all that need nothing have come: they run at once.
  await until(() => heldAt('slow') === COUNT && heldAt('broken') === COUNT && heldAt('user') === COUNT);
  assert.equal(heldAt('team'), 0);
  assert.match(await gateway.metrics(), new RegExp(`^turnpike_requests_in_flight ${COUNT}$`, 'm'));
  release('broken');
  release('user');
  // What needs the user waits for nobody else.
  await until(() => heldAt('team') === COUNT);
  release('team');
  release('slow');
  for (const { status, headers, json } of await answers) {
    assert.deepEqual([status, headers['x-gateway-completed'], json.team.name], [200, 'false', 'team']);
    assert.deepEqual(json._errors, [{ part: 'broken', status: 500, code: 'part_failed' }]);
  }
  assert.ok(service.requests.some(({ path }) => path === '/team/red'));
  await until(() => gateway.gateway.inFlight === 0 && gateway.accessLines.length === 5 * COUNT);
  const byId = Map.groupBy(linesOf(gateway), (line) => line['requestId']);
  assert.equal(byId.size, COUNT);
  for (const lines of byId.values()) {
    assert.deepEqual(lines.map((line) => line['part'] ?? line.path).sort(), [
      '/whole',
      'broken',
      'slow',
      'team',
      'user',
    ]);
  }
  // The breaker of the one is open, and the limit of the other used up.
  areHeld = false;
  const { status, headers, json } = await ask(`${gateway.url}/whole`);
  assert.deepEqual([status, json.code, json.instance], [429, 'rate_limited', '/whole']);
  assert.ok(Number(headers['retry-after']) > 0);
  assert.match(String(headers['ratelimit']), /r=0/);
  const line = await until(() => linesOf(gateway).find(({ status, path }) => status === 503 && path === '/broken/x'));
  assert.equal(line['code'], 'circuit_open');
});

/** A gateway whose routes take different callers, before a service that echoes. */
async function startGuarded(t: TestContext, aggregate: object, whole: object = {}, handler?: StubHandler) {
  const service = await startService(t, handler);
  const gateway = await startGateway(t, {
    env: { JWT_SECRET: SECRET },
    file: {
      consumers: [{ name: 'app', keys: [{ id: 'k', sha256: hashApiKey(KEY) }] }],
      routes: [
        { prefix: '/whole', aggregate, ...whole },
        { prefix: '/open', target: service.url, ...OPEN },
        { prefix: '/token', target: service.url, auth: 'jwt' },
        { prefix: '/key', target: service.url, auth: 'api-key' },
        { prefix: '/admin', target: service.url, auth: 'jwt', authorize: { roles: { any: ['admin'] } } },
        { prefix: '/one', target: service.url, ...OPEN, concurrency: { perConsumer: 1 } },
      ],
    },
  });
  return { service, gateway };
}

test('a part proves anew who calls, with the credentials of the client; each service is told who it is, and no credential', async (t) => {
  const { gateway } = await startGuarded(
    t,
    { byToken: { route: '/token/a' }, byKey: { route: '/key/a' }, open: { route: '/open/a' } },
    { auth: ['jwt', 'api-key'] },
  );
  const forged = { 'x-user-id': 'root', 'X-Consumer-Name': 'root', x_user_id: 'root' };
  const { status, headers, json } = await ask(`${gateway.url}/whole`, {
    headers: {
      ...bearer({ sub: 'u1' }),
      'x-api-key': KEY,
      ...forged,
      'accept-language': 'it',
      'if-none-match': '"x"',
      range: 'bytes=0-1',
      'accept-encoding': 'br',
      cookie: 'a=1',
    },
  });
  assert.equal(status, 200);
  assert.equal(headers['cache-control'], 'private, no-cache');
  const { byToken, byKey, open } = json;
  assert.deepEqual([byToken.headers['x-user-id'], byToken.headers['authorization']], ['u1', undefined]);
  assert.deepEqual([byKey.headers['x-consumer-name'], byKey.headers['x-api-key']], ['app', undefined]);
  assert.deepEqual(
    [open.headers['x-user-id'], open.headers['x-consumer-name'], open.headers['x_user_id']],
    [undefined, undefined, undefined],
  );
  for (const { headers: seen } of [byToken, byKey, open]) {
    assert.deepEqual([seen['accept-language'], seen['accept'], seen['cookie']], ['it', 'application/json', 'a=1']);
    assert.deepEqual(
      [seen['if-none-match'], seen['range'], seen['accept-encoding']],
      [undefined, undefined, undefined],
    );
    assert.equal(seen['x-request-id'], headers['x-request-id']);
    assert.equal(seen['x-forwarded-for'], '127.0.0.1');
  }
  // The whole takes both, and a public route is no way to a service for them.
  assert.deepEqual([open.headers['authorization'], open.headers['x-api-key']], [undefined, undefined]);
  assert.deepEqual([byToken.headers['x-api-key'], byKey.headers['authorization']], [undefined, undefined]);
  const traces = new Set([byToken, byKey, open].map(({ headers: seen }) => seen.traceparent.slice(0, 35)));
  assert.equal(traces.size, 1);
});

test('what the whole does not take goes to a public part as it would without the whole', async (t) => {
  const { gateway } = await startGuarded(t, { open: { route: '/open/a' } }, OPEN);
  const { json } = await ask(`${gateway.url}/whole`, {
    headers: { authorization: 'Bearer of-the-service', cookie: 'a=1' },
  });
  assert.deepEqual([json.open.headers['authorization'], json.open.headers['cookie']], ['Bearer of-the-service', 'a=1']);
});

test('a token in a cookie proves its caller to each part that takes it, and reaches no service', async (t) => {
  const service = await startService(t);
  const auth = { jwt: { cookie: 'session' } };
  const gateway = await startGateway(t, {
    env: { JWT_SECRET: SECRET },
    file: {
      routes: [
        { prefix: '/whole', aggregate: { mine: { route: '/mine' }, open: { route: '/open' } }, auth },
        { prefix: '/mine', target: service.url, auth },
        { prefix: '/open', target: service.url, ...OPEN },
      ],
    },
  });
  const token = jwt.sign({ sub: 'u1' }, SECRET, { expiresIn: '1h' });
  const { status, json } = await ask(`${gateway.url}/whole`, { headers: { cookie: `a=1; session=${token}; b=2` } });
  assert.deepEqual([status, json.mine.headers['x-user-id']], [200, 'u1']);
  for (const { cookie } of [json.mine.headers, json.open.headers]) assert.match(cookie, /^a=1; ?b=2$/);
});

test('forwardCredentials of the whole shows a public part nothing; that of the part is what counts', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    env: { JWT_SECRET: SECRET },
    file: {
      routes: [
        {
          prefix: '/whole',
          aggregate: { open: { route: '/open/a' }, kept: { route: '/kept/a' }, other: { route: '/other/a' } },
          auth: ['api-key', { jwt: { cookie: 'session' } }],
          forwardCredentials: true,
        },
        { prefix: '/open', target: service.url, ...OPEN },
        { prefix: '/kept', target: service.url, auth: { jwt: { cookie: 'session' } }, forwardCredentials: true },
        {
          prefix: '/other',
          target: service.url,
          auth: { any: [{ jwt: { cookie: 'another' } }], optional: true },
        },
      ],
    },
  });
  const [, token = ''] = bearer({ sub: 'u1' }).authorization.split(' ');
  const ofCookie = await ask(`${gateway.url}/whole`, { headers: { cookie: `a=1; session=${token}` } });
  assert.equal(ofCookie.status, 200, ofCookie.text);
  assert.equal(ofCookie.json.open.headers['cookie'], 'a=1');
  assert.equal(ofCookie.json.other.headers['cookie'], 'a=1');
  assert.match(ofCookie.json.kept.headers['cookie'], /session=/);
});

test('forwardCredentials of the whole shows a public part no token of a field', async (t) => {
  const whole = { auth: 'jwt', forwardCredentials: true };
  const { gateway } = await startGuarded(t, { open: { route: '/open/a' }, token: { route: '/token/a' } }, whole);
  const { status, json } = await ask(`${gateway.url}/whole`, { headers: bearer({ sub: 'u1' }) });
  assert.deepEqual(
    [status, json.open.headers['authorization'], json.token.headers['x-user-id']],
    [200, undefined, 'u1'],
  );
});

test('a wrong credential counts once, however many parts it is shown to', async (t) => {
  const parts = Object.fromEntries(
    Array.from({ length: 30 }, (_, at) => [`p${at}`, { route: '/token/a', optional: true }]),
  );
  const { gateway } = await startGuarded(t, parts, OPEN);
  const { json } = await ask(`${gateway.url}/whole`, {
    headers: { authorization: `Bearer ${jwt.sign({}, 'x'.repeat(48))}` },
  });
  assert.deepEqual(new Set(json._errors.map(({ status }: { status: number }) => status)), new Set([401]));
});

test('a part that is stricter than the whole decides: its 401 or 403 is the answer', async (t) => {
  const { service, gateway } = await startGuarded(
    t,
    { open: { route: '/open/a' }, admin: { route: '/admin/a' } },
    OPEN,
  );
  const nobody = await ask(`${gateway.url}/whole`);
  assert.deepEqual([nobody.status, nobody.json.code, nobody.json.instance], [401, 'unauthenticated', '/whole']);
  assert.match(String(nobody.headers['www-authenticate']), /^Bearer/);
  const user = await ask(`${gateway.url}/whole`, { headers: bearer({ sub: 'u1' }) });
  assert.deepEqual([user.status, user.json.code], [403, 'forbidden']);
  const admin = await ask(`${gateway.url}/whole`, { headers: bearer({ sub: 'u1', role: 'admin' }) });
  assert.deepEqual([admin.status, admin.json.admin.headers['x-user-role']], [200, 'admin']);
  assert.ok(service.requests.every(({ headers }) => headers['x-user-role'] !== 'user'));
  const line = await gateway.line({ path: '/whole', status: 403 });
  assert.equal(line['code'], 'forbidden');
});

test('a part is one call among others to what bounds calls at once: refused, and not waited for', async (t) => {
  const { gateway } = await startGuarded(
    t,
    { first: { route: '/one/a' }, second: { route: '/one/b', optional: true } },
    { ...OPEN, concurrency: { perConsumer: 1 } },
  );
  const { status, json } = await ask(`${gateway.url}/whole`);
  assert.equal(status, 200);
  assert.deepEqual(json._errors, [{ part: 'second', status: 429, code: 'too_many_concurrent' }]);
  assert.equal((await ask(`${gateway.url}/whole`)).status, 200);
});

test('aggregates that lead to each other by a value end at a depth, and none is asked for ever', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      routes: [
        {
          prefix: '/a/:kind',
          aggregate: { one: { route: '/a/:kind', optional: true }, two: { route: '/a/:kind', optional: true } },
          hosts: ['a.test'],
          ...OPEN,
        },
        { prefix: '/', target: service.url, ...OPEN },
      ],
    },
  });
  const { status, json } = await ask(`${gateway.url}/a/x`, { headers: { host: 'a.test' } });
  assert.equal(status, 200);
  assert.deepEqual(json.one.one.one, null);
  assert.deepEqual(json.one.one._errors[0], { part: 'one', status: 502, code: 'part_failed' });
  await until(() => gateway.gateway.inFlight === 0 && gateway.accessLines.length === 15);
  assert.ok(linesOf(gateway).some((line) => line['part'] === 'one.two.one'));
});

test('an explanation names the parts and asks none', async (t) => {
  const { service, gateway } = await startGuarded(
    t,
    { open: { route: '/open/a' }, next: { route: '/open/${parts.open.path}', after: 'open' } },
    OPEN,
  );
  const { context } = await collect(gateway.gateway.inProcess, {
    method: 'GET',
    target: '/whole',
    headers: ['host', 'x'],
    dryRun: true,
  });
  assert.deepEqual(
    context.trace?.filter(({ stage }) => stage === 'aggregate').map(({ decision }) => decision),
    ['part open: GET /open/a', 'part next: GET /open/${parts.open.path}, which comes after open'],
  );
  assert.equal(service.requests.length, 0);
});

test('a reload in the middle changes nothing for the parts that are still to come', async (t) => {
  const held: ServerResponse[] = [];
  const service = await startService(t, (_req, res, { path }) => {
    if (path === '/user') held.push(res);
    else sendJson(res, 200, { path });
  });
  const routes = (name: string) => [
    {
      prefix: '/whole',
      aggregate: { user: { route: `/${name}/user` }, team: { route: `/${name}/\${parts.user.id}`, after: 'user' } },
      ...OPEN,
    },
    { prefix: `/${name}`, target: service.url, ...OPEN },
  ];
  const gateway = await startGateway(t, { file: { routes: routes('before') } });
  const answer = ask(`${gateway.url}/whole`);
  await until(() => held.length === 1);
  await gateway.reload({ routes: routes('after') });
  sendJson(held[0] as ServerResponse, 200, { id: 7 });
  const { status, json } = await answer;
  assert.deepEqual([status, json.team], [200, { path: '/7' }]);
});
