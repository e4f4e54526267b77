import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallAnswer, CallRequest } from '../../../src/deps.ts';
import { Delivery } from '../../../src/tracing/delivery.ts';

const SETTINGS = {
  url: new URL('http://collector.test/v1/traces'),
  headers: [],
  ca: undefined,
  isGzip: false,
  timeoutMs: 1_000,
  resource: { 'service.name': 'x' },
  sampler: { isParentBased: true, ratio: 1 },
  batch: { maxQueued: 10, maxSpans: 5, delayMs: 5, timeoutMs: 2_000 },
};

type Told = Partial<Omit<CallAnswer, 'body'>> & { readonly body?: string };

/** Answers with these in turn, the last one again and again; an Error is thrown. */
function deliveryTo(answers: readonly (Told | Error)[], settings = SETTINGS) {
  const asked: CallRequest[] = [];
  const atMs: number[] = [];
  const call = (request: CallRequest): Promise<CallAnswer> => {
    const answer = answers[Math.min(asked.push(request), answers.length) - 1] as Told | Error;
    atMs.push(performance.now());
    if (answer instanceof Error) return Promise.reject(answer);
    const { status = 200, headers = {}, body = '' } = answer;
    return Promise.resolve({ status, headers, body: Buffer.from(body) });
  };
  return { delivery: new Delivery(settings, call), asked, atMs };
}

test('what is taken is asked once', async () => {
  const { delivery, asked } = deliveryTo([{ status: 200 }]);
  assert.deepEqual(await delivery.send(['{}', '{}']), { taken: 2, lost: 0, fault: undefined });
  assert.equal(asked.length, 1);
});

for (const status of [429, 502, 503, 504]) {
  test(`${status} is tried again`, async () => {
    const { delivery, asked } = deliveryTo([{ status }, { status }, { status: 202 }]);
    assert.equal((await delivery.send(['{}'])).taken, 1);
    assert.equal(asked.length, 3);
  });
}

for (const status of [301, 400, 401, 404, 415, 500]) {
  test(`${status} is an answer`, async () => {
    const { delivery, asked } = deliveryTo([{ status }]);
    const { lost, fault } = await delivery.send(['{}', '{}']);
    assert.equal(lost, 2);
    assert.match(String(fault), new RegExp(`answered ${status}`));
    assert.equal(asked.length, 1);
  });
}

test('a connection that fails is tried again', async () => {
  const { delivery, asked } = deliveryTo([new Error('refused'), {}]);
  assert.equal((await delivery.send(['{}'])).taken, 1);
  assert.equal(asked.length, 2);
});

test('the port of gRPC is told as what it is', async () => {
  const url = new URL('http://collector.test:4317/v1/traces');
  const { delivery } = deliveryTo([new Error('reset')], {
    ...SETTINGS,
    url,
    batch: { ...SETTINGS.batch, timeoutMs: 1 },
  });
  assert.match(String((await delivery.send(['{}'])).fault), /4317 is the port for gRPC/);
});

test('Retry-After is waited for', async () => {
  const { delivery, atMs } = deliveryTo([{ status: 503, headers: { 'retry-after': '1' } }, {}]);
  assert.equal((await delivery.send(['{}'])).taken, 1);
  assert.ok((atMs[1] ?? 0) - (atMs[0] ?? 0) >= 990);
});

test('who asks for more time than a batch has gets it before the next one', async () => {
  const { delivery, asked } = deliveryTo([{ status: 429, headers: { 'retry-after': '120' } }, {}]);
  assert.equal((await delivery.send(['{}'])).lost, 1);
  const next = delivery.send(['{}']);
  await new Promise(setImmediate);
  assert.equal(asked.length, 1);
  // At the end of the gateway nobody waits so long.
  delivery.hurry(500);
  assert.equal((await next).taken, 1);
});

test('each try has what time there is, and no more', async () => {
  const { delivery, asked } = deliveryTo([new Error('late')], {
    ...SETTINGS,
    timeoutMs: 300,
    batch: { ...SETTINGS.batch, timeoutMs: 400 },
  });
  assert.equal((await delivery.send(['{}'])).lost, 1);
  assert.ok(asked.length >= 2);
  for (const { timeoutMs } of asked) assert.ok(timeoutMs > 0 && timeoutMs <= 300);
});

for (const [body, rejected] of [
  ['{"partialSuccess":{"rejectedSpans":"2","errorMessage":"no"}}', 2],
  ['{"partialSuccess":{"rejectedSpans":1}}', 1],
  ['{"partialSuccess":{"rejectedSpans":-1}}', 0],
  ['{"partialSuccess":{"rejectedSpans":"many"}}', 0],
  ['{"partialSuccess":[]}', 0],
  ['<html>rejected</html>', 0],
  ['{"partialSuccess":{}}', 0],
  ['null rejected', 0],
] as const) {
  test(`of three spans ${body} loses ${rejected}`, async () => {
    const { delivery } = deliveryTo([{ body }]);
    const { taken, lost } = await delivery.send(['{}', '{}', '{}']);
    assert.deepEqual([taken, lost], [3 - rejected, rejected]);
  });
}
