import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

const ID = /^[A-Za-z0-9._-]{8,128}$/;

interface Ids {
  readonly requestId: string;
  readonly correlationId: string;
}

/** The IDs of one request, the same in the answer, at the service and in the log. */
async function idsOf(
  t: Parameters<typeof startGateway>[0],
  headers: Record<string, string>,
  env: Record<string, string> = {},
): Promise<Ids> {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    env,
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
  });
  const answer = await ask(`${gateway.url}/x`, { headers });
  const seen = service.requests[0]?.headers ?? {};
  const requestId = String(answer.headers['x-request-id']);
  const correlationId = String(answer.headers['x-correlation-id']);
  assert.match(requestId, ID);
  assert.deepEqual([seen['x-request-id'], seen['x-correlation-id']], [requestId, correlationId]);
  const line = await gateway.line({ requestId });
  assert.equal(line['correlationId'] ?? requestId, correlationId);
  return { requestId, correlationId };
}

test("a client's X-Request-Id is kept as the correlation ID, and the request ID is the gateway's own", async (t) => {
  const { requestId, correlationId } = await idsOf(t, { 'x-request-id': 'job-2026.11_27' });
  assert.equal(correlationId, 'job-2026.11_27');
  assert.notEqual(requestId, correlationId);
});

test("a client's X-Correlation-Id comes before its X-Request-Id", async (t) => {
  const given = { 'x-request-id': 'request-1', 'x-correlation-id': 'correlation-1' };
  assert.equal((await idsOf(t, given)).correlationId, 'correlation-1');
});

test('what is not well-formed counts as not sent', async (t) => {
  for (const bad of ['short', 'a'.repeat(129), 'with space', 'quote"quote', 'semi;colon', 'eight-ä-chars']) {
    const both = await idsOf(t, { 'x-request-id': bad, 'x-correlation-id': bad });
    assert.equal(both.correlationId, both.requestId, bad);
    const one = await idsOf(t, { 'x-request-id': 'request-1', 'x-correlation-id': bad });
    assert.equal(one.correlationId, 'request-1', bad);
  }
});

test("without any, both are the gateway's", async (t) => {
  const { requestId, correlationId } = await idsOf(t, {});
  assert.equal(correlationId, requestId);
});

test("a trusted peer's X-Request-Id is the request ID too", async (t) => {
  const trusted = { TRUST_PROXY: '1' };
  assert.deepEqual(await idsOf(t, { 'x-request-id': 'request-1' }, trusted), {
    requestId: 'request-1',
    correlationId: 'request-1',
  });
  assert.deepEqual(await idsOf(t, { 'x-request-id': 'request-1', 'x-correlation-id': 'correlation-1' }, trusted), {
    requestId: 'request-1',
    correlationId: 'correlation-1',
  });
});
