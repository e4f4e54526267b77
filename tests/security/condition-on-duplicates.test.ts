import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

/* A condition goes by one of two members of a name; a parser that takes the first must not find the other one. */

const TWICE = '{"kind":"x","secret":12345678901234567890,"kind":"y","a":[{"bc":1,"\\u0062c":2}]}';
const ONCE = '{"kind":"y","secret":12345678901234567890,"a":[{"bc":2}]}';
const PLAIN = '{ "kind": "y",  "a": "\\u00e4" }';
const JSON_TYPE = { 'content-type': 'application/json' };

for (const request of [
  { when: "body.kind == 'x'", json: { omit: ['secret'] } },
  { headers: { set: { 'x-kind': '${body.kind}' } } },
]) {
  test(`a service reads what ${JSON.stringify(request)} went by`, async (t) => {
    const service = await startService(t);
    const gateway = await startGateway(t, {
      file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', request }] },
    });
    const seen = async (body: string | Buffer): Promise<string | undefined> => {
      await ask(`${gateway.url}/x`, { method: 'POST', body, headers: JSON_TYPE });
      const { body: got, headers } = service.requests.at(-1) ?? assert.fail('no request');
      assert.equal(headers['content-length'], String(got.length));
      return got.toString('latin1');
    };
    assert.equal(await seen(TWICE), ONCE);
    assert.equal(await seen(PLAIN), PLAIN, 'what is read alike by all passes byte for byte');
    assert.equal(await seen(Buffer.from('{"kind":"y","k\xffnd":"x"}', 'latin1')), '{"kind":"y","k\xef\xbf\xbdnd":"x"}');
  });
}

test('a client reads what the condition of an answer went by', async (t) => {
  let body = TWICE;
  const service = await startService(t, (_req, res) => {
    res.writeHead(200, { ...JSON_TYPE, etag: '"v1"' });
    res.end(body);
  });
  const response = { when: "response.body.kind == 'x'", json: { omit: ['secret'] } };
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', response }] },
  });
  const written = await ask(`${gateway.url}/x`);
  assert.deepEqual([written.text, written.headers['content-length']], [ONCE, String(ONCE.length)]);
  assert.equal(written.headers['etag'], 'W/"v1"');
  body = PLAIN;
  const passed = await ask(`${gateway.url}/x`);
  assert.equal(passed.text, PLAIN);
});
