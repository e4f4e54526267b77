import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { type TestContext, test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask, askRaw } from '../support/http.ts';
import { type SeenRequest, type StubService, startService } from '../support/service.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

async function start(
  t: TestContext,
  request: object,
  more: object = {},
  env = {},
): Promise<{ gateway: TestGateway; service: StubService; url: string; last: () => SeenRequest }> {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', request, ...more }] },
    env,
  });
  return { gateway, service, url: `${gateway.url}/x`, last: () => service.requests.at(-1) as SeenRequest };
}

const post = (url: string, body: string | Buffer, headers: object = {}) =>
  ask(url, { method: 'POST', body, headers: { ...JSON_TYPE, ...headers } });

test('the body that a service gets is the edited one, with its own length, sent whole or in chunks', async (t) => {
  const { url, last } = await start(t, {
    json: {
      omit: ['secret', 'items[].price'],
      rename: { user_name: 'userName' },
      set: { 'meta.from': '${request.address}', count: '${size(body.items)}' },
      wrap: 'order',
    },
  });
  const sent = '{"id":12345678901234567890,"secret":1,"user_name":"z","items":[{"price":1,"n":"ä"}]}';
  const seen =
    '{"order":{"id":12345678901234567890,"userName":"z","items":[{"n":"ä"}],"meta":{"from":"127.0.0.1"},"count":1}}';
  await post(url, sent);
  assert.equal(last().body.toString(), seen);
  assert.equal(last().headers['content-length'], String(Buffer.byteLength(seen)));
  await post(url, sent, { 'transfer-encoding': 'chunked', 'content-type': 'application/vnd.api+json; charset=utf-8' });
  assert.equal(last().body.toString(), seen);
  assert.equal(last().headers['content-length'], String(Buffer.byteLength(seen)));
  assert.equal(last().headers['content-type'], 'application/vnd.api+json; charset=utf-8');
});

test('a body is edited without its coding, and what was true of its bytes alone is gone', async (t) => {
  const { url, last } = await start(t, { json: { omit: ['a'] } });
  for (const [coding, code] of [
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ] as const) {
    await post(url, code('{"a":1,"b":2}'), { 'content-encoding': coding, 'content-digest': 'sha-256=:AAAA:' });
    assert.equal(last().body.toString(), '{"b":2}', coding);
    assert.deepEqual([last().headers['content-encoding'], last().headers['content-digest']], [undefined, undefined]);
  }
  const unknown = await post(url, 'x', { 'content-encoding': 'compress' });
  assert.deepEqual([unknown.status, unknown.json.code], [415, 'unsupported_media_type']);
});

test('other types, and requests without a body, pass untouched', async (t) => {
  const { url, last } = await start(t, { json: { omit: ['a'] } });
  for (const type of ['text/plain', 'application/x-ndjson', 'application/octet-stream']) {
    await post(url, '{"a":1}', { 'content-type': type });
    assert.equal(last().body.toString(), '{"a":1}', type);
  }
  await post(url, '', { 'transfer-encoding': 'chunked' });
  assert.equal(last().body.length, 0);
  await ask(url, { headers: JSON_TYPE });
  assert.deepEqual([last().body.length, last().headers['content-length']], [0, undefined]);
});

test('where a route says so, bodies of other types are refused', async (t) => {
  const { url, service, last } = await start(t, { json: { omit: ['isAdmin'] }, otherTypes: 'refuse' });
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', '']) {
    const answer = await post(url, '{"isAdmin":true}', { 'content-type': type });
    assert.deepEqual([answer.status, answer.json.code], [415, 'unsupported_media_type'], type);
  }
  assert.equal(service.requests.length, 0);
  assert.equal((await ask(url)).status, 200);
  await post(url, '{"isAdmin":true}');
  assert.equal(last().body.toString(), '{}');
});

test('what is no JSON is refused, and what is too large too', async (t) => {
  const { url, service } = await start(t, { json: { omit: ['a'] } }, { bodyLimit: '1kb' });
  for (const body of ['{"a":', '[1', ' ', '[['.repeat(100)]) {
    const answer = await post(url, body, { 'transfer-encoding': 'chunked' });
    assert.deepEqual([answer.status, answer.json.code], [400, 'bad_body'], body);
  }
  const long = await post(url, JSON.stringify('x'.repeat(2000)), { 'transfer-encoding': 'chunked' });
  assert.deepEqual([long.status, long.json.code], [413, 'body_too_large']);
  assert.equal(service.requests.length, 0);
});

test('a client that waits for leave to send gets it', async (t) => {
  const { url, last } = await start(t, { json: { omit: ['a'] } });
  const { port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const req = httpRequest({ port, path: '/x', method: 'POST', headers: { ...JSON_TYPE, expect: '100-continue' } });
  req.on('continue', () => req.end('{"a":1,"b":2}'));
  req.on('response', (res) => res.resume().on('end', () => resolve(res.statusCode)));
  req.on('error', reject);
  req.flushHeaders();
  assert.equal(await promise, 200);
  assert.equal(last().body.toString(), '{"b":2}');
});

test('another attempt sends the edited body again', async (t) => {
  const bodies: string[] = [];
  const service = await startService(t, (_req, res, seen) => {
    bodies.push(seen.body.toString());
    if (bodies.length === 1) res.destroy();
    else res.end('ok');
  });
  const gateway = await startGateway(t, {
    file: {
      routes: [
        {
          prefix: '/x',
          target: service.url,
          auth: 'none',
          retry: { attempts: 2 },
          request: { json: { set: { at: '${request.id}' } } },
        },
      ],
    },
  });
  const answer = await ask(`${gateway.url}/x`, { method: 'PUT', headers: JSON_TYPE, body: '{}' });
  assert.equal(answer.text, 'ok');
  assert.equal(bodies.length, 2);
  assert.equal(bodies[0], bodies[1]);
  assert.match(bodies[0] ?? '', /^\{"at":"[\w-]+"\}$/);
});

test('edits of the query reach the service and not the log, secrets among them', async (t) => {
  const query = {
    remove: ['debug'],
    rename: { q: 'query' },
    set: { key: '${ENV:SERVICE_KEY}', m: '${request.method}' },
  };
  const { gateway, url, last } = await start(t, { query }, {}, { SERVICE_KEY: 'hush hush' });
  await ask(url, { path: '/x/a?q=%2f&d%65bug=1&key=mine&key=2&z=+%20' });
  assert.equal(last().path, '/a?query=%2f&key=hush%20hush&z=+%20&m=GET');
  const line = await gateway.line({ status: 200 });
  assert.match(line.path, /^\/x\/a\?q=%2f&d%65bug=1/);
  assert.doesNotMatch(gateway.accessLines.join(), /hush/);
});

test('a field has a value of the call; letters that a field can not have are percent-encoded', async (t) => {
  const headers = {
    set: { 'x-who': '${request.query["who"]}', 'x-env': 'prod' },
    add: { 'x-tag': '${request.method}-b' },
  };
  const { url, last } = await start(t, { headers });
  await ask(url, { path: '/x?who=Zo%C3%AB+A', headers: { 'x-who': 'forged', 'x-tag': 'a' } });
  const seen = last().headers;
  assert.deepEqual([seen['x-who'], seen['x-env'], seen['x-tag']], ['Zo%C3%AB A', 'prod', 'a, GET-b']);
});

test('of a list all that hold are done, in order, by what the client has sent', async (t) => {
  const { url, last } = await start(t, [
    { when: 'request.method == "POST"', headers: { set: { 'x-a': 'post' } }, json: { set: { kind: 'changed' } } },
    { when: 'request.method == "PUT"', headers: { set: { 'x-a': 'put' } } },
    {
      when: 'body.kind == "changed"',
      headers: { set: { 'x-kind': '${body.kind}', 'x-b': '${request.headers["x-a"]}' } },
    },
    { headers: { rename: { 'x-a': 'x-c' } } },
  ]);
  await post(url, '{"kind":"new"}', { 'x-a': 'mine' });
  const { headers, body } = last();
  assert.deepEqual(
    [headers['x-a'], headers['x-c'], headers['x-kind'], headers['x-b']],
    [undefined, 'post', 'changed', 'mine'],
  );
  assert.equal(body.toString(), '{"kind":"changed"}');
  await ask(url, { headers: { 'x-a': 'mine' } });
  assert.deepEqual([last().headers['x-c'], last().headers['x-kind']], ['mine', undefined]);
});

test('a client that leaves while its body is awaited ends the work', async (t) => {
  const { gateway, service } = await start(t, { json: { omit: ['a'] } });
  await askRaw(
    gateway.port,
    'POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a"',
    { halfClose: true },
  );
  const line = await gateway.line({ path: '/x' });
  assert.ok(line.status === 499 || line.status === 400, String(line.status));
  assert.equal(service.requests.length, 0);
});
