import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

/* A member that is to be taken away is hidden in a charset that the gateway does not read, and the service does. */

const HIDDEN = '{"+AHAAYQBzAHMAdwBvAHIAZA-":"S"}';

/** Types that are JSON to somebody, and not surely JSON in UTF-8. */
const UNCLEAR: readonly (string | string[])[] = [
  'application/json; charset=utf-7',
  'application/json;charset="UTF-16LE"',
  'application/vnd.api+json; charset=iso-8859-1',
  "application/json; charset*=utf-8''utf-7",
  'application/json; charset=utf-8; charset=utf-7',
  'application/json; charset=utf-8 charset=utf-7',
  'text/plain, application/json',
  'application/json, text/plain',
  'application/json garbage',
  ['application/json', 'application/json; charset=utf-7'],
  ['text/plain', 'application/json'],
];
const CLEAR = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset="UTF8"',
  'a/b+json; v=1',
];

function post(url: string, types: string | string[]): Promise<number> {
  const body = Buffer.from(HIDDEN);
  const headers = ['Host', 'a', 'Content-Length', String(body.length)];
  for (const type of [types].flat()) headers.push('Content-Type', type);
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method: 'POST', headers, agent: false }, (res) => {
      res.resume();
      resolve(res.statusCode ?? 0);
    });
    sent.once('error', reject).end(body);
  });
}

for (const request of [
  { json: { omit: ['password'] }, otherTypes: 'refuse' },
  { json: { omit: ['password'] } },
  { when: 'has(body.password)', headers: { set: { 'x-seen': '1' } } },
]) {
  test(`JSON that may be in another charset does not get round ${JSON.stringify(request)}`, async (t) => {
    const service = await startService(t);
    const gateway = await startGateway(t, {
      file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', request }] },
    });
    for (const types of UNCLEAR) assert.equal(await post(`${gateway.url}/x`, types), 415, String(types));
    assert.equal(service.requests.length, 0);
    for (const types of CLEAR) assert.equal(await post(`${gateway.url}/x`, types), 200, types);
  });
}

test('a route whose edits look at no body lets any type pass', async (t) => {
  const service = await startService(t);
  const request = { headers: { set: { 'x-a': 'b' } } };
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', request }] },
  });
  assert.equal(await post(`${gateway.url}/x`, 'application/json; charset=utf-7'), 200);
});

for (const response of [{ json: { omit: ['password'] } }, { urls: true }]) {
  test(`an answer of JSON that may be in another charset is refused by ${JSON.stringify(response)}`, async (t) => {
    let types: string | string[] = '';
    const service = await startService(t, (_req, res) => {
      res.setHeader('content-type', types);
      res.end(HIDDEN);
    });
    const gateway = await startGateway(t, {
      file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', response }] },
    });
    for (types of UNCLEAR) {
      const { status, json, text } = await ask(`${gateway.url}/x`);
      assert.deepEqual([status, json.code], [502, 'bad_answer'], String(types));
      assert.doesNotMatch(text, /AHAAYQ/);
    }
    for (types of CLEAR) assert.equal((await ask(`${gateway.url}/x`)).status, 200, types);
    types = 'text/html; charset=iso-8859-1';
    assert.equal((await ask(`${gateway.url}/x`)).text, HIDDEN);
  });
}
