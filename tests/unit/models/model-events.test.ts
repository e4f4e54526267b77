import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_EVENT_BYTES } from '../../../src/models/event-splitter.ts';
import { ModelEvents } from '../../../src/models/model-events.ts';

const chunk = (choices: object[], usage?: object | null): string =>
  `data: ${JSON.stringify({ id: 'c', choices, ...(usage === undefined ? {} : { usage }), created: 1 })}`;
const text = (content: string) => [{ index: 0, delta: { content }, finish_reason: null }];
const USAGE = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };

/** What the service sends when it was asked for usage, and what it sends when it was not. */
const asked = [': hello', chunk(text('a'), null), chunk(text('b "usage" c'), null), chunk([], USAGE), 'data: [DONE]'];
const unasked = [': hello', chunk(text('a')), chunk(text('b "usage" c')), 'data: [DONE]'];

function run(stream: Buffer, sizes: readonly number[], hidesUsage: boolean): { out: string; events: ModelEvents } {
  const events = new ModelEvents(hidesUsage);
  const out: Buffer[] = [];
  let from = 0;
  for (const size of [...sizes, stream.length]) {
    out.push(events.push(stream.subarray(from, from + size)));
    from += size;
  }
  out.push(events.end());
  return { out: Buffer.concat(out).toString(), events };
}

const ENDS = { LF: '\n', CRLF: '\r\n', CR: '\r' };

for (const [name, end] of Object.entries(ENDS)) {
  const join = (events: readonly string[]): string => events.map((event) => `${event}${end}${end}`).join('');

  test(`usage is taken out of events that end with ${name}, wherever they are cut, and no other byte`, () => {
    const stream = Buffer.from(join(asked));
    for (let at = 0; at <= stream.length; at++) {
      const { out, events } = run(stream, [at], true);
      assert.equal(out, join(unasked), `cut at ${at}`);
      assert.deepEqual(events.told, { input: 7, output: 3 });
    }
    const { out } = run(stream, new Array(stream.length).fill(1), true);
    assert.equal(out, join(unasked));
  });
}

test('a stream whose client asked for usage passes byte for byte, and at once', () => {
  const stream = Buffer.from(`${asked.join('\n\n')}\n\n`);
  for (let at = 0; at <= stream.length; at++) {
    const { out, events } = run(stream, [at], false);
    assert.equal(out, stream.toString());
    assert.deepEqual(events.told, { input: 7, output: 3 });
  }
  const events = new ModelEvents(false);
  assert.equal(events.push(Buffer.from('data: {"ch')).toString(), 'data: {"ch');
});

test('an event goes out with the byte that ends it', () => {
  const events = new ModelEvents(true);
  assert.equal(events.push(Buffer.from('data: {"a":1}\n')).length, 0);
  assert.equal(events.push(Buffer.from('\n')).toString(), 'data: {"a":1}\n\n');
});

test('an event of 10 MB without an end streams by, and those after it are read', () => {
  const events = new ModelEvents(true);
  const piece = Buffer.alloc(64 * 1024, 'x');
  let out = 0;
  let held = 0;
  for (let sent = 0; sent < 10 * 1024 * 1024; sent += piece.length) {
    out += events.push(piece).length;
    held = Math.max(held, sent + piece.length - out);
  }
  assert.ok(held <= MAX_EVENT_BYTES);
  events.push(Buffer.from('\n\n'));
  assert.equal(events.push(Buffer.from(`${chunk([], USAGE)}\n\n`)).length, 0);
  assert.deepEqual(events.told, { input: 7, output: 3 });
});

test('events of Anthropic and of the responses of OpenAI tell their usage inside', () => {
  const start = {
    type: 'message_start',
    message: { usage: { input_tokens: 5, cache_read_input_tokens: 90, output_tokens: 1 } },
  };
  const delta = { type: 'message_delta', usage: { output_tokens: 42 } };
  const done = { type: 'response.completed', response: { usage: { input_tokens: 8, output_tokens: 9 } } };
  const of = (...values: object[]) => Buffer.from(values.map((one) => `data: ${JSON.stringify(one)}\n\n`).join(''));
  assert.deepEqual(run(of(start, delta), [], false).events.told, { input: 95, output: 42 });
  assert.deepEqual(run(of(done), [], false).events.told, { input: 8, output: 9 });
});

test('what is told twice counts once, and what makes no sense not at all', () => {
  const told = (...usages: unknown[]) =>
    run(Buffer.from(usages.map((usage) => `data: ${JSON.stringify({ choices: [1], usage })}\n\n`).join('')), [], true)
      .events.told;
  assert.deepEqual(told(USAGE, USAGE), { input: 7, output: 3 });
  assert.deepEqual(told({ prompt_tokens: 5, completion_tokens: 9 }, { prompt_tokens: 5, completion_tokens: 2 }), {
    input: 5,
    output: 9,
  });
  for (const bad of [-1, 1e308, '12', 1.5, null, true, [3], {}]) {
    assert.deepEqual(told({ prompt_tokens: bad, completion_tokens: bad }), { input: undefined, output: undefined });
  }
  for (const bad of ['x', 7, [], { __proto__: null }])
    assert.deepEqual(told(bad), { input: undefined, output: undefined });
});

test('what is no JSON passes as it is, also where it speaks of usage', () => {
  const odd = 'data: {"usage": oops\n\ndata: "usage"\n\nevent: x\ndata: {"usage":\ndata: nul}\n\n';
  assert.equal(run(Buffer.from(odd), [], true).out, odd);
});

test('what was streamed is estimated by its texts: at least one token an event, and a quarter of the bytes', () => {
  const short = Array.from({ length: 20 }, () => `${chunk(text('a'))}\n\n`).join('');
  assert.equal(run(Buffer.from(short), [], false).events.estimatedOutput, 20);
  assert.equal(run(Buffer.from(`${chunk(text('x'.repeat(400)))}\n\n`), [], false).events.estimatedOutput, 100);
  assert.equal(run(Buffer.from(`${chunk(text(''))}\n\n: comment\n\n`), [], false).events.estimatedOutput, 0);
});

test('texts, recordings and pictures of a stream are estimated wherever an API puts them', () => {
  const of = (...values: object[]) =>
    run(Buffer.from(values.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('')), [], false).events;
  const word = 'word '.repeat(80);
  const piece = (delta: object) => ({ choices: [{ index: 0, delta }] });
  for (const event of [
    piece({ audio: { transcript: word } }),
    piece({ tool_calls: [{ index: 0, type: 'custom', custom: { input: word } }] }),
    piece({ a_new_kind: { of: [word] } }),
    { type: 'response.custom_tool_call_input.delta', delta: word },
    { type: 'content_block_delta', delta: { type: 'input_json_delta', partial_json: word } },
    { candidates: [{ content: { parts: [{ text: word }] } }] },
  ])
    assert.equal(of(event).estimatedOutput, 100, JSON.stringify(event));
  const base64 = 'A'.repeat(100 * 1024);
  for (const event of [
    piece({ audio: { id: 'a', data: base64 } }),
    { type: 'response.audio.delta', delta: base64 },
    { type: 'response.image_generation_call.partial_image', partial_image_b64: base64 },
  ])
    assert.equal(of(event).estimatedOutput, 100);
  const again = { type: 'response.output_text.done', text: word };
  assert.equal(of(again, { type: 'response.completed', response: { output: [{ text: word }] } }).estimatedOutput, 0);
  assert.equal(of(piece({ role: 'assistant', content: '' })).estimatedOutput, 0);
  assert.equal(of({ type: 'message_delta', delta: { stop_reason: 'end_turn' } }).estimatedOutput, 0);
});

test('what nests without end is read without harm', () => {
  const deep = `data: {"delta":${'['.repeat(200_000)}${']'.repeat(200_000)},"usage":null}\n\n`;
  assert.equal(run(Buffer.from(deep), [], true).events.estimatedOutput, 0);
});

test('usage at the beginning is no last word once text has come after it', () => {
  const start = { type: 'message_start', message: { usage: { input_tokens: 5, output_tokens: 1 } } };
  const text = { type: 'content_block_delta', delta: { type: 'text_delta', text: 'word '.repeat(80) } };
  const end = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 42 } };
  const of = (...values: object[]) =>
    run(Buffer.from(values.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('')), [], false).events;
  assert.equal(of(start, text, { type: 'error', error: { type: 'overloaded_error' } }).isFinal, false);
  assert.equal(of(start, text, end, { type: 'message_stop' }).isFinal, true);
  assert.equal(of({ ...start, ...text, usage: USAGE }).isFinal, true);
});

test('JSON that is sent as a stream is read as what it is', () => {
  const json = JSON.stringify({ choices: [{ message: { content: 'word '.repeat(80) } }], usage: USAGE });
  const { out, events } = run(Buffer.from(json), [], true);
  assert.equal(out, json);
  assert.deepEqual(events.told, { input: 7, output: 3 });
  assert.equal(events.isFinal, true);
  assert.equal(events.estimatedOutput, 100);
  assert.ok(run(Buffer.from('no event, and no JSON '.repeat(20)), [], false).events.estimatedOutput > 100);
});

test('usage is found and taken out after a mark, without an end, in escapes, twice and over lines', () => {
  const told = { input: 7, output: 3 };
  const usage = JSON.stringify(USAGE);
  const pairs: [string, string][] = [
    [`\ufeff${chunk(text('a'), USAGE)}\n\n`, `\ufeff${chunk(text('a'))}\n\n`],
    [`${chunk(text('a'))}\n\n${chunk([], USAGE)}`, `${chunk(text('a'))}\n\n`],
    [`data: {"a":1,"us\\u0061ge":${usage}}\n\n`, 'data: {"a":1}\n\n'],
    [`id: 5\r\ndata: {"usage":null,"a":1,"usage":${usage}}\r\n\r\n`, 'id: 5\r\ndata: {"a":1}\r\n\r\n'],
    [`data: {"a":1,\ndata: "usage":\ndata: ${usage}}\n\n`, 'data: {"a":1}\n\n'],
  ];
  for (const [stream, expected] of pairs) {
    const bytes = Buffer.from(stream);
    for (let at = 0; at <= bytes.length; at++) {
      const { out, events } = run(bytes, [at], true);
      assert.equal(out, expected);
      assert.deepEqual(events.told, told);
    }
  }
});
