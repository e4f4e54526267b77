import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type StubService, startService } from '../support/service.ts';

async function start(t: TestContext, keys: object): Promise<{ url: string; service: StubService }> {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', ...keys }] },
  });
  return { url: `${gateway.url}/x`, service };
}

const BREAKS = ['%0d%0aX-Admin:%201', '%0aX-Admin:%201', '%00', '%0d', '%7f', '%E2%80%A8%0a', '%C2%85'];

test('a value of a client’s never becomes another field of a request', async (t) => {
  const { url, service } = await start(t, { request: { headers: { set: { 'x-q': 'q=${request.query["q"]}' } } } });
  for (const value of BREAKS) {
    const answer = await ask(url, { path: `/x?q=a${value}` });
    assert.deepEqual([answer.status, answer.json.code], [500, 'expression_failed'], value);
  }
  assert.equal(service.requests.length, 0);
  await ask(url, { path: '/x?q=%C4%8A%C4%8D%C4%8A' });
  assert.equal(service.requests[0]?.headers['x-q'], 'q=%C4%8A%C4%8D%C4%8A');
});

test('nor of an answer', async (t) => {
  const { url } = await start(t, {
    response: { headers: { add: { 'x-path': '${response.body.path}', 'x-m': '${response.body.headers["x-m"]}' } } },
  });
  const answer = await ask(url, { headers: { 'x-m': 'a\tb' } });
  assert.equal(answer.headers['x-m'], 'a\tb');
  const { url: other } = await start(t, {
    response: { headers: { set: { 'x-b': '${"a\\r\\nSet-Cookie: b=1"}' } } },
  });
  const broken = await ask(other);
  assert.deepEqual([broken.status, broken.headers['set-cookie']], [500, undefined]);
});

test('a value of a client’s never becomes another parameter, nor a fragment', async (t) => {
  const { url, service } = await start(t, {
    request: { query: { set: { who: '${request.query["q"]}' }, remove: ['q'] } },
  });
  await ask(url, { path: '/x?q=a%26admin%3D1%23%0d%0a%20HTTP/1.1' });
  assert.equal(service.requests[0]?.path, '/?who=a%26admin%3D1%23%0D%0A%20HTTP%2F1.1');
});

test('a removed parameter is not smuggled by how it is written', async (t) => {
  const { url, service } = await start(t, { request: { query: { remove: ['admin'] } } });
  await ask(url, { path: '/x?admin&%61dmin=1&ADMIN=2&admin=3&a%64min%3d=4' });
  assert.equal(service.requests[0]?.path, '/?ADMIN=2&a%64min%3d=4');
});

test('a name of a client’s never becomes a tag of XML, and a text none either', async (t) => {
  const { url, service } = await start(t, { request: { format: 'xml' } });
  const post = (body: unknown) =>
    ask(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  for (const name of [
    'a b',
    'a><admin/><b',
    'a/',
    '!--',
    '?pi',
    '1a',
    '',
    'a\n',
    'a"b',
    '@',
    '@a b',
    '@a="1" b',
    'a:b:c',
    ':a',
    '@:',
    '\u0000',
  ]) {
    const answer = await post({ order: { [name]: 'x' } });
    assert.deepEqual([answer.status, answer.json.code], [400, 'bad_body'], JSON.stringify(name));
  }
  for (const text of ['\u0000', 'a\u0008', '\ufffe', '\ud800'])
    assert.equal((await post({ order: text })).status, 400, JSON.stringify(text));
  assert.equal(service.requests.length, 0);
  await post({ order: { '@a': '"><admin x="', b: '</b><admin/>]]>&lt;' } });
  assert.match(
    service.requests[0]?.body.toString() ?? '',
    /<order a="&quot;&gt;&lt;admin x=&quot;"><b>&lt;\/b&gt;&lt;admin\/&gt;\]\]&gt;&amp;lt;<\/b><\/order>$/,
  );
});

test('keys that objects have from birth change no object of the gateway', async (t) => {
  const { url, service } = await start(t, {
    request: { json: { omit: ['x.y'], set: { 'constructor.z': '${body.a}', 'b.c': 1 }, rename: { r: '__proto__' } } },
  });
  const body = '{"__proto__":{"polluted":1},"a":1,"r":{"polluted":2},"x":{"y":1},"toString":"t"}';
  await ask(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  assert.equal(
    service.requests[0]?.body.toString(),
    '{"a":1,"__proto__":{"polluted":2},"x":{},"toString":"t","constructor":{"z":1},"b":{"c":1}}',
  );
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});
