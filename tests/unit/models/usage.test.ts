import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readUsage } from '../../../src/models/usage.ts';

test('what a total has beyond its parts is output: thinking that is told nowhere else', () => {
  const usage = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 3030 };
  assert.deepEqual(readUsage(usage), { input: 10, output: 3020 });
  assert.deepEqual(readUsage({ ...usage, total_tokens: 30 }), { input: 10, output: 20 });
  assert.deepEqual(readUsage({ ...usage, total_tokens: 3 }), { input: 10, output: 20 });
  assert.deepEqual(readUsage({ prompt_tokens: 10, total_tokens: 10 }), { input: 10, output: 0 });
  assert.deepEqual(readUsage({ total_tokens: 12 }), { input: 12, output: 0 });
  assert.deepEqual(readUsage({ ...usage, total_tokens: -1 }), { input: 10, output: 20 });
});

test('the cached part of an input counts once, inside the prompt of OpenAI and beside the input of Anthropic', () => {
  const cache = { cache_creation_input_tokens: 7, cache_read_input_tokens: 5000 };
  assert.deepEqual(readUsage({ prompt_tokens: 5010, completion_tokens: 20, total_tokens: 5030, ...cache }), {
    input: 5010,
    output: 20,
  });
  assert.deepEqual(readUsage({ input_tokens: 10, output_tokens: 20, ...cache }), { input: 5017, output: 20 });
});
