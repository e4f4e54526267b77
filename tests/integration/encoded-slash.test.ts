import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { test } from 'node:test';
import { encodedPaths, endings } from '../support/encoded-paths.ts';
import { startGateway } from '../support/gateway.ts';
import { ask, askRaw, statusOf } from '../support/http.ts';
import { startService } from '../support/service.ts';

test('encoded slashes reach the services that live by them, as they were sent', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/gitlab', target: service.url, auth: 'none' },
        { prefix: '/argocd', target: service.url, auth: 'none', stripPrefix: false },
        { prefix: '/cloud', target: service.url, auth: 'none', rewritePrefix: '/remote.php' },
        { prefix: '/projects/:id', target: service.url, auth: 'none', stripPrefix: false },
        { prefix: '/raw', target: service.url, auth: 'none', path: 'raw' },
      ],
    },
  });
  const cases = [
    [
      '/gitlab/api/v4/projects/group%2Fproject/files/src%2Fmain.ts',
      '/api/v4/projects/group%2Fproject/files/src%2Fmain.ts',
    ],
    [
      '/argocd/repositories/https%3A%2F%2Fgit.example%2Fa.git',
      '/argocd/repositories/https%3A%2F%2Fgit.example%2Fa.git',
    ],
    ['/cloud/dav/files/u/a%2fb', '/remote.php/dav/files/u/a%2Fb'],
    ['/projects/group%2fproject?x=1', '/projects/group%2Fproject?x=1'],
    ['/raw/a%2fb//c', '/a%2fb//c'],
  ] as const;
  for (const [path, seen] of cases) {
    assert.equal((await ask(gateway.url, { path })).json.path, seen);
  }
});

test('a path that a second decoding would lead elsewhere is refused, and the refusal names the rule', async (t) => {
  const service = await startService(t);
  const open = { target: service.url, auth: 'none' };
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/pub', ...open },
        { prefix: '/pub/admin', target: service.url, auth: 'jwt' },
        { prefix: '/raw', path: 'raw', ...open },
      ],
    },
    env: { JWT_SECRET: 'a-secret-that-is-long-enough-for-hmac' },
  });
  for (const path of [
    '/pub/..%252fadmin',
    '/pub/admin%2fx',
    '/pub/%252e%252e/x',
    '/raw/..%2fpub',
    '/raw/..%252f..%252fetc',
  ]) {
    const raw = await askRaw(gateway.port, `GET ${path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`);
    assert.equal(statusOf(raw), 400, path);
    assert.match(raw, /"code":"bad_path"/);
    assert.match(raw, /"detail":"However often a service decodes a path/);
  }
  assert.equal(service.requests.length, 0);
});

const PREFIXES = ['/', '/pub', '/pub/admin', '/raw', '/raw/admin'];
/** Each route has a base of its own on the service, by which it is known again. */
const baseOf = (prefix: string): string => `/base${PREFIXES.indexOf(prefix)}`;
const prefixOf = (path: string): string | undefined =>
  PREFIXES.findLast((prefix) => prefix === '/' || path === prefix || path.startsWith(`${prefix}/`));

/** Where a service ends up that was sent this path, other than on the route that sent it; undefined when nowhere. */
function findLeak(sent: string): string | undefined {
  const [, base, rest = ''] = /^(\/base\d)(.*)$/.exec(sent) ?? [];
  const prefix = PREFIXES.find((one) => baseOf(one) === base);
  for (const ending of endings(rest)) {
    if (ending === undefined) return 'above the root';
    const path = `${prefix}/${ending}`.replace(/\/+/g, '/');
    if (prefixOf(path) !== prefix) return path;
  }
  return undefined;
}

test('no encoding leads a service that decodes up to four times elsewhere, through the running gateway', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      routes: PREFIXES.map((prefix) => ({
        prefix,
        target: service.url + baseOf(prefix),
        auth: 'none',
        path: prefix.startsWith('/raw') ? 'raw' : 'normalized',
      })),
    },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  for (const path of encodedPaths(8_888, ['/', '/pub/', '/raw/'], 1_500)) {
    const { status, json } = await ask(gateway.url, { path, agent });
    assert.ok(status === 200 || (status === 400 && json.code === 'bad_path'), `${path}: ${status}`);
  }
  assert.ok(service.requests.length > 200, `only ${service.requests.length} paths were let through`);
  for (const { path } of service.requests) assert.equal(findLeak(path), undefined, path);
});
