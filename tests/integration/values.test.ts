import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { SECRET } from '../support/auth.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { bearer } from '../support/one-caller.ts';
import { startService } from '../support/service.ts';

const tokenOf = (claims: object): Record<string, string> =>
  bearer(jwt.sign({ sub: 'u1', ...claims }, SECRET, { expiresIn: '1h' }));

function start(t: TestContext, routes: readonly object[], file: object = {}) {
  return startGateway(t, { file: { routes, ...file }, env: { JWT_SECRET: SECRET } });
}

test('a caller reaches the objects of its own organisation alone', async (t) => {
  const service = await startService(t);
  const gateway = await start(t, [
    { prefix: '/orgs/:org', target: service.url, auth: 'jwt', authorize: { when: 'claims.org == params.org' } },
  ]);
  const statusFor = async (path: string, claims: object): Promise<number> =>
    (await ask(gateway.url + path, { headers: tokenOf(claims) })).status;
  assert.equal(await statusFor('/orgs/acme/users', { org: 'acme' }), 200);
  assert.equal(await statusFor('/orgs/other/users', { org: 'acme' }), 403);
  assert.equal(await statusFor('/orgs/acme/users', { org: ['acme'] }), 403);
  assert.equal(await statusFor('/orgs/acme/users', {}), 403, 'a claim that is missing is none that fits');
  assert.equal(service.requests.length, 1);
});

test('a condition counts for one method alone, and an answer tells nothing of the rule', async (t) => {
  const when = '"admin" in roles || request.query.dry == "yes"';
  const gateway = await start(t, [
    { prefix: '/a', respond: { status: 204 }, auth: 'jwt', authorize: { methods: { DELETE: { when } } } },
  ]);
  const call = (method: string, query: string, claims: object = {}) =>
    ask(`${gateway.url}/a${query}`, { method, headers: tokenOf(claims) });
  assert.equal((await call('GET', '')).status, 204);
  assert.equal((await call('DELETE', '', { role: 'admin' })).status, 204);
  assert.equal((await call('DELETE', '?dry=yes')).status, 204);
  const refused = await call('DELETE', '?dry=yes&dry=no');
  assert.equal(refused.status, 403);
  assert.doesNotMatch(refused.text, /admin|dry ==/);
});

test('calls are counted by a value of the file, apart for each issuer', async (t) => {
  const issuers = ['one', 'two'].map((issuer) => ({ issuer, secret: SECRET, audience: 'api' }));
  const gateway = await start(
    t,
    [
      {
        prefix: '/a/:id',
        respond: { status: 204 },
        auth: 'jwt',
        rateLimits: [{ limit: 2, window: '1h', by: '${claims.org}/${params.id}' }],
      },
    ],
    { issuers },
  );
  const call = async (iss: string, org: string, id: string): Promise<number> =>
    (await ask(`${gateway.url}/a/${id}`, { headers: tokenOf({ iss, aud: 'api', org, sub: `${Math.random()}` }) }))
      .status;
  assert.deepEqual([await call('one', 'acme', '1'), await call('one', 'acme', '1')], [204, 204]);
  assert.equal(await call('one', 'acme', '1'), 429);
  assert.equal(await call('one', 'acme', '2'), 204);
  assert.equal(await call('one', 'other', '1'), 204);
  assert.equal(await call('two', 'acme', '1'), 204, 'what one issuer says of an organisation is not what another says');
});

test('a claim that is missing is a fault, and an empty text in its place counts the caller', async (t) => {
  const route = (prefix: string, by: string, more: object = {}) => ({
    prefix,
    respond: { status: 204 },
    auth: 'jwt',
    rateLimits: [{ limit: 1, window: '1h', by, ...more }],
  });
  const gateway = await start(t, [
    route('/strict', '${claims.org}'),
    route('/mild', '${claims.?org.orValue("")}'),
    route('/one', '${claims.org}', { scope: 'gateway' }),
    route('/two', '${claims.org}', { scope: 'gateway' }),
  ]);
  const call = async (path: string, claims: object) =>
    (await ask(gateway.url + path, { headers: tokenOf(claims) })).status;
  assert.equal(await call('/strict', {}), 500);
  const users = ['a', 'a', 'b'].map((sub) => ({ sub }));
  assert.deepEqual([await call('/mild', users[0] ?? {}), await call('/mild', users[1] ?? {})], [204, 429]);
  assert.equal(await call('/mild', users[2] ?? {}), 204);
  assert.equal(await call('/one', { org: 'acme' }), 204);
  assert.equal(await call('/two', { org: 'acme' }), 429, 'one limit over both routes');
});

test('what a call costs is told by the call', async (t) => {
  const gateway = await start(t, [
    {
      prefix: '/a',
      respond: { status: 204 },
      auth: 'none',
      cost: '${"ids" in request.query ? size(request.query.ids.split(",")) : 1}',
      rateLimits: [{ limit: 10, window: '1h', by: 'route', scope: 'route' }],
    },
    {
      prefix: '/b',
      respond: { status: 204 },
      auth: 'none',
      cost: '${request.query.n}',
      rateLimits: [{ limit: 10, window: '1h' }],
    },
  ]);
  const left = async (path: string): Promise<string> => {
    const { status, headers } = await ask(gateway.url + path);
    return `${status} ${headers['x-ratelimit-remaining']}`;
  };
  assert.equal(await left('/a?ids=1,2,3,4'), '204 6');
  assert.equal(await left('/a'), '204 5');
  assert.match(await left('/a?ids=1,2,3,4,5,6'), /^429/);
  assert.equal(await left('/a?ids=1,2,3,4,5'), '204 0');
  assert.equal(await left('/b?n=-5'), '204 9', 'no call is for free, or gives back');
  assert.match(await left('/b?n=lots'), /^500/, 'what is no number refuses');
  assert.match(await left('/b?n='), /^500/);
  assert.match(await left('/b?n=1e300'), /^429/);
});

test('answers are given by condition, with values; where none fits the service is asked', async (t) => {
  const service = await startService(t);
  const gateway = await start(t, [
    {
      prefix: '/a/:id',
      target: service.url,
      auth: 'none',
      respond: [
        {
          when: 'request.headers["x-a"] == "1"',
          status: 200,
          headers: { 'X-Id': 'no ${params.id}' },
          body: { id: '${params.id}', n: '${1 + 1}' },
        },
        { when: 'has(body.ping)', status: 202, body: 'pong ${body.ping}' },
      ],
    },
  ]);
  const json = { 'content-type': 'application/json' };
  const first = await ask(`${gateway.url}/a/7`, { headers: { 'x-a': '1' } });
  assert.deepEqual([first.status, first.json, first.headers['x-id']], [200, { id: '7', n: 2 }, 'no 7']);
  const missing = await ask(`${gateway.url}/a/7`);
  assert.equal(missing.status, 500, 'a condition without a value is a fault, and nothing passes by one');
  const second = await ask(`${gateway.url}/a/7`, {
    method: 'POST',
    headers: { ...json, 'x-a': '2' },
    body: '{"ping":"x"}',
  });
  assert.deepEqual([second.status, second.text], [202, 'pong x']);
  const third = await ask(`${gateway.url}/a/7`, {
    method: 'POST',
    headers: { ...json, 'x-a': '2' },
    body: '{"other":1}',
  });
  assert.deepEqual([third.status, third.json.bodyBytes], [200, 11], 'what was read for the condition is sent on');
});

test('a value can begin no header field of its own', async (t) => {
  const gateway = await start(t, [
    { prefix: '/a', auth: 'none', respond: { status: 200, headers: { 'x-q': '${request.query.q}' }, body: 'x' } },
  ]);
  const forged = await ask(`${gateway.url}/a?q=1%0d%0aset-cookie:%20a=b`);
  assert.deepEqual([forged.status, forged.headers['set-cookie']], [500, undefined]);
  for (const control of ['%0a', '%0d', '%00', '%1b', '%7f', '%C2%85']) {
    for (const query of [`q=a${control}`, `q=${control}a`, `q=a${control}b`])
      assert.equal((await ask(`${gateway.url}/a?${query}`)).status, 500, query);
  }
  const tabbed = await ask(`${gateway.url}/a?q=%09a%09b%09`);
  assert.deepEqual([tabbed.status, tabbed.headers['x-q']], [200, 'a\tb']);
  const plain = await ask(`${gateway.url}/a?q=%20J%C3%B6rg%20`);
  assert.equal(plain.headers['x-q'], 'J%C3%B6rg');
});

test('a faulty expression refuses the file, and says where', async (t) => {
  const gateway = await start(t, [{ prefix: '/a', respond: { status: 204 }, auth: 'none' }]);
  const faultsOf = async (route: object): Promise<string> =>
    JSON.stringify(await gateway.reload({ routes: [{ prefix: '/a', respond: { status: 204 }, ...route }] }));
  assert.match(
    await faultsOf({ authorize: { when: 'claim.org == "x"' } }),
    /when.*no \\"claim\\" here.*did you mean claims/,
  );
  assert.match(await faultsOf({ authorize: { when: 'user' } }), /never true or false/);
  assert.match(await faultsOf({ cost: '${size(request.nope)}' }), /cost.*nope.*column/i);
  assert.match(await faultsOf({ cost: 'two' }), /expected .*a value such as/);
  assert.match(await faultsOf({ rateLimits: [{ limit: 1, window: '1s', by: 'custommer' }] }), /expected consumer/);
  assert.match(await faultsOf({ respond: { status: 200, body: { a: ['${oops'] } } }), /has no/);
  assert.equal((await ask(`${gateway.url}/a`)).status, 204, 'the last good file serves on');
});
