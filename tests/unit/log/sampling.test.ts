import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { RequestContext } from '../../../src/context.ts';
import { AccessRecord } from '../../../src/log/access-record.ts';
import { createSampler } from '../../../src/log/sampling.ts';

function recordOf(fill: Partial<RequestContext> = {}, { status = 200, totalMs = 5 } = {}): AccessRecord {
  const req = { method: 'GET', headers: {} } as IncomingMessage;
  const context = Object.assign(new RequestContext(req, {} as ServerResponse), { requestId: randomUUID() }, fill);
  return new AccessRecord('info', context, 0, totalMs, status, undefined, undefined);
}

test('nothing is sampled where all lines are wanted', () => {
  assert.equal(createSampler({ logSampleSuccess: 1, logSlowMs: 1000 }), undefined);
});

test('of requests that went well the share is written, and says so', () => {
  const isWritten = createSampler({ logSampleSuccess: 0.1, logSlowMs: 1000 });
  assert.ok(isWritten);
  const all = Array.from({ length: 20_000 }, (_, i) => recordOf({}, { status: i % 2 === 0 ? 200 : 304 }));
  const written = all.filter((record) => isWritten(record));
  assert.ok(Math.abs(written.length - 2000) < 200, `${written.length} of 20000`);
  assert.ok(written.every(({ sampleRate }) => sampleRate === 0.1));
});

test('whatever may be looked for is written always, and counts as one', () => {
  const isWritten = createSampler({ logSampleSuccess: 0, logSlowMs: 1000 });
  const all = [
    recordOf({}, { status: 404 }),
    recordOf({}, { status: 503 }),
    recordOf({}, { status: 101 }),
    recordOf({}, { totalMs: 1000 }),
    recordOf({ trace: [] }),
    recordOf({ errorCode: 'upstream_reset' as never }),
    recordOf({ shadow: 'authorize:forbidden' }),
    recordOf({ fault: 'delay' }),
    new AccessRecord('warn', recordOf().context, 0, 5, 200, 'upstream', 'upstream'),
  ];
  for (const record of all) assert.ok(isWritten?.(record), JSON.stringify(record));
  assert.deepEqual([...new Set(all.map(({ sampleRate }) => sampleRate))], [1]);
  assert.equal(isWritten?.(recordOf()), false);
});

test('a whole and its parts, which have one request ID, are written together', () => {
  const isWritten = createSampler({ logSampleSuccess: 0.5, logSlowMs: 1000 });
  for (let i = 0; i < 200; i += 1) {
    const requestId = randomUUID();
    assert.equal(isWritten?.(recordOf({ requestId })), isWritten?.(recordOf({ requestId, part: 'user' })));
  }
});
