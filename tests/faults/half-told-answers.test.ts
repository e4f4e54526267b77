import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type Lie, startLyingService } from '../support/service.ts';

const after =
  (head: string, ms = 30): Lie =>
  (socket) => {
    socket.write(head);
    setTimeout(() => socket.resetAndDestroy(), ms);
  };

/** How a raw client hears an answer end: `end` is a clean one. */
function endOf(port: number, request: string): Promise<{ text: string; ending: string }> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(5_000, () => resolve({ text, ending: 'open' }));
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
    });
    socket.on('end', () => resolve({ text, ending: 'end' }));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve({ text, ending: String(error.code) }));
    socket.write(request);
  });
}

test('an answer that lasts until the connection closes, and ends in a reset, is not passed on as whole', async (t) => {
  const service = await startLyingService(t, after('HTTP/1.1 200 OK\r\n\r\nhello'));
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
  });
  await assert.rejects(ask(`${gateway.url}/x`));
  const line = await gateway.line({ path: '/x' });
  assert.deepEqual([line.status, line['aborted'], line['outcome']], [200, 'upstream', 'reset']);
});

test('a client of HTTP/1.0 hears of half an answer by a reset', async (t) => {
  const service = await startLyingService(
    t,
    after('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', 100),
  );
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
  });
  const { text, ending } = await endOf(gateway.port, 'GET /x HTTP/1.0\r\nHost: a\r\n\r\n');
  assert.match(text, /hello/);
  assert.equal(ending, 'ECONNRESET');
});

test('framing that is none, and codings that nobody undoes, are 502 by the name of a broken protocol', async (t) => {
  const heads = [
    'Content-Length: 2\r\nContent-Length: 3\r\n\r\nok',
    'Content-Length: 2, 2\r\n\r\nok',
    'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    'Content-Length: 99999999999999999999\r\n\r\nok',
    'Transfer-Encoding: gzip\r\n\r\nok',
    'Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    'Transfer-Encoding: xchunked\r\n\r\nok',
  ];
  for (const head of heads) {
    const service = await startLyingService(t, (socket) => socket.end(`HTTP/1.1 200 OK\r\n${head}`));
    const gateway = await startGateway(t, {
      file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
    });
    const { status, json } = await ask(`${gateway.url}/x`);
    assert.deepEqual([status, json.code], [502, 'upstream_protocol'], head);
  }
});

test('events whose length is told get no heartbeat', async (t) => {
  const service = await startLyingService(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 18\r\n\r\ndata: a\n\n');
    setTimeout(() => socket.write('data: b\n\n'), 300);
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none', timeouts: { heartbeat: '50ms' } }] },
  });
  assert.equal((await ask(`${gateway.url}/x`)).text, 'data: a\n\ndata: b\n\n');
});

test('no Location of a service tells its address, however it is written', async (t) => {
  const told: string[] = [];
  for (const fields of [
    (host: string) => `Location: //${host}/a`,
    (host: string) => `Location: http://${host}/a\r\nLocation: //${host}/b`,
  ]) {
    const service = await startLyingService(t, (socket) =>
      socket.end(`HTTP/1.1 302 Found\r\n${fields(`127.0.0.1:${service.port}`)}\r\nContent-Length: 0\r\n\r\n`),
    );
    const gateway = await startGateway(t, {
      file: { routes: [{ prefix: '/api', target: service.url, auth: 'none' }] },
    });
    const { headers, rawHeaders } = await ask(`${gateway.url}/api/x`);
    told.push(String(headers.location));
    assert.ok(!rawHeaders.join(' ').includes(String(service.port)), rawHeaders.join(' '));
  }
  assert.equal(told[0], '/api/a');
});
