import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

const LINK = 'https://docs.example.com/v2';
const deprecation = { since: '2026-01-01', sunset: '2099-12-31T23:59:59Z', link: LINK };

test('every answer of a deprecated route says so, beside the links of the service', async (t) => {
  const service = await startService(t, (_req, res) => {
    res.writeHead(200, { link: '</next>; rel="next"', deprecation: '@1', sunset: 'never' }).end('old');
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/v1', target: service.url, auth: 'none', deprecation }] },
  });
  const { status, headers, text } = await ask(`${gateway.url}/v1`);
  assert.deepEqual([status, text], [200, 'old']);
  assert.equal(headers['deprecation'], '@1767225600');
  assert.equal(headers['sunset'], 'Thu, 31 Dec 2099 23:59:59 GMT');
  assert.equal(headers['link'], `</next>; rel="next", <${LINK}>; rel="deprecation", <${LINK}>; rel="sunset"`);
});

test('a refusal says so too', async (t) => {
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/v1', respond: { status: 200 }, auth: 'jwt', deprecation: { since: '2026-01-01' } }] },
  });
  const { status, headers } = await ask(`${gateway.url}/v1`);
  assert.deepEqual(
    [status, headers['deprecation'], headers['sunset'], headers['link']],
    [401, '@1767225600', undefined, undefined],
  );
});

test('after its sunset a route is gone where it says so, and goes on where it does not', async (t) => {
  const past = { since: '2020-01-01', sunset: '2021-01-01', link: LINK };
  const gateway = await startGateway(t, {
    file: {
      defaults: { auth: 'none', respond: { status: 200, body: 'still here' } },
      routes: [
        { prefix: '/on', deprecation: past },
        { prefix: '/gone', deprecation: { ...past, refuse: true } },
      ],
    },
  });
  assert.equal((await ask(`${gateway.url}/on`)).status, 200);
  const { status, headers, json } = await ask(`${gateway.url}/gone`);
  assert.deepEqual([status, json.code, headers['sunset']], [410, 'gone', 'Fri, 01 Jan 2021 00:00:00 GMT']);
  assert.match(headers['link'] as string, /rel="sunset"/);
});
