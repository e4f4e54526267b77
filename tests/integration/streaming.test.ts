import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { startDeafService } from '../support/deaf-service.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask, statusOf } from '../support/http.ts';
import { type StubHandler, type StubService, startLyingService, startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { openWire } from '../support/wire.ts';

interface Setup {
  readonly gateway: TestGateway;
  readonly service: StubService;
}

/** A service that is handed the request as soon as its head has come. */
async function setUp(t: TestContext, handler: StubHandler, route: object = {}): Promise<Setup> {
  const service = await startService(t, handler, { early: true });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none', bodyLimit: '1kb', ...route }] },
  });
  return { gateway, service };
}

/** Answers with what was uploaded, once all of it has come. */
const echoBody: StubHandler = (req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => res.end(`got ${Buffer.concat(chunks).toString()}`));
};

const CHUNKED = 'Host: a\r\nTransfer-Encoding: chunked\r\n\r\n';

describe('answers', { concurrency: 4 }, () => {
  it('server-sent events arrive one by one, each before the next is sent', async (t) => {
    let send: ServerResponse | undefined;
    const { gateway } = await setUp(t, (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.flushHeaders();
      send = res;
    });
    const wire = openWire(t, gateway.port);
    wire.write('GET /events HTTP/1.1\r\nHost: a\r\n\r\n');
    await wire.gets(/content-type: text\/event-stream/i);
    for (let i = 1; i <= 5; i++) {
      send?.write(`data: ${i}\n\n`);
      await wire.gets(new RegExp(`data: ${i}\n\n`));
      assert.doesNotMatch(wire.received, new RegExp(`data: ${i + 1}`));
    }
  });

  it('a long poll is answered when the service has something to say', async (t) => {
    const { gateway } = await setUp(t, (_req, res) => void setTimeout(() => res.end('news'), 300));
    assert.equal((await ask(`${gateway.url}/poll`)).text, 'news');
  });

  it('an HTTP/1.0 client gets a streamed answer that ends with the connection', async (t) => {
    const { gateway } = await setUp(t, (_req, res) => {
      res.write('one ');
      res.end('two');
    });
    const wire = openWire(t, gateway.port);
    wire.write('GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    await wire.closed();
    assert.match(wire.received, /\r\n\r\none two$/);
    assert.doesNotMatch(wire.received, /transfer-encoding/i);
  });
});

describe('uploads', { concurrency: 4 }, () => {
  it('reach the service before the client has sent the last byte', async (t) => {
    let first = '';
    const { gateway } = await setUp(t, (req, res) => {
      req.once('data', (chunk: Buffer) => {
        first = chunk.toString();
      });
      req.on('end', () => res.end('done'));
    });
    const wire = openWire(t, gateway.port);
    wire.write(`POST /x HTTP/1.1\r\n${CHUNKED}5\r\nfirst\r\n`);
    await until(() => first === 'first');
    assert.equal(wire.received, '');
    wire.write('0\r\n\r\n');
    await wire.gets(/200 OK[\s\S]*done/);
  });

  it('in chunks work one after the other on one kept-alive connection', async (t) => {
    const { gateway } = await setUp(t, echoBody);
    const wire = openWire(t, gateway.port);
    for (let i = 1; i <= 5; i++) {
      wire.write(`POST /x HTTP/1.1\r\n${CHUNKED}4\r\npart\r\n1\r\n${i}\r\n0\r\n\r\n`);
      await wire.gets(new RegExp(`got part${i}`));
    }
    assert.equal(wire.received.match(/HTTP\/1\.1 200/g)?.length, 5);
  });

  it('that are empty, in chunks or by length, are whole requests', async (t) => {
    const { gateway } = await setUp(t, echoBody);
    const wire = openWire(t, gateway.port);
    wire.write(`POST /x HTTP/1.1\r\n${CHUNKED}0\r\n\r\n`);
    await wire.gets(/got /);
    wire.write('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nPOST /x HTTP/1.1\r\nHost: a\r\n\r\n');
    await wire.gets(/(got [\s\S]*){3}/);
    assert.equal(wire.received.match(/HTTP\/1\.1 200/g)?.length, 3);
  });

  it('with a GET are sent on', async (t) => {
    const { gateway } = await setUp(t, echoBody);
    assert.equal(
      (await ask(`${gateway.url}/x`, { headers: { 'content-length': '5' }, body: 'query' })).text,
      'got query',
    );
  });

  it('leave their trailers at the gateway', async (t) => {
    const trailers: NodeJS.Dict<string>[] = [];
    const { gateway } = await setUp(t, (req, res) => {
      req.resume();
      req.on('end', () => {
        trailers.push(req.trailers);
        res.end('done');
      });
    });
    const wire = openWire(t, gateway.port);
    wire.write(`POST /x HTTP/1.1\r\nTrailer: X-User-Id\r\n${CHUNKED}2\r\nhi\r\n0\r\nX-User-Id: root\r\n\r\n`);
    await wire.gets(/done/);
    assert.deepEqual(trailers.map(Object.keys), [[]]);
  });

  it('of exactly the limit pass, one byte more is 413', async (t) => {
    const { gateway, service } = await setUp(t, echoBody);
    assert.equal((await ask(`${gateway.url}/x`, { method: 'POST', body: 'x'.repeat(1024) })).status, 200);
    const refused = await ask(`${gateway.url}/x`, { method: 'POST', body: 'x'.repeat(1025) });
    assert.equal(refused.status, 413);
    assert.equal(refused.json.code, 'body_too_large');
    assert.equal(service.requests.length, 1);
  });

  it('in chunks are counted as they stream, and one byte too much is 413', async (t) => {
    const { gateway } = await setUp(t, echoBody);
    const whole = openWire(t, gateway.port);
    whole.write(`POST /x HTTP/1.1\r\n${CHUNKED}${`200\r\n${'x'.repeat(512)}\r\n`.repeat(2)}0\r\n\r\n`);
    await whole.gets(/^HTTP\/1\.1 200/);
    const more = openWire(t, gateway.port);
    more.write(`POST /x HTTP/1.1\r\n${CHUNKED}${`200\r\n${'x'.repeat(512)}\r\n`.repeat(2)}1\r\nx\r\n`);
    await more.gets(/^HTTP\/1\.1 413[\s\S]*body_too_large/);
    await more.closed();
    const line = await gateway.line({ status: 413 });
    assert.equal(line['source'], 'client');
    assert.match(await gateway.metrics(), /turnpike_breaker_state\{[^}]*\} 0/);
  });

  it('that are too large are refused so that the client can read why', async (t) => {
    const { gateway } = await setUp(t, echoBody);
    const body = Buffer.alloc(3 * 1024 * 1024);
    for (const headers of [{ 'content-length': String(body.length) }, { 'transfer-encoding': 'chunked' }]) {
      const answer = await ask(`${gateway.url}/x`, { method: 'POST', headers, body });
      assert.equal(answer.status, 413);
    }
  });

  it('that the service answers before their end close the connection, and the next request works', async (t) => {
    const { gateway } = await setUp(t, (_req, res) => res.writeHead(403).end('no'), { bodyLimit: '10mb' });
    const wire = openWire(t, gateway.port);
    wire.write('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\npart');
    await wire.gets(/^HTTP\/1\.1 403[\s\S]*connection: close/i);
    await wire.closed();
    assert.equal((await ask(`${gateway.url}/x`)).status, 403);
  });

  it('that the service refuses in their midst bring its answer to a client that goes on sending', async (t) => {
    const { gateway } = await setUp(
      t,
      (_req, res) => {
        res.writeHead(403, { 'content-length': '2' });
        res.end('no');
      },
      { bodyLimit: '64mb' },
    );
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    for (let i = 0; i < 5; i++) {
      const answer = await ask(`${gateway.url}/x`, { method: 'POST', body: Buffer.alloc(4 * 1024 * 1024), agent });
      assert.equal(answer.status, 403);
    }
  });
});

describe('Expect: 100-continue', { concurrency: 4 }, () => {
  const HEAD = 'Host: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n';

  it('is answered when the body is about to be read', async (t) => {
    const { gateway } = await setUp(t, echoBody);
    const wire = openWire(t, gateway.port);
    wire.write(`POST /x HTTP/1.1\r\n${HEAD}`);
    await wire.gets(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    wire.write('hi');
    await wire.gets(/HTTP\/1\.1 200 OK[\s\S]*got hi/);
    assert.equal(wire.received.match(/100 Continue/g)?.length, 1);
  });

  it('is not answered where the request is refused', async (t) => {
    const { gateway, service } = await setUp(t, echoBody, { prefix: '/locked', auth: 'jwt' });
    for (const [path, status] of [
      ['/locked', 401],
      ['/nowhere', 404],
    ] as const) {
      const wire = openWire(t, gateway.port);
      wire.write(`POST ${path} HTTP/1.1\r\n${HEAD}`);
      await wire.gets(/\r\n\r\n\{/);
      assert.equal(statusOf(wire.received), status);
      await wire.closed();
    }
    assert.equal(service.requests.length, 0);
  });

  it('is not answered where the service can not be reached', async (t) => {
    const { gateway, service } = await setUp(t, echoBody);
    await service.stop();
    const wire = openWire(t, gateway.port);
    wire.write(`POST /x HTTP/1.1\r\n${HEAD}`);
    await wire.gets(/^HTTP\/1\.1 502/);
  });

  it('is not answered where the announced body is too large', async (t) => {
    const { gateway } = await setUp(t, echoBody);
    const wire = openWire(t, gateway.port);
    wire.write('POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n');
    await wire.gets(/^HTTP\/1\.1 413/);
  });

  it('means nothing in HTTP/1.0', async (t) => {
    const { gateway } = await setUp(t, echoBody);
    const wire = openWire(t, gateway.port);
    wire.write(`POST /x HTTP/1.0\r\n${HEAD}hi`);
    await wire.gets(/^HTTP\/1\.1 200[\s\S]*got hi/);
  });
});

describe('a client that leaves', { concurrency: 4 }, () => {
  /** Resolves when the service's side of the request is gone. */
  function watch(seen: { gone: number }): (req: IncomingMessage, res: ServerResponse) => void {
    return (req, res) => {
      req.on('error', () => undefined);
      res.on('close', () => {
        if (!res.writableFinished) seen.gone += 1;
      });
    };
  }

  const PHASES: readonly (readonly [name: string, bytes: string, handler: StubHandler])[] = [
    ['during its upload', 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf', (req) => req.resume()],
    ['while the service thinks', 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n', () => undefined],
    ['during the answer', 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n', (_req, res) => res.write('a beginning')],
  ];
  for (const [name, bytes, handler] of PHASES) {
    it(`${name} ends the call to the service`, async (t) => {
      const seen = { gone: 0 };
      const { gateway, service } = await setUp(t, (req, res, request) => {
        watch(seen)(req, res);
        handler(req, res, request);
      });
      const wire = openWire(t, gateway.port);
      wire.write(bytes);
      await until(() => service.requests.length === 1);
      if (name === 'during the answer') await wire.gets(/a beginning/);
      wire.socket.destroy();
      await until(() => seen.gone === 1);
      assert.equal((await gateway.line({ path: '/x' })).status, 499);
      assert.match(await gateway.metrics(), /turnpike_requests_in_flight 0/);
    });
  }

  it('while the service is being connected to is logged as gone, and does not count against the service', async (t) => {
    const gateway = await startGateway(t, {
      file: {
        routes: [
          {
            prefix: '/',
            target: (await startDeafService(t)).url,
            auth: 'none',
            timeouts: { connect: '5s' },
            circuitBreaker: { minimumRequests: 1 },
          },
        ],
      },
    });
    for (let i = 0; i < 3; i++) {
      const wire = openWire(t, gateway.port);
      wire.write(`GET /x${i} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await until(() => gateway.gateway.inFlight === 1);
      wire.socket.destroy();
      assert.equal((await gateway.line({ path: `/x${i}` })).status, 499);
      assert.equal(gateway.gateway.inFlight, 0);
    }
    assert.match(await gateway.metrics(), /turnpike_breaker_state\{[^}]*\} 0/);
  });

  it('before there is a connection leaves nothing behind', async (t) => {
    const service = await startLyingService(t, () => undefined);
    const gateway = await startGateway(t, {
      file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
    });
    for (let i = 0; i < 20; i++) {
      const req = request(`${gateway.url}/x`);
      req.on('error', () => undefined);
      req.end();
      await once(req, 'socket');
      setImmediate(() => req.destroy());
    }
    await until(async () => /turnpike_requests_in_flight 0/.test(await gateway.metrics()));
    assert.equal(gateway.gateway.inFlight, 0);
  });
});
