import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { openWire } from '../support/wire.ts';

/** The attack: to put something beside, or in place of, what proves the gateway to a service; or to be shown it. */

const SECRET = 'the-secret-of-the-service';

const SPELLINGS: readonly (readonly string[])[] = [
  ['Authorization: Bearer mine'],
  ['AUTHORIZATION: Bearer mine', 'authorization: Bearer mine too'],
  ['Connection: authorization, x-internal-key', 'Authorization: Bearer mine'],
  ['Connection: keep-alive, X-Internal-Key', 'X-Internal-Key: mine'],
  ['X_Internal_Key: mine', 'X-Internal_Key: mine'],
  ['Transfer-Encoding: chunked', 'Trailer: Authorization', 'Authorization: Bearer mine'],
];

for (const fields of SPELLINGS) {
  test(`a service gets one credential, the gateway's: ${fields.join(' | ')}`, async (t) => {
    const service = await startService(t);
    const serviceAuth = { header: { authorization: `Bearer ${SECRET}`, 'x-internal-key': SECRET } };
    const gateway = await startGateway(t, {
      file: { routes: [{ prefix: '/a', target: service.url, auth: 'none', serviceAuth }] },
    });
    const isChunked = fields.some((field) => field.includes('chunked'));
    const head = [isChunked ? 'POST /a HTTP/1.1' : 'GET /a HTTP/1.1', 'Host: x', ...fields].join('\r\n');
    const wire = openWire(t, gateway.port);
    wire.write(`${head}\r\n\r\n${isChunked ? '0\r\nAuthorization: Bearer mine\r\n\r\n' : ''}`);
    await until(() => service.requests.length === 1, { what: 'the request at the service' });
    const raw = service.requests[0]?.rawHeaders ?? [];
    const told = raw.flatMap((name, at) =>
      at % 2 === 0 ? [[name.toLowerCase().replaceAll('_', '-'), raw[at + 1]]] : [],
    );
    assert.deepEqual(
      told.filter(([name]) => name === 'authorization' || name === 'x-internal-key'),
      [
        ['authorization', `Bearer ${SECRET}`],
        ['x-internal-key', SECRET],
      ],
    );
  });
}

test('nobody is shown it: not by an error, a redirect, the log, the state, or a service that is sent elsewhere', async (t) => {
  const other = await startService(t);
  const service = await startService(t, (_req, res) => res.writeHead(307, { location: `${other.url}/x` }).end());
  const gateway = await startGateway(t, {
    env: { KEY: SECRET },
    file: {
      routes: [
        { prefix: '/moved', target: service.url, auth: 'none', serviceAuth: { header: { 'x-key': '${ENV:KEY}' } } },
        {
          prefix: '/gone',
          target: 'http://127.0.0.1:1',
          auth: 'none',
          serviceAuth: { header: { 'x-key': '${ENV:KEY}' } },
        },
      ],
    },
  });
  const moved = await ask(`${gateway.url}/moved`);
  const gone = await ask(`${gateway.url}/gone`);
  assert.deepEqual([moved.status, gone.status], [307, 502]);
  assert.equal(other.requests.length, 0, 'the gateway follows no redirect');
  const pages = await Promise.all(['/state', '/routes', '/metrics'].map((path) => ask(gateway.adminUrl + path)));
  const answers = [moved, gone, ...pages].map(({ text, rawHeaders }) => text + rawHeaders.join(' '));
  const said = [...answers, ...gateway.accessLines, ...gateway.messages, await gateway.metrics()].join('\n');
  assert.ok(!said.includes(SECRET));
});
