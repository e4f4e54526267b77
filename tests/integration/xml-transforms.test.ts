import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type StubHandler, type StubService, startService } from '../support/service.ts';

async function start(
  t: TestContext,
  handler: StubHandler | undefined,
  keys: object,
): Promise<{ url: string; service: StubService }> {
  const service = await startService(t, handler);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', ...keys }] },
  });
  return { url: `${gateway.url}/x`, service };
}

const answering =
  (type: string, body: string | Buffer, headers: object = {}): StubHandler =>
  (_req, res) => {
    res.writeHead(200, { 'content-type': type, ...headers });
    res.end(body);
  };

const ORDER =
  '<?xml version="1.0" encoding="ISO-8859-1"?>\n<order id="7"><who>Zoë</who><items><item>5</item></items></order>';

test('an answer of XML becomes JSON before it is edited, in whatever encoding and coding it comes', async (t) => {
  const handler = answering('application/xml', gzipSync(Buffer.from(ORDER, 'latin1')), {
    'content-encoding': 'gzip',
    etag: '"v1"',
  });
  const { url } = await start(t, handler, {
    response: {
      format: 'json',
      xml: { arrays: ['order.items.item'], numbers: true },
      json: { rename: { "order['@id']": 'id' }, set: { count: '${size(response.body.order.items.item)}' } },
      headers: { set: { 'x-who': '${response.body.order.who}' } },
    },
  });
  const { text, headers } = await ask(url);
  assert.equal(text, '{"order":{"id":7,"who":"Zoë","items":{"item":[5]}},"count":1}');
  assert.deepEqual(
    [headers['content-type'], headers['content-length'], headers['content-encoding'], headers.etag, headers['x-who']],
    ['application/json', String(Buffer.byteLength(text)), undefined, 'W/"v1"', 'Zo%C3%AB'],
  );
  assert.equal((await ask(url, { method: 'HEAD' })).headers['content-type'], 'application/json');
});

test('an answer of JSON becomes XML after it is edited', async (t) => {
  const { url } = await start(t, answering('application/json', '{"id":1,"b":"<&>"}'), {
    response: { format: 'xml', xml: { root: 'order' }, json: { rename: { id: '@id' } } },
  });
  const { text, headers } = await ask(url);
  assert.equal(text, '<?xml version="1.0" encoding="UTF-8"?>\n<order id="1"><b>&lt;&amp;&gt;</b></order>');
  assert.equal(headers['content-type'], 'application/xml; charset=utf-8');
});

test('other answers pass untouched, and what is no XML is refused', async (t) => {
  const html = await start(t, answering('text/html', '<p>'), { response: { format: 'json' } });
  assert.equal((await ask(html.url)).text, '<p>');
  const json = await start(t, answering('application/json', '{ }'), { response: { format: 'json' } });
  assert.equal((await ask(json.url)).text, '{ }');
  const broken = await start(t, answering('text/xml', '<a>'), { response: { format: 'json' } });
  const { status, json: problem } = await ask(broken.url);
  assert.deepEqual([status, problem.code], [502, 'bad_answer']);
});

test('a body of JSON becomes XML for the service, and the other way round', async (t) => {
  const toXml = await start(t, undefined, {
    request: [{ format: 'xml', json: { set: { 'order.from': '${request.method}' } } }],
  });
  await ask(toXml.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"order":{"@id":12345678901234567890,"item":["a","b"]}}',
  });
  const [xml] = toXml.service.requests;
  assert.equal(
    xml?.body.toString(),
    '<?xml version="1.0" encoding="UTF-8"?>\n<order id="12345678901234567890"><item>a</item><item>b</item><from>POST</from></order>',
  );
  assert.deepEqual(
    [xml?.headers['content-type'], xml?.headers['content-length']],
    ['application/xml; charset=utf-8', String(xml?.body.length)],
  );
  const toJson = await start(t, undefined, { request: { format: 'json', json: { wrap: 'data' } } });
  const headers = { 'content-type': 'text/xml', 'transfer-encoding': 'chunked' };
  await ask(toJson.url, { method: 'POST', headers, body: Buffer.from(ORDER, 'latin1') });
  const [json] = toJson.service.requests;
  assert.equal(json?.body.toString(), '{"data":{"order":{"@id":"7","who":"Zoë","items":{"item":"5"}}}}');
  assert.equal(json?.headers['content-type'], 'application/json');
});

test('a later edit sees the JSON that an earlier one has made', async (t) => {
  const { url } = await start(t, answering('text/xml', '<a><b>1</b></a>'), {
    response: [
      { format: 'json' },
      { when: 'response.body.a.b == "1"', json: { set: { seen: true } } },
      { format: 'xml' },
    ],
  });
  assert.match((await ask(url)).text, /<root><a><b>1<\/b><\/a><seen>true<\/seen><\/root>/);
});
