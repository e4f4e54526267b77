import assert from 'node:assert/strict';
import { test } from 'node:test';
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
