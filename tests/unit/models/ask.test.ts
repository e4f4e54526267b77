import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJsonExactly } from '../../../src/lib/json-text.ts';
import { editAsk, readAsk as readAskOf } from '../../../src/models/ask.ts';
import { demandOf, maxOutputOf } from '../../../src/models/demand.ts';
import { estimateInput } from '../../../src/models/estimate.ts';
import { apiOf, type ModelApi } from '../../../src/models/options.ts';

const FIELD = { maxTokensField: 'max_completion_tokens', capMaxTokens: true } as const;
const OLD_FIELD = { maxTokensField: 'max_tokens', capMaxTokens: true } as const;
const readAsk = (body: object, api: ModelApi | undefined) => readAskOf(body as Record<string, unknown>, api, FIELD);
const messages = [{ role: 'user', content: 'hello there' }];

test('what is spoken is told by the end of the path', () => {
  assert.equal(apiOf('/v1/chat/completions'), 'chat');
  assert.equal(apiOf('/openai/deployments/x/completions/'), 'completions');
  assert.equal(apiOf('/v1/messages'), 'messages');
  assert.equal(apiOf('/v1/messages/count_tokens'), undefined);
  assert.equal(apiOf('/V1/Chat/Completions//'), 'chat');
  assert.equal(apiOf('/v1/models'), undefined);
});

test('a maximum is read under each of its names, and the larger one counts', () => {
  const max = (body: object) => readAsk({ messages, ...body }, 'chat').maxOutput;
  assert.equal(max({ max_tokens: 5 }), 5);
  assert.equal(max({ max_tokens: 5, max_completion_tokens: 9 }), 9);
  for (const none of [null, 0, -5, '9', {}, Number.NaN]) assert.equal(max({ max_tokens: none }), undefined);
  assert.equal(max(parseJsonExactly('{"max_tokens":1e400}') as object), Number.POSITIVE_INFINITY);
  assert.equal(readAsk({ input: 'x', max_tokens: 5 }, 'embeddings').maxOutput, 0);
});

test('a maximum of another API is none, and the one of this API is written', () => {
  const foreign = { max_output_tokens: 1 };
  assert.equal(readAsk(foreign, 'chat').maxOutput, undefined);
  assert.equal(readAsk({ max_tokens: 1 }, 'responses').maxOutput, undefined);
  assert.equal(readAsk({ max_completion_tokens: 1 }, 'messages').maxOutput, undefined);
  assert.equal(readAsk(foreign, undefined).maxOutput, 1);
  const capped = (body: object, api: ModelApi | undefined, options: typeof FIELD | typeof OLD_FIELD = FIELD) => {
    const members = body as Record<string, unknown>;
    return JSON.stringify(
      editAsk(members, readAskOf(members, api, options), { maxOutput: 9, asksUsage: false }, options) ?? body,
    );
  };
  assert.equal(capped(foreign, 'chat'), '{"max_output_tokens":1,"max_completion_tokens":9}');
  assert.equal(capped({ max_tokens: 1 }, 'responses'), '{"max_tokens":1,"max_output_tokens":9}');
  assert.equal(capped({ max_output_tokens: 1 }, 'messages'), '{"max_output_tokens":1,"max_tokens":9}');
  assert.equal(capped({ max_tokens: null }, 'messages'), '{"max_tokens":9}');
  assert.equal(capped({ input: 'x' }, undefined), '{"input":"x"}');
  assert.equal(capped({ max_completion_tokens: 50 }, 'chat', OLD_FIELD), '{"max_tokens":9}');
  assert.equal(capped({ max_completion_tokens: 5 }, 'chat', OLD_FIELD), '{"max_tokens":5}');
  assert.equal(capped({ max_tokens: 5, max_completion_tokens: 50 }, 'chat', OLD_FIELD), '{"max_tokens":5}');
  assert.equal(capped({ max_tokens: 5 }, 'chat', OLD_FIELD), '{"max_tokens":5}');
  assert.equal(capped({}, 'chat', OLD_FIELD), '{"max_tokens":9}');
});

test('a service that knows max_tokens alone is not held to what it ignores', () => {
  const options = { maxTokensField: 'max_tokens', capMaxTokens: false } as const;
  assert.equal(readAskOf({ max_completion_tokens: 1 }, 'chat', options).maxOutput, undefined);
  assert.equal(readAskOf({ max_completion_tokens: 1, max_tokens: 5 }, 'chat', options).maxOutput, 5);
});

test('each answer that is asked for at once counts', () => {
  const choices = (body: object) => readAsk(body as Record<string, unknown>, 'completions').choices;
  assert.equal(choices({ n: 3 }), 3);
  assert.equal(choices({ n: 2, best_of: 5 }), 5);
  assert.equal(choices({ prompt: ['a', 'b'], n: 2 }), 4);
  assert.equal(choices({ prompt: [1, 2, 3] }), 1);
  assert.equal(choices({ n: 1e9 }), 1e9);
  assert.equal(choices({ prompt: new Array(20_000).fill('a') }), 20_000);
  assert.equal(choices({ prompt: [1, 'a'] }), 2);
  assert.equal(choices({ n: '50' }), 50);
  assert.equal(choices({ n: 'many', best_of: -1 }), 1);
});

test('texts, tokens and attachments of a body are estimated', () => {
  assert.equal(estimateInput('x'.repeat(400)), 100);
  assert.equal(estimateInput({ input: [[1, 2, 3], [4]] }), 4 + 2);
  const image = { image_url: { url: `data:image/png;base64,${'A'.repeat(1_000_000)}` } };
  assert.ok(estimateInput(image) < 1100);
  assert.equal(estimateInput({}), 1);
});

test('a text is a text however it begins, and whatever its member is called', () => {
  const text = `data: ${'word '.repeat(10_000)}`;
  const base64 = 'A'.repeat(40_000);
  for (const body of [
    { messages: [{ role: 'user', content: text }] },
    { messages: [{ role: 'user', content: `data:text/plain;base64,${base64}` }] },
    { messages: [{ content: [{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: text } }] }] },
    { messages: [{ content: [{ type: 'image_url', image_url: { url: text } }] }] },
    { messages: [{ content: [{ type: 'file', file: { file_data: text } }] }] },
    { input: 'x', data: base64 },
    { signature: text, encrypted_content: base64 },
  ]) {
    assert.ok(estimateInput(body) >= 9_000, `${JSON.stringify(body).slice(0, 80)}: ${estimateInput(body)}`);
  }
});

test('pictures, recordings and files count by their kind, where an API has a place for them', () => {
  const base64 = 'A'.repeat(400_000);
  const of = (part: object) => estimateInput({ messages: [{ content: [part] }] });
  const source = (media_type: string) => ({ type: 'image', source: { type: 'base64', media_type, data: base64 } });
  assert.ok(of(source('image/png')) < 1_050);
  assert.ok(of({ type: 'input_image', image_url: `data:image/png;base64,${base64}` }) < 1_050);
  assert.ok(of({ type: 'input_audio', input_audio: { data: base64, format: 'wav' } }) < 1_050);
  const file = of({ type: 'input_file', file_data: `data:application/pdf;base64,${base64}` });
  assert.ok(file > 4_000 && file < 6_000, String(file));
  assert.ok(of(source('application/pdf')) > 4_000);
  assert.ok(of(source('text/plain')) > 70_000);
});

test('half of what the request leaves is the most that one answer reserves', () => {
  const ask = readAsk({ messages, max_tokens: 100_000 }, 'chat');
  const { least, most } = demandOf(ask, 10_000, { capMaxTokens: false, expectOutput: 50 });
  assert.equal(least, most);
  assert.equal(most, ask.input + Math.floor((10_000 - ask.input) / 2));
  const capped = demandOf(ask, 10_000, { capMaxTokens: true, expectOutput: 50 });
  assert.deepEqual(capped, { least: ask.input + 1, most });
  assert.equal(maxOutputOf(ask, ask.input + 77), 77);
});

test('a call is edited in what must be, and in nothing else', () => {
  const body = parseJsonExactly('{"seed":12345678901234567890,"stream":true,"max_tokens":50,"__proto__":1}') as Record<
    string,
    unknown
  >;
  const ask = readAsk(body, 'chat');
  const edited = editAsk(body, ask, { maxOutput: 20, asksUsage: true }, FIELD);
  const written =
    '{"seed":12345678901234567890,"stream":true,"max_tokens":20,"__proto__":1,"stream_options":{"include_usage":true}}';
  assert.equal(JSON.stringify(edited), written);
  assert.equal(editAsk(body, ask, { maxOutput: 50, asksUsage: false }, FIELD), undefined);
  const bare = { messages };
  assert.deepEqual(editAsk(bare, readAsk(bare, 'chat'), { maxOutput: 9, asksUsage: false }, FIELD), {
    messages,
    max_completion_tokens: 9,
  });
  assert.deepEqual(editAsk({}, readAsk({}, 'responses'), { maxOutput: 9, asksUsage: false }, FIELD), {
    max_output_tokens: 9,
  });
});

test('usage is asked for where a stream would not tell it, with the other options kept', () => {
  const lacks = (body: object, api: 'chat' | 'messages') => readAsk(body as Record<string, unknown>, api).lacksUsage;
  assert.equal(lacks({ stream: true }, 'chat'), true);
  assert.equal(lacks({ stream: true, stream_options: null }, 'chat'), true);
  assert.equal(lacks({ stream: true, stream_options: { include_usage: true } }, 'chat'), false);
  assert.equal(lacks({ stream: false }, 'chat'), false);
  assert.equal(lacks({ stream: true }, 'messages'), false);
});
