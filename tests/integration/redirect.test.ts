import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';

const OPEN = { auth: 'none' };

async function locationsOf(
  t: Parameters<typeof startGateway>[0],
  routes: readonly object[],
  asked: readonly string[],
): Promise<(string | undefined)[]> {
  const gateway = await startGateway(t, { file: { routes } });
  const answers = await Promise.all(asked.map((path) => ask(gateway.url + path)));
  return answers.map(({ headers }) => headers.location);
}

test('a redirect keeps the rest of the path and the query, and is a 308', async (t) => {
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/old', redirect: { to: '/new' }, ...OPEN }] } });
  for (const [path, location] of [
    ['/old', '/new'],
    ['/old/', '/new/'],
    ['/old/a/b%2Fc?x=1&y=%20', '/new/a/b%2Fc?x=1&y=%20'],
    ['/old?x', '/new?x'],
  ] as const) {
    const { status, headers, text } = await ask(gateway.url + path);
    assert.deepEqual([status, headers.location, text], [308, location, ''], path);
  }
  const { status, headers } = await ask(`${gateway.url}/old/a`, { method: 'POST', body: 'x' });
  assert.deepEqual([status, headers.location, headers['x-content-type-options']], [308, '/new/a', 'nosniff']);
  const line = await gateway.line({ path: '/old/a' });
  assert.deepEqual([line.status, line['service']], [308, undefined]);
});

test('a redirect may lead to another host, below a path, with the segments that the prefix names', async (t) => {
  const routes = [
    { prefix: '/docs', redirect: { to: 'https://docs.example.com', status: 302 }, ...OPEN },
    { prefix: '/wiki', redirect: { to: 'https://wiki.example.com:8443/pages/', status: 301 }, ...OPEN },
    { prefix: '/u/:id', redirect: { to: '/users/:id/profile', status: 307 }, ...OPEN },
    { prefix: '/home', exact: true, redirect: { to: '/', status: 303 }, ...OPEN },
  ];
  assert.deepEqual(await locationsOf(t, routes, ['/docs', '/docs/a?b', '/wiki/x', '/u/7/edit', '/home']), [
    'https://docs.example.com/',
    'https://docs.example.com/a?b',
    'https://wiki.example.com:8443/pages/x',
    '/users/7/profile/edit',
    '/',
  ]);
});

test('a slash at the end of where it leads stays, and there is one before the rest', async (t) => {
  const routes = [
    { prefix: '/old', redirect: { to: '/api/' }, ...OPEN },
    { prefix: '/wiki', redirect: { to: 'https://wiki.example.com/pages/' }, ...OPEN },
    { prefix: '/u/:id', redirect: { to: '/users/:id/' }, ...OPEN },
    { prefix: '/shop', exact: true, pathRegex: '[^/]$', redirect: { to: '/shop/' }, ...OPEN },
    { prefix: '/shop', respond: { status: 204 }, ...OPEN },
  ];
  const asked = ['/old', '/old?x=1', '/old/', '/old/x', '/old/x/', '/wiki', '/wiki/a', '/u/7', '/shop', '/shop/'];
  assert.deepEqual(await locationsOf(t, routes, asked), [
    '/api/',
    '/api/?x=1',
    '/api/',
    '/api/x',
    '/api/x/',
    'https://wiki.example.com/pages/',
    'https://wiki.example.com/pages/a',
    '/users/7/',
    '/shop/',
    undefined,
  ]);
});

test('a redirect stands behind the guarding stages', async (t) => {
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/old', redirect: { to: '/new' } }] } });
  assert.equal((await ask(`${gateway.url}/old`)).status, 401);
});
