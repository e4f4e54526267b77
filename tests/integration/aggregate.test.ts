import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { breakOffAll } from '../../src/server/break-off.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type StubHandler, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const OPEN = { auth: 'none' } as const;

function sendJson(res: ServerResponse, status: number, value: unknown, fields: Readonly<Record<string, string>> = {}) {
  res.writeHead(status, { 'content-type': 'application/json', ...fields });
  res.end(JSON.stringify(value));
}

/** A gateway before one service, whose routes are all public and lead to it under their own prefix. */
async function start(t: TestContext, handler: StubHandler, aggregate: object, routes: readonly object[] = []) {
  const service = await startService(t, handler);
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/whole/:id', aggregate, ...OPEN },
        { prefix: '/', target: service.url, stripPrefix: false, ...OPEN },
        ...routes,
      ],
    },
  });
  return { service, gateway };
}

test('the parts become one object, in the order of the file, each with what is picked of it', async (t) => {
  const { service, gateway } = await start(
    t,
    (_req, res, { path }) => {
      if (path === '/users/7') sendJson(res, 200, { id: 7, name: 'Ada', secret: 1, home: { city: 'Turin', zip: 1 } });
      else
        sendJson(res, 200, [
          { id: 1, total: 2 },
          { id: 2, total: 3 },
        ]);
    },
    {
      user: { route: '/users/:id', pick: ['id', 'name', 'home.city'] },
      orders: { route: '/orders?limit=5&of=${params.id}', pick: ['id'] },
    },
  );
  const { status, headers, text } = await ask(`${gateway.url}/whole/7`);
  assert.equal(status, 200);
  assert.equal(text, '{"user":{"id":7,"name":"Ada","home":{"city":"Turin"}},"orders":[{"id":1},{"id":2}]}');
  assert.deepEqual(
    [headers['content-type'], headers['x-gateway-completed'], headers['content-length']],
    ['application/json', 'true', String(text.length)],
  );
  assert.deepEqual(service.requests.map(({ path }) => path).sort(), ['/orders?limit=5&of=7', '/users/7']);
});

test('what is not picked from stays as it was written, long numbers too', async (t) => {
  const big = '{"n":12345678901234567890, "x":1e400}';
  const { gateway } = await start(
    t,
    (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(big);
    },
    { all: { route: '/a' }, one: { route: '/a', pick: ['n'] } },
  );
  assert.equal((await ask(`${gateway.url}/whole/7`)).text, `{"all":${big},"one":{"n":12345678901234567890}}`);
});

test('HEAD is answered as GET without a body, and other methods are refused', async (t) => {
  const { service, gateway } = await start(t, (_req, res) => sendJson(res, 200, {}), { a: { route: '/a' } });
  const head = await ask(`${gateway.url}/whole/7`, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, '8', '']);
  const post = await ask(`${gateway.url}/whole/7`, { method: 'POST', body: '{}' });
  assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
  assert.deepEqual(
    service.requests.map(({ method }) => method),
    ['GET'],
  );
});

test('a part that needs another is asked once that is there, with its value in the path', async (t) => {
  const { service, gateway } = await start(
    t,
    (_req, res, { path }) => sendJson(res, 200, path === '/users/7' ? { teams: [{ id: 'a/b?x=1' }] } : { path }),
    {
      team: { route: '/teams/${parts.user.teams[0].id}?of=${parts.user.teams[0].id}', after: 'user' },
      user: { route: '/users/:id' },
    },
  );
  const { json } = await ask(`${gateway.url}/whole/7`);
  assert.equal(json.team.path, '/teams/a%2Fb%3Fx%3D1?of=a%2Fb%3Fx%3D1');
  assert.deepEqual(
    service.requests.map(({ path }) => path.split('/')[1]),
    ['users', 'teams'],
  );
});

test('parts run at once: what waits for each other comes in without an end to the first', async (t) => {
  const waiting: ServerResponse[] = [];
  const { gateway } = await start(
    t,
    (_req, res) => {
      // Nobody is answered before all three have come.
      waiting.push(res);
      if (waiting.length === 3) for (const one of waiting) sendJson(one, 200, 1);
    },
    { a: { route: '/a' }, b: { route: '/b' }, c: { route: '/c' } },
  );
  assert.equal((await ask(`${gateway.url}/whole/7`)).text, '{"a":1,"b":1,"c":1}');
});

/** What services may answer in place of what one wants. */
const STRANGE: Readonly<Record<string, (res: ServerResponse) => void>> = {
  '/good': (res) => sendJson(res, 200, { ok: true }, { 'cache-control': 'max-age=60' }),
  '/none': (res) => sendJson(res, 404, { secret: 'inside' }),
  '/text': (res) => res.end('hello'),
  '/moved': (res) => res.writeHead(302, { location: '/good' }).end(),
  '/deep': (res) => sendJson(res, 200, JSON.parse('['.repeat(70) + ']'.repeat(70))),
  '/large': (res) => sendJson(res, 200, 'x'.repeat(2000)),
  '/bomb': (res) => {
    res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    res.end(gzipSync(JSON.stringify('x'.repeat(100_000))));
  },
};

test('an optional part that fails is null, and the answer says so and is never stored', async (t) => {
  const { gateway } = await start(
    t,
    (_req, res, { path }) => {
      (STRANGE[path] ?? ((broken: ServerResponse) => sendJson(broken, 500, {})))(res);
    },
    {
      good: { route: '/good' },
      none: { route: '/none', optional: true },
      text: { route: '/text', optional: true },
      moved: { route: '/moved', optional: true },
      deep: { route: '/deep', optional: true },
      large: { route: '/large', optional: true, maxSize: '1kb' },
      bomb: { route: '/bomb', optional: true, maxSize: '1kb' },
      broken: { route: '/broken', optional: true },
      child: { route: '/x/${parts.none.id}', after: 'none', optional: true },
    },
  );
  const { status, headers, json } = await ask(`${gateway.url}/whole/7`);
  assert.deepEqual([status, headers['x-gateway-completed'], headers['cache-control']], [200, 'false', 'no-store']);
  const { good, _errors: errors, ...others } = json;
  assert.deepEqual(good, { ok: true });
  assert.ok(Object.values(others).every((value) => value === null));
  assert.deepEqual(errors, [
    { part: 'none', status: 404, code: 'part_failed' },
    { part: 'text', status: 502, code: 'bad_answer' },
    { part: 'moved', status: 502, code: 'bad_answer' },
    { part: 'deep', status: 502, code: 'bad_answer' },
    { part: 'large', status: 502, code: 'answer_too_large' },
    { part: 'bomb', status: 502, code: 'answer_too_large' },
    { part: 'broken', status: 500, code: 'part_failed' },
    { part: 'child', status: 502, code: 'part_failed' },
  ]);
});

test('a refusal of a part that is needed is the answer of the whole', async (t) => {
  const { gateway } = await start(
    t,
    (_req, res, { path }) => {
      if (path === '/busy')
        sendJson(res, 429, { wait: 'please' }, { 'retry-after': '7', 'set-cookie': 'a=1', ratelimit: '"x";r=0' });
      else sendJson(res, 200, {});
    },
    { fine: { route: '/fine' }, busy: { route: '/busy' } },
  );
  const { status, headers, json } = await ask(`${gateway.url}/whole/7`);
  assert.equal(status, 429);
  assert.deepEqual(json, { wait: 'please' });
  assert.deepEqual(
    [
      headers['retry-after'],
      headers['ratelimit'],
      headers['set-cookie'],
      headers['content-type'],
      headers['cache-control'],
    ],
    ['7', '"x";r=0', undefined, 'application/json', 'no-store'],
  );
  const line = await gateway.line({ path: '/whole/7' });
  assert.deepEqual([line.status, line['detail']], [429, 'The part "busy" answered 429.']);
});

test('a failure of a part that is needed names it, and ends the others', async (t) => {
  let left = 0;
  const { gateway } = await start(
    t,
    (_req, res, { path }) => {
      if (path === '/slow')
        res.on('close', () => {
          left += 1;
        });
      else sendJson(res, 503, { secret: 'inside' });
    },
    { slow: { route: '/slow' }, broken: { route: '/broken' } },
    [],
  );
  const { status, json } = await ask(`${gateway.url}/whole/7`);
  assert.deepEqual([status, json.code, json.detail], [502, 'part_failed', 'The part "broken" answered 503.']);
  await until(() => left === 1 && gateway.gateway.inFlight === 0);
  const line = await gateway.line({ path: '/slow' });
  assert.deepEqual(
    [line.status, line['part'], line['detail']],
    [499, 'slow', 'Given up, since the part "broken" failed.'],
  );
});

test('a part that takes too long fails, and its service is left', async (t) => {
  let left = 0;
  const { gateway } = await start(
    t,
    (_req, res) =>
      void res.on('close', () => {
        left += 1;
      }),
    { slow: { route: '/slow', timeout: '50ms' } },
  );
  const { status, json } = await ask(`${gateway.url}/whole/7`);
  assert.deepEqual([status, json.code, json.detail], [502, 'part_failed', 'The part "slow" took longer than it may.']);
  await until(() => left === 1 && gateway.gateway.inFlight === 0);
  const line = await gateway.line({ path: '/slow' });
  assert.deepEqual([line.status, line['code']], [504, 'headers_timeout']);
});

test('a client that leaves ends all of its parts', async (t) => {
  let left = 0;
  const { service, gateway } = await start(
    t,
    (_req, res) =>
      void res.on('close', () => {
        left += 1;
      }),
    { a: { route: '/a' }, b: { route: '/b' } },
  );
  await assert.rejects(ask(`${gateway.url}/whole/7`, { timeoutMs: 300 }));
  assert.equal(service.requests.length, 2);
  await until(() => left === 2 && gateway.gateway.inFlight === 0);
  const line = await gateway.line({ path: '/whole/7' });
  assert.deepEqual([line.status, line['aborted']], [499, 'client']);
});

test('a gateway that ends answers 503, and ends all parts', async (t) => {
  let left = 0;
  const { service, gateway } = await start(
    t,
    (_req, res) =>
      void res.on('close', () => {
        left += 1;
      }),
    { a: { route: '/a' }, b: { route: '/b' } },
  );
  const answer = ask(`${gateway.url}/whole/7`);
  await until(() => service.requests.length === 2);
  breakOffAll(gateway.gateway);
  const { status, json } = await answer;
  assert.deepEqual([status, json.code], [503, 'draining']);
  await until(() => left === 2 && gateway.gateway.inFlight === 0);
});

test('a part that is an aggregate itself and lacks something makes the whole incomplete', async (t) => {
  const { gateway } = await start(
    t,
    (_req, res, { path }) => sendJson(res, path === '/none' ? 404 : 200, {}),
    { inner: { route: '/inner' } },
    [{ prefix: '/inner', aggregate: { none: { route: '/none', optional: true } }, ...OPEN }],
  );
  const { headers, text } = await ask(`${gateway.url}/whole/7`);
  assert.deepEqual([headers['x-gateway-completed'], headers['cache-control']], ['false', 'no-store']);
  assert.equal(text, '{"inner":{"none":null,"_errors":[{"part":"none","status":404,"code":"part_failed"}]}}');
});

test('all answers together are bounded, and so is what is kept of them meanwhile', async (t) => {
  const large = JSON.stringify('x'.repeat(6 * 1024 * 1024));
  const { gateway } = await start(
    t,
    (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(large);
    },
    { a: { route: '/a', maxSize: '10mb' }, b: { route: '/b', maxSize: '10mb' } },
  );
  const { status, json } = await ask(`${gateway.url}/whole/7`);
  assert.deepEqual([status, json.code], [502, 'part_failed']);
  assert.match(json.detail, /answered more than the whole may hold/);
});

test('a part with a body in pieces, coded, comes whole', async (t) => {
  const { gateway } = await start(
    t,
    (_req, res) => {
      const coded = gzipSync('{"a":"é"}');
      res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      res.write(coded.subarray(0, 5));
      setImmediate(() => res.end(coded.subarray(5)));
    },
    { a: { route: '/a' } },
  );
  assert.equal((await ask(`${gateway.url}/whole/7`)).text, '{"a":{"a":"é"}}');
});

test('a part that breaks off in the middle fails', async (t) => {
  const { gateway } = await start(
    t,
    (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      res.write('{"a":', () => res.destroy());
    },
    { a: { route: '/a' } },
  );
  const { status, json } = await ask(`${gateway.url}/whole/7`);
  assert.deepEqual([status, json.code], [502, 'part_failed']);
});

test('a part that answers with a stream of events, or any other type, is left at its head', async (t) => {
  let left = 0;
  const { gateway } = await start(
    t,
    (_req, res) => {
      res.on('close', () => {
        left += 1;
      });
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: 1\n\n');
    },
    { a: { route: '/a' } },
  );
  const { status, json } = await ask(`${gateway.url}/whole/7`);
  assert.deepEqual([status, json.detail], [502, 'The part "a" answered 200 without JSON.']);
  await until(() => left === 1 && gateway.gateway.inFlight === 0);
  const line = await gateway.line({ path: '/a' });
  assert.deepEqual([line['code'], line['part']], ['bad_answer', 'a']);
});

test('a secret of the file in the target of a part is in no log', async (t) => {
  const service = await startService(t, (_req, res) => sendJson(res, 200, {}));
  const gateway = await startGateway(t, {
    env: { TICKET: 'hush-hush-hush' },
    file: {
      routes: [
        { prefix: '/whole', aggregate: { a: { route: '/a?t=${ENV:TICKET}' } }, ...OPEN },
        { prefix: '/a', target: service.url, ...OPEN },
      ],
    },
  });
  assert.equal((await ask(`${gateway.url}/whole`)).status, 200);
  assert.equal(service.requests[0]?.path, '/?t=hush-hush-hush');
  await gateway.line({ part: 'a' });
  assert.ok(!gateway.accessLines.join().includes('hush'));
});

test('parts that are answered at once, by fixed answers, make a whole as well', async (t) => {
  const gateway = await startGateway(t, {
    file: {
      routes: [
        {
          prefix: '/whole',
          aggregate: {
            c: { route: '/fixed/${parts.b.to}', after: ['a', 'b'] },
            b: { route: '/fixed/b', after: 'a', pick: ['x'] },
            a: { route: '/fixed/a' },
            large: { route: '/fixed', maxSize: '3b', optional: true },
            away: { route: '/away', optional: true },
          },
          ...OPEN,
        },
        { prefix: '/fixed', respond: { status: 200, body: { to: 'a', x: 1 } }, ...OPEN },
        { prefix: '/away', redirect: { to: '/fixed' }, ...OPEN },
      ],
    },
  });
  const { json } = await ask(`${gateway.url}/whole`);
  const fixed = { to: 'a', x: 1 };
  assert.deepEqual([json.a, json.b, json.c, json.large, json.away], [fixed, { x: 1 }, fixed, null, null]);
  await until(() => gateway.gateway.inFlight === 0 && gateway.accessLines.length === 6);
});

test('a caller may shorten the time for all of it', async (t) => {
  const { gateway } = await start(t, () => {}, { a: { route: '/a' } });
  const { status, json } = await ask(`${gateway.url}/whole/7`, { headers: { 'x-request-timeout-ms': '50' } });
  assert.deepEqual([status, json.code], [502, 'part_failed']);
  await until(() => gateway.gateway.inFlight === 0);
});

test('a reload that changes something else says nothing of the aggregate', async (t) => {
  const file = (limit: number) => ({
    routes: [
      {
        prefix: '/whole/:id',
        aggregate: { a: { route: '/a/${params.id + "x"}', pick: ['x'] } },
        timeouts: { total: `${limit}s` },
        ...OPEN,
      },
      { prefix: '/a', target: 'http://localhost:1', ...OPEN },
    ],
  });
  const gateway = await startGateway(t, { file: file(5) });
  const { changes } = (await gateway.reload(file(6))) as { changes?: readonly string[] };
  assert.ok(
    changes?.some((change) => change.includes('timeouts')),
    String(changes),
  );
  assert.ok(!changes?.some((change) => change.includes('aggregate')), String(changes));
});

test('a part that can not be asked lets those that wait for it go, in whatever order they stand', async (t) => {
  const { gateway } = await start(t, (_req, res) => sendJson(res, 200, {}), {
    last: { route: '/x', after: 'next', optional: true },
    next: { route: '/x/${parts.user.missing}', after: 'user', optional: true },
    user: { route: '/x' },
  });
  const { status, json } = await ask(`${gateway.url}/whole/7`);
  assert.deepEqual([status, json._errors.map(({ part }: { part: string }) => part)], [200, ['last', 'next']]);
});

test('what is no name of a field in the Vary of a part is left out', async (t) => {
  const { gateway } = await start(
    t,
    (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json', vary: 'a\u00e9 b, X-Tenant' });
      res.end('{}');
    },
    { a: { route: '/a' } },
  );
  const { status, headers } = await ask(`${gateway.url}/whole/7`);
  assert.deepEqual([status, headers.vary], [200, 'x-tenant']);
});
