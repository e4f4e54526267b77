import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

test('what is edited is compressed anew for whoever accepts that, and its tag can be told back', async (t) => {
  const service = await startService(t, (req, res) => {
    if (req.method === 'PUT') return void res.writeHead(204, { 'x-seen': String(req.headers['if-match']) }).end();
    res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip', etag: '"v1"' });
    res.end(gzipSync(JSON.stringify({ secret: 1, text: 'a'.repeat(5000) })));
  });
  const gateway = await startGateway(t, {
    file: {
      routes: [
        {
          prefix: '/x',
          target: service.url,
          auth: 'none',
          compress: true,
          response: { json: { omit: ['secret'] } },
        },
      ],
    },
  });
  const answer = await ask(`${gateway.url}/x`, { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(gunzipSync(answer.body).toString(), JSON.stringify({ text: 'a'.repeat(5000) }));
  const { etag, vary, 'content-encoding': coding } = answer.headers;
  assert.deepEqual([etag, vary, coding], ['W/"v1"', 'Accept-Encoding', 'gzip']);
  const change = await ask(`${gateway.url}/x`, { method: 'PUT', headers: { 'if-match': String(etag) } });
  assert.match(String(change.headers['x-seen']), /^W\/"v1", "v1"/);
  const plain = await ask(`${gateway.url}/x`);
  assert.deepEqual([plain.json.secret, plain.headers['content-encoding']], [undefined, undefined]);
});

test('parts of an aggregate are edited by their own routes, and the whole by its', async (t) => {
  const service = await startService(t, (req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ path: req.url, secret: 1, self: `http://${req.headers.host}/a` }));
  });
  const part = { auth: 'none', target: service.url, response: { json: { omit: ['secret'] }, urls: true } };
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/a', ...part, request: { query: { set: { by: '${route.name}' } } } },
        {
          prefix: '/both',
          auth: 'none',
          aggregate: { one: { route: '/a/1' }, two: { route: '/a/2' } },
          response: { json: { wrap: 'data', omit: ['two.self'] } },
        },
      ],
    },
  });
  const { status, json } = await ask(`${gateway.url}/both`);
  assert.equal(status, 200);
  assert.deepEqual(json, {
    data: { one: { path: '/1?by=%2Fa', self: `${gateway.url}/a/a` }, two: { path: '/2?by=%2Fa' } },
  });
});

test('the files of a folder are edited as answers of services are', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-files-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'a.json'), '{"a":1,"secret":2}');
  const gateway = await startGateway(t, {
    file: {
      routes: [{ prefix: '/f', auth: 'none', files: folder, response: { json: { omit: ['secret'] } } }],
    },
  });
  const answer = await ask(`${gateway.url}/f/a.json`, { headers: { range: 'bytes=0-5' } });
  assert.deepEqual([answer.status, answer.text], [200, '{"a":1}']);
  const etag = String(answer.headers.etag);
  assert.match(etag, /^W\//);
  assert.equal((await ask(`${gateway.url}/f/a.json`, { headers: { 'if-none-match': etag } })).status, 304);
});
