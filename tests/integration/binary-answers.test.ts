import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

for (const repeat of [1, 16, 17, 4_000]) {
  test(`an answer of every byte there is, ${repeat} times over, arrives unchanged`, async (t) => {
    const body = Buffer.concat(Array.from({ length: repeat }, () => EVERY_BYTE));
    const service = await startService(t, (_req, res) => res.end(body));
    const gateway = await startGateway(t, { file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] } });
    const answer = await ask(`${gateway.url}/x`);
    assert.equal(answer.headers['content-length'], String(body.length));
    assert.ok(answer.body.equals(body));
    const line = await gateway.line({ path: '/x' });
    assert.equal(line['bytesOut'], body.length);
  });
}
