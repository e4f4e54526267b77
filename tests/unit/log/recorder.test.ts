import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestContext } from '../../../src/context.ts';
import { describeRecord, MAX_RECORDS, Recorder } from '../../../src/log/recorder.ts';

const NOWHERE = { parameters: new Set<string>(), fields: new Set<string>() };

const record = (text: string) => ({ request: text, end: '{}' });

test('the last ten thousand are kept, in their order', () => {
  const recorder = new Recorder();
  for (let i = 0; i < MAX_RECORDS + 7; i += 1) recorder.add(record(`${i}`));
  const kept = [...recorder.list()].map(({ request }) => Number(request));
  assert.equal(recorder.size, MAX_RECORDS);
  assert.deepEqual([kept.length, kept[0], kept.at(-1)], [MAX_RECORDS, 7, MAX_RECORDS + 6]);
});

test('long records push others out before sixteen megabytes are full, and one beyond bounds is left out', () => {
  const recorder = new Recorder();
  for (let i = 0; i < 3_000; i += 1) recorder.add(record(`${i} ${'x'.repeat(10_000)}`));
  const kept = [...recorder.list()];
  assert.ok(kept.length < 1_700 && kept.length > 400, String(kept.length));
  assert.match(kept.at(-1)?.request ?? '', /^2999 /);
  recorder.add(record('y'.repeat(70_000)));
  assert.match([...recorder.list()].at(-1)?.request ?? '', /^2999 /);
});

test('a flood is thinned out evenly, and a quiet time is kept whole', () => {
  const recorder = new Recorder();
  const keptOf = (second: number, count: number): number => {
    let kept = 0;
    for (let i = 0; i < count; i += 1) if (recorder.wants(second * 1000 + (i * 1000) / count)) kept += 1;
    return kept;
  };
  assert.equal(keptOf(0, 100), 100);
  assert.equal(recorder.isThinned, false);
  assert.equal(keptOf(1, 20_000), 200);
  assert.equal(recorder.isThinned, true);
  const late = keptOf(2, 20_000);
  assert.ok(late > 140 && late <= 200, String(late));
  assert.ok(keptOf(3, 100) < 20, 'the second after a flood is taken for one more of it');
  assert.equal(keptOf(4, 100), 100);
});

test('of a credential its place is kept, and nothing else', () => {
  const context = {
    req: {
      url: '/orders/7?K=k-secret&page=2&access_token=t-secret',
      rawHeaders: [
        ...['Authorization', 'Bearer b-secret', 'Cookie', 'session=c-secret; theme=d-secret', 'X-API-Key', 'x-secret'],
        ...['X-Partner', 'p-secret', 'X-Auth-Token', 'a-secret', 'X-Gateway-Debug', 'g-secret', 'Accept', 'text/html'],
      ],
    },
    method: 'GET',
    peerAddress: '10.0.0.1',
    scheme: 'http',
    route: { name: 'orders' },
  } as unknown as RequestContext;
  const places = { parameters: new Set(['k']), fields: new Set(['x-partner']) };
  const kept = describeRecord(context, { methods: ['jwt'] }, 1, 200, places);
  const request = JSON.parse(kept?.request ?? '') as { headers: string[]; target: string };
  assert.ok(!kept?.request.includes('secret'), kept?.request);
  assert.equal(request.target, '/orders/7?K=***&page=2&access_token=***');
  assert.deepEqual(request.headers.slice(0, 4), ['Authorization', 'Bearer ***', 'Cookie', 'session=***; theme=***']);
  assert.deepEqual(request.headers.slice(-2), ['Accept', 'text/html']);
});

test('of a secret in a path, in a URL or in a cookie without a name nothing is kept', () => {
  const key = `tpk_${'k'.repeat(43)}_secret`;
  const context = {
    req: {
      url: `/hooks/${key}/7`,
      rawHeaders: [
        ...['Referer', 'https://app.example/back?access_token=t-secret&page=2'],
        ...['Cookie', 'n-secret; theme=d-secret;m-secret', 'X-Search', 'a=1&b=2'],
      ],
    },
    method: 'GET',
    peerAddress: '10.0.0.1',
    scheme: 'http',
  } as unknown as RequestContext;
  const kept = describeRecord(context, { methods: [] }, 1, 200, NOWHERE)?.request ?? '';
  assert.ok(!kept.includes('secret'), kept);
  const { headers, target } = JSON.parse(kept) as { headers: string[]; target: string };
  assert.equal(target, '/hooks/***/7');
  assert.equal(headers[1], 'https://app.example/back?access_token=***&page=2');
  assert.deepEqual(headers.slice(-2), ['X-Search', 'a=1&b=2']);
});

test('what was left out is told as long as what came beside it is kept', () => {
  const recorder = new Recorder();
  const add = (count: number) => {
    for (let i = 0; i < count; i += 1) recorder.add(record(`${i}`));
  };
  add(5);
  recorder.add(record('y'.repeat(70_000)));
  assert.equal(recorder.isThinned, true, 'one that is too long is one that is left out');
  add(MAX_RECORDS);
  assert.equal(recorder.isThinned, true);
  add(1);
  assert.equal(recorder.isThinned, false);
});
