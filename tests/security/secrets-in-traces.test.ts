import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { startCollector, tracingEnv } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

/** Each secret holds this word, so that a part of one is found as well. */
const MARK = 'hush0815';
const KEY = createApiKey();
const SECRET = `${MARK}-jwt-secret-that-is-longer-than-32-bytes`;
const TOKEN = jwt.sign({ sub: `user-${MARK}` }, SECRET, { expiresIn: 600 });
const BASIC = Buffer.from(`ops:${MARK}`).toString('base64');

test('no secret of a request, of the file or of the environment is in what a collector is sent', async (t) => {
  const collector = await startCollector(t);
  const service = await startService(t, (req, res) => {
    if (req.url?.includes('fail') === true) res.destroy();
    else res.writeHead(200, { 'set-cookie': `sid=${MARK}` }).end(MARK);
  });
  const gateway = await startGateway(t, {
    file: {
      consumers: [{ name: `customer-${MARK}`, keys: [{ id: 'k1', sha256: hashApiKey(KEY) }] }],
      routes: [
        {
          prefix: '/keyed',
          target: service.url,
          auth: { 'api-key': { query: 'k' } },
          request: { query: { set: { ticket: '${ENV:TICKET}' } }, headers: { set: { 'x-t': '${ENV:TICKET}' } } },
        },
        { prefix: '/token', target: service.url, auth: 'jwt' },
        { prefix: '/inner/${ENV:TICKET}', target: service.url, auth: 'none' },
        { prefix: '/far', target: '${ENV:TARGET}', auth: 'none' },
        { prefix: '/whole', auth: 'none', aggregate: { part: { route: '/inner/${ENV:TICKET}/x?token=1' } } },
      ],
    },
    env: {
      ...tracingEnv(collector),
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${MARK}-collector`,
      JWT_SECRET: SECRET,
      TICKET: `ticket-${MARK}`,
      TARGET: `${service.url}/base-${MARK}`,
      ADMIN_TOKEN: `${MARK}-admin-token`,
    },
  });
  const secrets = [MARK, KEY, hashApiKey(KEY), TOKEN.split('.')[2] as string, BASIC];
  const at = (path: string, headers: Record<string, string> = {}) =>
    ask(`${gateway.url}${path}`, {
      headers: { cookie: `sid=${MARK}`, 'x-api-key': KEY, authorization: `Basic ${BASIC}`, ...headers },
    }).catch((error: Error) => error);
  const bearer = { authorization: `Bearer ${TOKEN}` };
  await at(`/keyed/a?k=${KEY}&password=${MARK}&access_token=${MARK}`);
  await at('/keyed/a?k=wrong', { 'x-api-key': `tpk_${MARK}` });
  await at(`/keyed/fail?k=${KEY}`);
  await at(`/token/a?session=${MARK}#${MARK}`, bearer);
  await at(`/token/${TOKEN}`, bearer);
  await at('/token/x', { authorization: `Bearer ${TOKEN}x` });
  await at(`/token/Bearer%20${MARK}-and-more`, bearer);
  await at('/far/x');
  await at('/far/fail');
  await at('/whole');
  await at('/whole', { traceparent: 'nothing', tracestate: `a=${MARK}`, baggage: `user=${MARK}` });
  await at(`/inner/ticket-${MARK}/x`);
  await at(`/nowhere?secret=${MARK}`, { 'user-agent': `agent Bearer ${MARK}` });
  await at('/keyed/a', { host: 'h', 'x-request-id': `Bearer-${MARK}` });
  await gateway.close();
  assert.ok(collector.spans.length > 25, String(collector.spans.length));
  const written = collector.exports.map(({ text }) => text).join('\n');
  for (const secret of secrets) {
    const found = written.indexOf(secret);
    assert.equal(found, -1, `…${written.slice(Math.max(0, found - 200), found + 60)}…`);
  }
  // What can be told is.
  assert.ok(written.includes('password=***'));
  assert.ok(written.includes('/inner/${ENV:TICKET}'));
  assert.ok(collector.spans.some(({ attributes }) => attributes['http.route'] === '/keyed'));
});
