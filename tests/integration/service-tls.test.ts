import assert from 'node:assert/strict';
import { createSecureServer } from 'node:http2';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { type Authority, createAuthority, hasOpenssl, NO_OPENSSL } from '../support/certificates.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { listenOn } from '../support/service.ts';

const authority = hasOpenssl ? createAuthority() : undefined;
const { ca, sign } = (authority ?? {}) as Authority;

/** A service over TLS that tells whom it was asked for, and by whom. */
async function startTlsService(t: TestContext, options: ServerOptions): Promise<string> {
  const server: Server = createServer(options, (req, res) => {
    const socket = req.socket as TLSSocket & { servername?: string };
    const client = socket.getPeerCertificate().subject?.CN;
    res.end(JSON.stringify({ serverName: socket.servername, client, http: req.httpVersion }));
  });
  const port = await listenOn(server, 0);
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `https://127.0.0.1:${port}`;
}

function gatewayBefore(t: TestContext, service: object): Promise<TestGateway> {
  return startGateway(t, {
    file: { services: { secure: service }, routes: [{ prefix: '/x', service: 'secure', auth: 'none' }] },
  });
}

test('a service whose certificate an own CA signed is spoken to', { skip: NO_OPENSSL }, async (t) => {
  const url = await startTlsService(t, sign('service', 'IP:127.0.0.1'));
  const gateway = await gatewayBefore(t, { targets: [url], tls: { ca } });
  assert.equal((await ask(`${gateway.url}/x`)).status, 200);
});

test('a certificate that nobody vouches for is 502, and tells the client no more', { skip: NO_OPENSSL }, async (t) => {
  const url = await startTlsService(t, sign('service', 'IP:127.0.0.1'));
  const gateway = await gatewayBefore(t, { targets: [url] });
  const answer = await ask(`${gateway.url}/x`);
  assert.equal(answer.status, 502);
  assert.equal(answer.json.code, 'upstream_tls');
  assert.doesNotMatch(answer.text, /127\.0\.0\.1|certificate authority|self.signed/i);
});

test('a certificate for another name is 502, unless the route asks for that name', { skip: NO_OPENSSL }, async (t) => {
  const url = await startTlsService(t, sign('service', 'DNS:orders.internal'));
  const strict = await gatewayBefore(t, { targets: [url], tls: { ca } });
  assert.equal((await ask(`${strict.url}/x`)).status, 502);
  const named = await gatewayBefore(t, { targets: [url], tls: { ca, serverName: 'orders.internal' } });
  const answer = await ask(`${named.url}/x`);
  assert.equal(answer.status, 200);
  assert.equal(answer.json.serverName, 'orders.internal');
});

test("the client's Host never chooses the name that a service is verified by", { skip: NO_OPENSSL }, async (t) => {
  const url = await startTlsService(t, sign('service', 'IP:127.0.0.1'));
  const gateway = await startGateway(t, {
    file: {
      services: { secure: { targets: [url], tls: { ca } } },
      routes: [{ prefix: '/x', service: 'secure', auth: 'none', preserveHost: true }],
    },
  });
  assert.equal((await ask(`${gateway.url}/x`, { headers: { host: 'evil.example' } })).status, 200);
});

test('a service that asks for a certificate gets the one of the file', { skip: NO_OPENSSL }, async (t) => {
  const options = { ...sign('service', 'IP:127.0.0.1'), ca, requestCert: true, rejectUnauthorized: true };
  const url = await startTlsService(t, options);
  const without = await gatewayBefore(t, { targets: [url], tls: { ca } });
  assert.equal((await ask(`${without.url}/x`)).status, 502);
  const { key, cert } = sign('gateway', 'DNS:gateway');
  const gateway = await gatewayBefore(t, { targets: [url], tls: { ca, key, cert } });
  assert.equal((await ask(`${gateway.url}/x`)).json.client, 'gateway');
});

test('verification is off only where the file says so', { skip: NO_OPENSSL }, async (t) => {
  const url = await startTlsService(t, sign('service', 'DNS:other'));
  const gateway = await gatewayBefore(t, { targets: [url], tls: { verify: false } });
  assert.equal((await ask(`${gateway.url}/x`)).status, 200);
});

/** A service that speaks HTTP/2 by ALPN, and HTTP/1.1 with those that don't. */
async function startHttp2Service(t: TestContext): Promise<{ url: string; sessions: () => number }> {
  let sessions = 0;
  const server = createSecureServer({ ...sign('service', 'IP:127.0.0.1'), allowHTTP1: true }, (req, res) => {
    let bodyBytes = 0;
    req.on('data', (chunk: Buffer) => {
      bodyBytes += chunk.length;
    });
    req.on('end', () => {
      const path = req.url ?? '';
      if (path.startsWith('/fail')) {
        req.stream.close(2);
        return;
      }
      const said = /^\/said\/(\d+)/.exec(path)?.[1];
      if (said !== undefined) {
        req.stream.respond({ ':status': 200, 'content-length': said });
        req.stream.end('0123456789');
        return;
      }
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ http: req.httpVersion, path, bodyBytes, id: req.headers['x-request-id'] }));
    });
  });
  server.on('session', () => {
    sessions += 1;
  });
  const port = await listenOn(server, 0);
  t.after(() => server.close());
  return { url: `https://127.0.0.1:${port}`, sessions: () => sessions };
}

test('HTTP/2 is spoken where the file allows and the service offers it', { skip: NO_OPENSSL }, async (t) => {
  const service = await startHttp2Service(t);
  const plain = await gatewayBefore(t, { targets: [service.url], tls: { ca } });
  assert.equal((await ask(`${plain.url}/x`)).json.http, '1.1');
  const gateway = await gatewayBefore(t, { targets: [service.url], tls: { ca }, http2: true });
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => ask(`${gateway.url}/x/${i}`, { method: 'POST', body: 'x'.repeat(10_000) })),
  );
  for (const [i, { status, json }] of answers.entries()) {
    assert.equal(status, 200);
    assert.deepEqual([json.http, json.path, json.bodyBytes], ['2.0', `/${i}`, 10_000]);
  }
  assert.ok(service.sessions() <= 3, `20 calls took ${service.sessions()} connections`);
});

test('a stream that an HTTP/2 service resets is 502, and the connection goes on', { skip: NO_OPENSSL }, async (t) => {
  const service = await startHttp2Service(t);
  const gateway = await gatewayBefore(t, { targets: [service.url], tls: { ca }, http2: true });
  assert.equal((await ask(`${gateway.url}/x/fail`, { method: 'POST', body: 'x' })).status, 502);
  assert.equal((await ask(`${gateway.url}/x/good`)).status, 200);
});

test('an HTTP/2 answer of another length than it says breaks off', { skip: NO_OPENSSL }, async (t) => {
  const service = await startHttp2Service(t);
  const gateway = await gatewayBefore(t, { targets: [service.url], tls: { ca }, http2: true });
  assert.equal((await ask(`${gateway.url}/x/said/10`)).text, '0123456789');
  for (const said of [5, 20]) {
    await assert.rejects(ask(`${gateway.url}/x/said/${said}`), `${said} of 10 bytes were taken for the whole`);
    const { aborted } = await gateway.line({ path: `/x/said/${said}` });
    assert.equal(aborted, 'upstream');
  }
  const head = await ask(`${gateway.url}/x/said/20`, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length']], [200, '20']);
});

test('a service without HTTP/2 is spoken to in HTTP/1.1 though the file allows more', {
  skip: NO_OPENSSL,
}, async (t) => {
  const url = await startTlsService(t, sign('service', 'IP:127.0.0.1'));
  const gateway = await gatewayBefore(t, { targets: [url], tls: { ca }, http2: true });
  assert.equal((await ask(`${gateway.url}/x`)).json.http, '1.1');
});
