import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GatewayError } from '../../../src/errors.ts';
import { parseJsonExactly } from '../../../src/lib/json-text.ts';
import { refuseAmbiguous, refuseBackground } from '../../../src/models/guard.ts';

const codeOf = (run: () => void): string | undefined => {
  try {
    run();
  } catch (error) {
    return (error as GatewayError).code;
  }
  return undefined;
};
const guard = (text: string) => codeOf(() => refuseAmbiguous(parseJsonExactly(text) as Record<string, unknown>, text));

test('what a lenient service may read as another bound is refused', () => {
  assert.equal(guard('{"max_tokens":100000,"max_tokens":10}'), 'bad_body');
  assert.equal(guard('{"max_tokens":1000,"max\\u005ftokens":1}'), 'bad_body');
  for (const text of [
    '{"max_tokens":400,"n":"50"}',
    '{"max_tokens":"50"}',
    '{"max_tokens":-1}',
    '{"max_output_tokens":0}',
    '{"n":[5]}',
    '{"n":true}',
    '{"best_of":1.5}',
    '{"max_tokens":10,"Max_Tokens":100000}',
    '{"N":5}',
    '{"ma\u0078_to\u212aens":5}',
    '{"n_predict":-1}',
    '{"max_new_tokens":5}',
  ])
    assert.equal(guard(text), 'invalid_request', text);
});

test('what every service reads alike passes', () => {
  for (const text of [
    '{"max_tokens":400,"n":2}',
    '{"max_tokens":null,"n":null}',
    '{"max_tokens":1e400}',
    '{"max_tokens":12345678901234567890}',
    '{"messages":[{"content":"N"}],"metadata":{"N":"5"},"temperature":0.5}',
  ])
    assert.equal(guard(text), undefined, text);
});

test('a response in the background is refused, in any spelling', () => {
  const background = (body: object, api: 'responses' | 'chat' = 'responses') =>
    codeOf(() => refuseBackground(body as Record<string, unknown>, api));
  for (const body of [{ background: true }, { background: 'true' }, { background: 1 }, { Background: true }])
    assert.equal(background(body), 'invalid_request');
  assert.equal(background({ background: false }), undefined);
  assert.equal(background({ background: null, input: 'x' }), undefined);
  assert.equal(background({ background: true }, 'chat'), undefined);
});
