import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SAMPLE_ROUTES } from '../../scripts/demo/sample-routes.ts';
import { startStub } from '../../src/dev/stub-service.ts';
import { startGateway } from '../support/gateway.ts';
import { type Answer, ask } from '../support/http.ts';

/** The routes of the demo before one of its services: what docs/transforms.md says comes of them. */
async function startSamples(t: TestContext) {
  const stub = await startStub({ name: 'products', port: 0 });
  t.after(() => stub.stop());
  const isShown = ({ prefix }: { prefix?: string }) => /sent|shaped|order|soap|links/.test(prefix ?? '');
  const routes = JSON.stringify(SAMPLE_ROUTES.filter(isShown)).replaceAll('localhost:4003', `127.0.0.1:${stub.port}`);
  const gateway = await startGateway(t, { file: { routes: JSON.parse(routes) } });
  const post = (path: string, body: unknown): Promise<Answer> =>
    ask(gateway.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  return { gateway, post };
}

test('the samples of the demo do what docs/transforms.md says of them', async (t) => {
  const { gateway, post } = await startSamples(t);
  const sent = await ask(`${gateway.url}/samples/sent?q=tea&debug=1`, { headers: { 'x-token': 'abc' } });
  const { headers } = sent.json;
  assert.deepEqual(
    [sent.json.path, headers['x-token'], headers['x-legacy-token'], headers['x-asked']],
    ['/?query=tea&limit=10', undefined, 'abc', 'GET /samples/sent'],
  );
  const order = await post('/samples/sent', { user_name: 'zoe', password: '1234', items: ['tea'] });
  assert.equal(order.json.body, '{"order":{"userName":"zoe","items":["tea"],"meta":{"count":1}}}');

  const shaped = await ask(`${gateway.url}/samples/shaped`);
  assert.deepEqual(Object.keys(shaped.json.data), ['by', 'method', 'headers', 'at']);
  const failed = await ask(`${gateway.url}/samples/shaped/status/404`);
  assert.deepEqual([failed.status, failed.json, failed.headers['x-failed']], [404, { service: 'products' }, '404']);

  const { text } = await ask(`${gateway.url}/samples/order`);
  assert.equal(text, '{"order":{"id":7,"customer":"Zoë","items":{"item":[{"sku":"a-1","price":9.5}]}}}');

  const soap = await post('/samples/soap', { '@id': 7, item: ['tea', 'milk & sugar'] });
  assert.match(soap.json.body, /\n<order id="7"><item>tea<\/item><item>milk &amp; sugar<\/item><\/order>$/);
  assert.equal((await post('/samples/soap', { 'a><admin/><b': 1 })).status, 400);

  assert.equal((await ask(`${gateway.url}/samples/links`)).json.self, `${gateway.url}/samples/links`);
});
