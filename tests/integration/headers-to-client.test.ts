import assert from 'node:assert/strict';
import type { OutgoingHttpHeaders } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, ask, askRaw } from '../support/http.ts';
import { closedPort, type StubHandler, startLyingService, startService } from '../support/service.ts';

const APP = 'https://app.example';

/** A gateway before a service that answers as it is told. */
async function setUp(
  t: TestContext,
  handler: StubHandler,
  { route = {}, env = {}, file = {} }: { route?: object; env?: Record<string, string>; file?: object } = {},
): Promise<TestGateway> {
  const service = await startService(t, handler);
  return startGateway(t, {
    env: { CORS_ORIGINS: APP, ...env },
    file: { routes: [{ prefix: '/api', target: service.url, auth: 'none', ...route }], ...file },
  });
}

function answers(status: number, headers: OutgoingHttpHeaders = {}, body = ''): StubHandler {
  return (_req, res) => {
    res.writeHead(status, headers);
    res.end(body);
  };
}

describe('security headers', { concurrency: 4 }, () => {
  it("a service's answer gets helmet's profile for APIs, and no policy about its content", async (t) => {
    const gateway = await setUp(t, answers(200));
    const { headers } = await ask(`${gateway.url}/api/x`);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['x-frame-options'], 'SAMEORIGIN');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    for (const name of [
      'content-security-policy',
      'cross-origin-resource-policy',
      'cross-origin-embedder-policy',
      'cross-origin-opener-policy',
      'strict-transport-security',
    ])
      assert.equal(headers[name], undefined, name);
  });

  it("a service's own value of a security header stands, once", async (t) => {
    const gateway = await setUp(
      t,
      answers(200, { 'X-Frame-Options': 'DENY', 'Content-Security-Policy': "default-src 'self'" }),
    );
    const answer = await ask(`${gateway.url}/api/x`);
    assert.deepEqual(all(answer, 'x-frame-options'), ['DENY']);
    assert.deepEqual(all(answer, 'content-security-policy'), ["default-src 'self'"]);
  });

  it("the gateway's own answers allow nothing to be run or framed", async (t) => {
    const gateway = await setUp(t, answers(200));
    const { status, headers } = await ask(`${gateway.url}/nowhere`);
    assert.equal(status, 404);
    assert.match(String(headers['content-security-policy']), /default-src 'none'/);
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['cache-control'], 'no-store');
  });

  it('HSTS is sent where a trusted proxy says that the client came over TLS, and nowhere else', async (t) => {
    const trusting = await setUp(t, answers(200), { env: { TRUST_PROXY: '127.0.0.0/8' } });
    const wary = await setUp(t, answers(200));
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' };
    assert.match(String((await ask(`${trusting.url}/api/x`, { headers })).headers['strict-transport-security']), /max/);
    assert.equal((await ask(`${trusting.url}/no`, { headers })).headers['strict-transport-security'], undefined);
    assert.equal((await ask(`${trusting.url}/api/x`)).headers['strict-transport-security'], undefined);
    assert.equal((await ask(`${wary.url}/api/x`, { headers })).headers['strict-transport-security'], undefined);
  });

  for (const [hsts, promised] of [
    ['host', ['max-age=31536000']],
    ['subdomains', ['max-age=31536000; includeSubDomains']],
    ['off', []],
    [undefined, ['max-age=31536000']],
  ] as const) {
    // The last field that a browser sees holds, so that a refusal must not take back what another answer promised.
    it(`HSTS of "${hsts}" is the same on an answer and on a 401, and a 404 says nothing of it`, async (t) => {
      const gateway = await setUp(t, answers(200), {
        env: { TRUST_PROXY: '127.0.0.0/8', JWT_SECRET: 'x'.repeat(48) },
        file: {
          defaults: hsts === undefined ? {} : { securityHeaders: { hsts } },
          routes: [
            { prefix: '/open', auth: 'none', respond: { status: 200 } },
            { prefix: '/closed', auth: 'jwt', respond: { status: 200 } },
          ],
        },
      });
      const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' };
      for (const [path, fields] of Object.entries({ '/open': promised, '/closed': promised, '/no': [] })) {
        const answer = await ask(`${gateway.url}${path}`, { headers });
        assert.deepEqual(all(answer, 'strict-transport-security'), fields, path);
      }
    });
  }

  it('a route that wants none of them gets none', async (t) => {
    const gateway = await setUp(t, answers(200), { route: { securityHeaders: false } });
    assert.equal((await ask(`${gateway.url}/api/x`)).headers['x-frame-options'], undefined);
  });
});

describe('CORS', { concurrency: 4 }, () => {
  const headers = { origin: APP };

  it('stands on answers, and on 401, 404, 405, 429 and 502 too', async (t) => {
    const gateway = await setUp(t, answers(200), {
      file: {
        routes: [
          { prefix: '/open', auth: 'none', respond: { status: 200 } },
          { prefix: '/locked', target: 'http://127.0.0.1:9' },
          { prefix: '/get', respond: { status: 200 }, auth: 'none', methods: ['GET'] },
          {
            prefix: '/once',
            respond: { status: 200 },
            auth: 'none',
            rateLimits: [{ limit: 1, window: '1h', by: 'route' }],
          },
          { prefix: '/down', target: `http://127.0.0.1:${await closedPort()}`, auth: 'none' },
        ],
      },
    });
    await ask(`${gateway.url}/once`);
    for (const [path, status, method] of [
      ['/open', 200, 'GET'],
      ['/locked', 401, 'GET'],
      ['/nowhere', 404, 'GET'],
      ['/get', 405, 'POST'],
      ['/once', 429, 'GET'],
      ['/down', 502, 'GET'],
    ] as const) {
      const answer = await ask(gateway.url + path, { headers, method });
      assert.equal(answer.status, status, path);
      assert.deepEqual(all(answer, 'access-control-allow-origin'), [APP], path);
      assert.match(String(answer.headers['access-control-expose-headers']), /X-Request-Id.*Retry-After/, path);
      assert.match(String(answer.headers.vary), /Origin/, path);
    }
  });

  it('a preflight is 204 without a credential or a limit, with an ID and a log line', async (t) => {
    const gateway = await setUp(t, answers(200), {
      route: { auth: 'jwt', rateLimits: [{ limit: 1, window: '1h', by: 'address' }] },
    });
    for (let i = 0; i < 3; i++) {
      const answer = await ask(`${gateway.url}/api/x`, {
        method: 'OPTIONS',
        headers: {
          origin: APP,
          'access-control-request-method': 'PUT',
          'access-control-request-headers': 'authorization, x-odd',
        },
      });
      assert.equal(answer.status, 204);
      assert.equal(answer.headers['access-control-allow-origin'], APP);
      assert.match(String(answer.headers['access-control-allow-methods']), /PUT/);
      assert.match(String(answer.headers['access-control-allow-headers']), /authorization, ?x-odd/);
      assert.equal(answer.headers['access-control-max-age'], '86400');
      assert.match(String(answer.headers['x-request-id']), /^[\w-]{36}$/);
      const line = await gateway.line({ requestId: answer.headers['x-request-id'] });
      assert.equal(line.status, 204);
    }
  });

  it('another origin is told nothing, and caches know that the answer depends on it', async (t) => {
    const gateway = await setUp(t, answers(200));
    const answer = await ask(`${gateway.url}/api/x`, { headers: { origin: 'https://evil.example' } });
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
    assert.match(String(answer.headers.vary), /Origin/);
  });

  it('without CORS_ORIGINS no other origin is allowed', async (t) => {
    const gateway = await setUp(t, answers(200), { env: { CORS_ORIGINS: '' } });
    assert.equal((await ask(`${gateway.url}/api/x`, { headers })).headers['access-control-allow-origin'], undefined);
  });

  it("the service's own Access-Control-* are dropped", async (t) => {
    const gateway = await setUp(
      t,
      answers(200, { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Credentials': 'true' }),
    );
    const answer = await ask(`${gateway.url}/api/x`, { headers });
    assert.deepEqual(all(answer, 'access-control-allow-origin'), [APP]);
    assert.equal(answer.headers['access-control-allow-credentials'], undefined);
  });

  it('a route with `cors: false` leaves all of it to the service', async (t) => {
    const gateway = await setUp(
      t,
      (req, res) => {
        res.writeHead(req.method === 'OPTIONS' ? 200 : 201, {
          'Access-Control-Allow-Origin': 'https://theirs.example',
        });
        res.end();
      },
      { route: { cors: false } },
    );
    const preflight = { ...headers, 'access-control-request-method': 'GET' };
    const answer = await ask(`${gateway.url}/api/x`, { method: 'OPTIONS', headers: preflight });
    assert.equal(answer.status, 200);
    assert.deepEqual(all(answer, 'access-control-allow-origin'), ['https://theirs.example']);
  });

  it("Vary names what the service's answer depends on, and what ours does, each once", async (t) => {
    const gateway = await setUp(t, answers(200, { Vary: ['Accept-Encoding', 'origin'] }));
    const answer = await ask(`${gateway.url}/api/x`, { headers });
    assert.deepEqual(all(answer, 'vary'), ['Accept-Encoding, origin']);
    const other = await setUp(t, answers(200, { Vary: 'Accept-Encoding' }));
    assert.deepEqual(all(await ask(`${other.url}/api/x`, { headers }), 'vary'), ['Accept-Encoding, Origin']);
  });
});

describe('what a service says of itself', { concurrency: 4 }, () => {
  it('a redirect to itself becomes one to the gateway, elsewhere it stands', async (t) => {
    let own = '';
    const gateway = await setUp(t, (req, res) => {
      own = `http://${req.headers.host}`;
      const location = { '/absolute': `${own}/next?a=1#b`, '/path': '/next', '/relative': 'next' }[req.url ?? ''];
      res.writeHead(302, { location: location ?? 'https://elsewhere.example/next' });
      res.end();
    });
    const locationOf = async (path: string) => (await ask(`${gateway.url}/api${path}`)).headers.location;
    assert.equal(await locationOf('/absolute'), '/api/next?a=1#b');
    assert.equal(await locationOf('/path'), '/api/next');
    assert.equal(await locationOf('/relative'), 'next');
    assert.equal(await locationOf('/elsewhere'), 'https://elsewhere.example/next');
  });

  it('cookies keep their path, and lose the name of the service', async (t) => {
    const gateway = await setUp(
      t,
      answers(200, { 'Set-Cookie': ['a=1; Path=/; Domain=orders.internal; HttpOnly', '__Host-b=2; Path=/; Secure'] }),
    );
    const { headers } = await ask(`${gateway.url}/api/x`);
    assert.deepEqual(headers['set-cookie'], ['a=1; Path=/; HttpOnly', '__Host-b=2; Path=/; Secure']);
  });

  it('`rewriteCookies` gives cookies the path that the client knows', async (t) => {
    const cookies = ['a=1; Path=/; Domain=orders.internal; HttpOnly', 'b=2; Path=/sub', '__Host-c=3; Path=/; Secure'];
    for (const rewriteRedirects of [true, false]) {
      const gateway = await setUp(t, answers(302, { location: '/next', 'Set-Cookie': cookies }), {
        route: { rewriteCookies: true, rewriteRedirects },
      });
      const { headers } = await ask(`${gateway.url}/api/x`);
      assert.deepEqual(headers['set-cookie'], [
        'a=1; Path=/api; HttpOnly',
        'b=2; Path=/api/sub',
        '__Host-c=3; Path=/; Secure',
      ]);
      assert.equal(headers.location, rewriteRedirects ? '/api/next' : '/next');
    }
  });

  it('`rewriteRedirects: false` leaves them', async (t) => {
    const gateway = await setUp(t, answers(302, { location: '/next', 'set-cookie': 'a=1; Path=/' }), {
      route: { rewriteRedirects: false },
    });
    const { headers } = await ask(`${gateway.url}/api/x`);
    assert.equal(headers.location, '/next');
    assert.deepEqual(headers['set-cookie'], ['a=1; Path=/']);
  });

  it('what it is made of and what is internal do not leave', async (t) => {
    const gateway = await setUp(
      t,
      answers(200, { Server: 'nginx', 'X-Powered-By': 'PHP/5', 'X-Internal-Shard': '7', 'X-Kept': 'yes' }),
    );
    const { headers } = await ask(`${gateway.url}/api/x`);
    assert.equal(headers['server'], undefined);
    assert.equal(headers['x-powered-by'], undefined);
    assert.equal(headers['x-internal-shard'], undefined);
    assert.equal(headers['x-kept'], 'yes');
  });

  it('every answer names the request once, whatever the service calls it', async (t) => {
    const gateway = await setUp(t, answers(200, { 'X-Request-Id': 'of-the-service', 'X-Correlation-Id': 'theirs' }));
    for (const path of ['/api/x', '/nowhere']) {
      const answer = await ask(gateway.url + path);
      for (const name of ['x-request-id', 'x-correlation-id'])
        assert.match(all(answer, name).join(), /^[\w-]{36}$/, `${name} of ${path}`);
    }
  });

  it("the gateway's limit is told once, whatever limits the service has", async (t) => {
    const gateway = await setUp(t, answers(200, { 'X-RateLimit-Limit': '5', 'X-RateLimit-Remaining': '4' }), {
      route: { rateLimits: [{ limit: 40, window: '1h', by: 'address' }] },
    });
    const answer = await ask(`${gateway.url}/api/x`);
    assert.deepEqual(all(answer, 'x-ratelimit-limit'), ['40']);
    assert.deepEqual(all(answer, 'x-ratelimit-remaining'), ['39']);
  });
});

describe('answers without a body', { concurrency: 4 }, () => {
  it('204 has no Content-Length, whoever sends it', async (t) => {
    const service = await startLyingService(t, 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nX-Kept: yes\r\n\r\n');
    const gateway = await startGateway(t, {
      env: { CORS_ORIGINS: 'https://app.example' },
      file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
    });
    const preflight = 'Origin: https://app.example\r\nAccess-Control-Request-Method: PUT\r\n';
    for (const head of ['GET /x HTTP/1.1\r\n', `OPTIONS /x HTTP/1.1\r\n${preflight}`]) {
      // Two on one connection: the end of the first is where its head ends.
      const raw = await askRaw(gateway.port, `${head}Host: a\r\n\r\n${head}Host: a\r\nConnection: close\r\n\r\n`);
      assert.equal(raw.match(/^HTTP\/1\.1 204 /gm)?.length, 2, raw);
      assert.doesNotMatch(raw, /content-length|transfer-encoding/i);
    }
  });

  it('HEAD has the length of what GET would have sent, and nothing after the head', async (t) => {
    const gateway = await setUp(t, answers(200, { 'Content-Length': '5' }, 'hello'));
    const raw = await askRaw(gateway.port, 'HEAD /api/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.match(raw, /^HTTP\/1\.1 200 /);
    assert.match(raw, /content-length: 5\r\n/i);
    assert.ok(raw.endsWith('\r\n\r\n'), raw);
  });

  it('HEAD of a chunked answer ends at its head, and the connection lives on', async (t) => {
    const gateway = await setUp(t, answers(200, {}, 'hello'));
    const raw = await askRaw(
      gateway.port,
      'HEAD /api/x HTTP/1.1\r\nHost: a\r\n\r\nGET /api/y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    assert.equal(raw.match(/^HTTP\/1\.1 200 /gm)?.length, 2, raw);
  });

  it('a refusal of HEAD has a head alone', async (t) => {
    const gateway = await setUp(t, answers(200));
    const raw = await askRaw(gateway.port, 'HEAD /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.match(raw, /^HTTP\/1\.1 404 /);
    assert.ok(raw.endsWith('\r\n\r\n'), raw);
  });

  for (const status of [204, 304]) {
    it(`${status} passes without a body, and the connection lives on`, async (t) => {
      const gateway = await setUp(t, answers(status, { etag: '"1"' }));
      const raw = await askRaw(
        gateway.port,
        'GET /api/x HTTP/1.1\r\nHost: a\r\n\r\nGET /api/y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      );
      assert.equal(raw.match(new RegExp(`^HTTP/1\\.1 ${status} `, 'gm'))?.length, 2, raw);
      assert.equal(raw.match(/etag: "1"/gi)?.length, 2);
      assert.doesNotMatch(raw, /transfer-encoding/i);
    });
  }

  it("204 has no length, neither a service's nor our own to a preflight", async (t) => {
    const liar = await startLyingService(t, 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nX-Odd: 1\r\n\r\n');
    const gateway = await setUp(t, answers(200), { route: { target: liar.url } });
    const preflight = { origin: APP, 'access-control-request-method': 'PUT' };
    for (const answer of [
      await ask(`${gateway.url}/api/x`),
      await ask(`${gateway.url}/api/x`, { method: 'OPTIONS', headers: preflight }),
    ]) {
      assert.equal(answer.status, 204);
      assert.equal(answer.headers['content-length'], undefined);
      assert.match(String(answer.headers['x-request-id']), /^[\w-]{36}$/);
    }
    assert.equal((await ask(`${gateway.url}/api/x`)).headers['x-odd'], '1');
  });

  it('304 keeps the length of what it stands for', async (t) => {
    const gateway = await setUp(t, answers(304, { 'content-length': '1234', etag: '"1"' }));
    const answer = await ask(`${gateway.url}/api/x`, { headers: { 'if-none-match': '"1"' } });
    assert.equal(answer.status, 304);
    assert.equal(answer.headers.etag, '"1"');
  });
});

function all({ rawHeaders }: Answer, name: string): string[] {
  return rawHeaders.filter((_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}
