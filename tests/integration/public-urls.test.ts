import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

test("a service's own URLs in JSON and HTML are the gateway's for the client, where a route asks for it", async (t) => {
  const service = await startService(t, (req, res) => {
    const own = `http://${req.headers.host}`;
    if (req.url?.endsWith('/page') === true) {
      res.writeHead(200, { 'content-type': 'text/html; charset=iso-8859-1', 'content-encoding': 'gzip', etag: '"v1"' });
      res.end(gzipSync(Buffer.from(`<a href="${own}/users/1">ë</a> http://users.internal/users/`, 'latin1')));
      return;
    }
    res.writeHead(200, { 'content-type': 'application/json', location: `${own}/users/2` });
    res.end(JSON.stringify({ next: `${own}/users?page=2`, other: 'http://elsewhere/users', n: 1 }));
  });
  const route = {
    service: 'users',
    auth: 'none',
    rewritePrefix: '/users',
    response: { urls: { from: ['http://users.internal'] } },
  };
  const gateway = await startGateway(t, {
    file: {
      services: { users: { targets: [service.url] } },
      routes: [
        { prefix: '/api/:tenant/users', ...route },
        { prefix: '/plain', service: 'users', auth: 'none' },
      ],
    },
  });
  const { json, headers } = await ask(`${gateway.url}/api/acme/users`);
  assert.deepEqual(json, { next: `${gateway.url}/api/acme/users?page=2`, other: 'http://elsewhere/users', n: 1 });
  assert.equal(headers.location, '/api/acme/users/2');
  const page = await ask(`${gateway.url}/api/acme/users/page`, { headers: { host: 'api.example.com' } });
  assert.equal(
    page.body.toString('latin1'),
    '<a href="http://api.example.com/api/acme/users/1">ë</a> http://api.example.com/api/acme/users/',
  );
  assert.deepEqual(
    [page.headers.etag, page.headers['content-encoding'], page.headers['content-length']],
    ['W/"v1"', undefined, String(page.body.length)],
  );
  assert.match((await ask(`${gateway.url}/plain`)).text, /"http:\/\/127\.0\.0\.1/);
});
