import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

const OPEN = { auth: 'none' } as const;

/**
 * The attack: whoever may write into one service's data writes a path there, which the gateway then puts into the address
 * of another part, in the name of whoever looks at the whole.
 */
test('a value that would lead elsewhere fails its part, and reaches no other route', async (t) => {
  let value: unknown = '';
  const service = await startService(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ v: value }));
  });
  const parts = {
    open: { route: '/open/a' },
    next: { route: '/open/x/${parts.open.v}?q=${parts.open.v}', after: 'open' },
  };
  const routes = [
    { prefix: '/whole', aggregate: parts, ...OPEN },
    { prefix: '/open', target: service.url, stripPrefix: false, ...OPEN },
    { prefix: '/admin', target: service.url, stripPrefix: false, ...OPEN },
  ];
  const gateway = await startGateway(t, { file: { routes } });
  for (const bad of [
    'a&b=c',
    '..',
    '../admin',
    '..%2F..%2Fadmin',
    '../../admin/x',
    '',
    null,
    {},
    [1],
    'a\u0000',
    '\ud800',
    '..;/x',
    '\\..\\x',
    'x'.repeat(9000),
  ]) {
    value = bad;
    const { status, json } = await ask(`${gateway.url}/whole`);
    assert.ok(status === 502 ? json.code === 'part_failed' : status === 200, `${JSON.stringify(bad)}: ${status}`);
  }
  const reached = new Set(service.requests.map(({ path }) => path));
  assert.ok(reached.has('/open/x/a%26b%3Dc?q=a%26b%3Dc'));
  for (const path of reached) {
    const [name = '', query = ''] = path.split('?');
    assert.ok(path === '/open/a' || (name.startsWith('/open/x/') && name.split('/').length === 4), path);
    assert.ok(!/[&=]/.test(query.slice('q='.length)), path);
  }
});

test('whose value it is, is whose fault it is: of the client 400, of a service 502', async (t) => {
  const service = await startService(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end('{"up":"../admin","ok":"1"}');
  });
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/asks', aggregate: { a: { route: '/seg/${request.query.v}' } }, ...OPEN },
        {
          prefix: '/both',
          aggregate: {
            first: { route: '/data' },
            a: { route: '/seg/${request.query.v}?w=${parts.first.ok}', after: 'first' },
          },
          ...OPEN,
        },
        {
          prefix: '/service',
          aggregate: { first: { route: '/data' }, a: { route: '/seg/${parts.first.up}', after: 'first' } },
          ...OPEN,
        },
        {
          prefix: '/mixed',
          aggregate: {
            first: { route: '/data' },
            a: { route: '/seg/${parts.first.ok}${request.query.v}', after: 'first' },
          },
          ...OPEN,
        },
        { prefix: '/seg/:id', target: service.url, ...OPEN },
        { prefix: '/data', target: service.url, ...OPEN },
      ],
    },
  });
  const statusOf = async (path: string): Promise<unknown[]> => {
    const { status, json } = await ask(`${gateway.url}${path}`);
    return [status, json.code];
  };
  for (const v of ['..', '', '..;x', 'a%5Cb', '%01'])
    for (const path of ['/asks', '/both'])
      assert.deepEqual(await statusOf(`${path}?v=${v}`), [400, 'invalid_request'], `${path} ${v}`);
  assert.deepEqual(await statusOf('/asks'), [400, 'invalid_request']);
  for (const path of ['/asks', '/both']) assert.deepEqual(await statusOf(`${path}?v=..%2Fadmin`), [400, 'bad_path']);
  assert.deepEqual(await statusOf('/service'), [502, 'part_failed']);
  assert.deepEqual(await statusOf('/mixed?v=%01'), [502, 'part_failed']);
  assert.deepEqual(await statusOf('/asks?v=a%2Fb%3Fx'), [200, undefined]);
});
