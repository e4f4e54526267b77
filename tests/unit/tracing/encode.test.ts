import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Attributes, createEnvelope, encodeSpan, nanos, SERVER } from '../../../src/tracing/encode.ts';
import { decodeExport } from '../../support/otlp/decode.ts';

const SPAN = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  id: '00f067aa0ba902b7',
  parentId: undefined,
  name: 'GET /x',
  kind: SERVER,
  startMs: Date.now(),
  endMs: Date.now() + 1.25,
  isError: false,
};

test('milliseconds become nanoseconds without losing any', () => {
  assert.equal(nanos(1_700_000_000_000), '1700000000000000000');
  assert.equal(nanos(1_700_000_000_001.5), '1700000000001500000');
});

test('a batch is what the published definitions say', () => {
  const attributes = new Attributes()
    .text('a.b', 'quotes " and \u0000 and \u{1f600}')
    .text('none', undefined)
    .text('empty', '')
    .number('n', 7)
    .number('no.n', undefined);
  const child = { ...SPAN, id: '10f067aa0ba902b7', parentId: SPAN.id, isError: true, endMs: SPAN.startMs - 5 };
  const envelope = createEnvelope({ 'service.name': 'a "b"', team: 'c' });
  const text = envelope([encodeSpan({ ...SPAN, attributes }), encodeSpan({ ...child, attributes: new Attributes() })]);
  const { resource, spans } = decodeExport(text);
  assert.deepEqual(resource, { 'service.name': 'a "b"', team: 'c' });
  assert.equal(spans.length, 2);
  assert.deepEqual(spans[0]?.attributes, { 'a.b': 'quotes " and \u0000 and \u{1f600}', n: 7 });
  assert.deepEqual([spans[0]?.parentId, spans[0]?.isError, spans[0]?.kind], [undefined, false, 'SERVER']);
  assert.deepEqual([spans[1]?.parentId, spans[1]?.isError], [SPAN.id, true]);
  // A span never ends before it begins, whatever the clocks say.
  assert.equal(spans[1]?.endNanos, spans[1]?.startNanos);
});

test('the decoder of the tests takes nothing else', () => {
  const good = createEnvelope({ 'service.name': 'x' })([encodeSpan({ ...SPAN, attributes: new Attributes() })]);
  decodeExport(good);
  for (const bad of [
    good.replace('"spanId"', '"span_id"'),
    good.replace('"name"', '"title"'),
    good.replace(SPAN.id, SPAN.id.toUpperCase()),
    good.replace(SPAN.id, SPAN.id.slice(1)),
    good.replace('"kind":2', '"kind":"SERVER"'),
    good.replace(/"startTimeUnixNano":"(\d+)"/, '"startTimeUnixNano":$1'),
  ]) {
    assert.notEqual(bad, good);
    assert.throws(() => decodeExport(bad), bad);
  }
});
