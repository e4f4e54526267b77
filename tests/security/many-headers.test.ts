import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { askRaw, statusOf } from '../support/http.ts';
import { startService } from '../support/service.ts';

/**
 * The attack: Node silently leaves out fields beyond the two thousandth. What the gateway checks to stand once (Host,
 * Authorization), or a load balancer adds at the end, would hide there.
 */
test('no field can hide behind two thousand others: the head is too large before', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/open', target: service.url, auth: 'none' },
        { prefix: '/private', target: service.url },
      ],
    },
  });
  const send = (path: string, count: number, last: string): Promise<string> =>
    askRaw(
      gateway.port,
      `GET ${path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n${'a:\r\n'.repeat(count)}${last}\r\n\r\n`,
    );
  for (const count of [1_990, 1_999, 2_000, 2_001, 2_500, 4_000]) {
    assert.equal(statusOf(await send('/open', count, 'Host: b.example')), 431, `${count} fields`);
  }
  let count = 100;
  for (; statusOf(await send('/open', count, 'b: c')) === 200; count += 100) {
    assert.equal(statusOf(await send('/open', count, 'Host: b.example')), 400, `a second Host after ${count} fields`);
    const doubled = `Authorization: Bearer a\r\n${'a:\r\n'.repeat(count)}Authorization: Bearer b`;
    assert.match(await send('/private', 0, doubled), /more than one Authorization/i);
  }
  assert.ok(count > 100 && count < 2_000, `heads end at ${count} fields`);
});
