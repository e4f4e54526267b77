import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { ask } from '../support/http.ts';
import { call, chat, KEY, left, leftOf, openaiFor, startBefore, useModel } from '../support/model.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const PLAN = (limit: number, more: object = {}) => ({
  plans: { free: { rateLimits: [{ limit, window: '1h', cost: 'tokens', name: 'tokens', ...more }] } },
});

test('a call is charged what its answer tells, whole or streamed, of every API', async (t) => {
  const model = await useModel(t);
  const gateway = await startBefore(t, { target: model.url, file: PLAN(100_000) });
  const paths = ['/v1/chat/completions', '/v1/completions', '/v1/messages', '/v1/responses', '/v1/embeddings'];
  const bodyOf = (path: string): object =>
    path.endsWith('messages') || path.includes('chat')
      ? chat('one two three')
      : { input: 'one two three', prompt: 'x' };
  for (const path of paths) {
    for (const stream of path.endsWith('embeddings') ? [false] : [false, true]) {
      const before = await leftOf(gateway, 'tokens');
      const usedBefore = model.used();
      const answer = await call(gateway, { ...bodyOf(path), max_tokens: 9, stream }, path);
      assert.equal(answer.status, 200, answer.text);
      const used = model.used() - usedBefore;
      assert.ok(used > 0);
      assert.equal(await leftOf(gateway, 'tokens'), before - used, `${path} ${stream}`);
    }
  }
});

test('the log tells the tokens of a call, and the metrics their sums', async (t) => {
  const model = await useModel(t, { wordMs: 2 });
  const gateway = await startBefore(t, { target: model.url, route: { models: { names: ['stub-1'] } } });
  await call(gateway, chat('one two three', { max_tokens: 9, stream: true }));
  const line = await gateway.line({ route: 'models' });
  assert.deepEqual([line['tokensIn'], line['tokensOut'], line['tokens']], [3, 9, 'told']);
  const metrics = await gateway.metrics();
  assert.match(
    metrics,
    /turnpike_model_tokens_total\{route="models",direction="in",model="stub-1",source="told"\} 3\n/,
  );
  assert.match(
    metrics,
    /turnpike_model_tokens_total\{route="models",direction="out",model="stub-1",source="told"\} 9\n/,
  );
  assert.match(metrics, /turnpike_model_first_token_seconds_count\{route="models"\} 1\n/);
  assert.match(metrics, /turnpike_model_tokens_per_second_count\{route="models"\} 1\n/);
});

test('what may be needed is reserved before the call: parallel ones never get more than there is', async (t) => {
  const model = await useModel(t, { wordMs: 1 });
  const gateway = await startBefore(t, { target: model.url, file: PLAN(1000, { algorithm: 'fixed' }) });
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => call(gateway, chat('one two', { max_tokens: 80, stream: true }))),
  );
  const passed = answers.filter(({ status }) => status === 200);
  assert.ok(passed.length >= 9 && passed.length < 13, `${passed.length} passed`);
  assert.ok(model.used() <= 1000);
  assert.equal(await leftOf(gateway, 'tokens'), 1000 - model.used());
  const refused = answers.find(({ status }) => status === 429);
  assert.equal(refused?.json.code, 'rate_limited');
  assert.match(refused?.json.detail, /tokens left, and this call may need \d+/);
  assert.ok(Number(refused?.headers['retry-after']) > 0);
});

test('headers tell calls and tokens beside each other', async (t) => {
  const model = await useModel(t);
  const rateLimits = [
    { limit: 10, window: '1m' },
    { limit: 5000, window: '1m', cost: 'tokens' },
  ];
  const gateway = await startBefore(t, { target: model.url, route: { rateLimits, models: undefined } });
  const answer = await call(gateway, chat('one two', { max_tokens: 100 }));
  assert.equal(answer.status, 200);
  assert.equal(left(answer, 'models-1m'), 9);
  assert.ok(left(answer, 'models-1m-tokens') < 4900);
  assert.match(String(answer.headers['ratelimit-policy']), /"models-1m";q=10;w=60, "models-1m-tokens";q=5000;w=60/);
});

test('capMaxTokens lowers a maximum to what is left, and gives one to a call that has none', async (t) => {
  const model = await useModel(t);
  const route = { models: { capMaxTokens: true, expectOutput: 50 } };
  const gateway = await startBefore(t, { target: model.url, route, file: PLAN(400, { algorithm: 'fixed' }) });
  const first = await call(gateway, chat('one', { max_tokens: 10_000 }));
  // No call may have more than half of what the limit leaves for answers.
  const most = first.json.usage.completion_tokens;
  assert.ok(most > 150 && most < 200, String(most));
  const second = await call(gateway, chat('one'));
  assert.equal(second.json.usage.completion_tokens, 50);
  for (;;) {
    const answer = await call(gateway, chat('one', { max_tokens: 100 }));
    if (answer.status === 429) break;
    assert.equal(answer.status, 200);
    assert.ok(answer.json.usage.completion_tokens <= 100);
  }
  assert.ok(model.used() <= 400);
});

test('capMaxTokens holds whatever a call says under other names, and writes nothing where no model is called', async (t) => {
  const sent: Record<string, unknown>[] = [];
  const service = await startService(t, (_req, res, { body }) => {
    sent.push(JSON.parse(body.toString()));
    res.writeHead(200, { 'content-type': 'application/json' }).end('{"usage":{"input_tokens":1,"output_tokens":1}}');
  });
  const route = { models: { capMaxTokens: true, expectOutput: 50 } };
  const gateway = await startBefore(t, { target: service.url, route, file: PLAN(10_000) });
  const passed: [string, object, object][] = [
    ['/v1/chat/completions', { max_output_tokens: 1 }, { max_output_tokens: 1, max_completion_tokens: 50 }],
    ['/v1/responses', { max_tokens: 1 }, { max_tokens: 1, max_output_tokens: 50 }],
    ['/v1/images/generations', { prompt: 'x' }, { prompt: 'x' }],
    ['/v1/messages/count_tokens', { messages: [] }, { messages: [] }],
  ];
  for (const [path, body, expected] of passed) {
    assert.equal((await call(gateway, body, path)).status, 200);
    assert.deepEqual(sent.pop(), expected);
  }
  const refused: [string, object][] = [
    ['/v1/chat/completions', { n: '50' }],
    ['/v1/chat/completions', { n: 16_000 }],
    ['/v1/chat/completions', { max_tokens: 10, Max_Tokens: 100_000 }],
    ['/v1/responses', { input: 'x', background: true }],
  ];
  for (const [path, body] of refused) {
    const answer = await call(gateway, body, path);
    assert.deepEqual([answer.status, answer.json.code], [400, 'invalid_request'], answer.text);
  }
  const body = '{"max_tokens":100000,"max_tokens":10}';
  const headers = { 'content-type': 'application/json', 'x-api-key': KEY };
  const twice = await ask(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body });
  assert.deepEqual([twice.status, twice.json.code], [400, 'bad_body']);
  assert.deepEqual(sent, []);
});

test('a response in the background passes where the route allows it', async (t) => {
  const model = await useModel(t);
  const route = { models: { allowBackground: true } };
  const gateway = await startBefore(t, { target: model.url, route, file: PLAN(10_000) });
  assert.equal((await call(gateway, { input: 'x', background: true }, '/v1/responses')).status, 200);
});

test('a client that did not ask for usage does not see it, and one that did does', async (t) => {
  const model = await useModel(t);
  const gateway = await startBefore(t, { target: model.url, file: PLAN(100_000) });
  for (const more of [{}, { stream_options: { include_usage: true } }]) {
    const body = { ...chat('one two'), max_tokens: 5, stream: true, ...more };
    const headers = { 'content-type': 'application/json' };
    const straight = await ask(`${model.url}/v1/chat/completions`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    const through = await call(gateway, body);
    assert.equal(through.text, straight.text);
  }
});

test('a call that the service refuses, or does not answer, gives back all that was reserved', async (t) => {
  let status = 400;
  const service = await startService(t, (_req, res) => {
    if (status === 0) res.destroy();
    else res.writeHead(status, { 'content-type': 'application/json' }).end('{"error":{}}');
  });
  const gateway = await startBefore(t, { target: service.url, file: PLAN(10_000) });
  for (status of [400, 429, 500, 0]) {
    const answer = await call(gateway, chat('one two', { max_tokens: 500 }));
    assert.equal(answer.status, status === 0 ? 502 : status);
    assert.equal(await leftOf(gateway, 'tokens'), 10_000);
  }
});

test('a call that ends at a deadline is charged its request, once that was sent', async (t) => {
  let wasAsked = 0;
  const service = await startService(t, () => {
    wasAsked += 1;
  });
  const route = { timeouts: { total: '300ms' }, retry: false };
  const gateway = await startBefore(t, { target: service.url, file: PLAN(10_000), route });
  const body = JSON.stringify(chat('word '.repeat(400), { max_tokens: 50 }));
  let before = 10_000;
  for (const own of [{ 'x-request-timeout-ms': '100' }, {}]) {
    const headers = { 'content-type': 'application/json', 'x-api-key': KEY, ...own };
    const answer = await ask(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body });
    assert.equal(answer.status, 504);
    const now = await leftOf(gateway, 'tokens');
    assert.ok(before - now > 450 && before - now < 600, `${before - now} were charged`);
    before = now;
  }
  assert.equal(wasAsked, 2);
});

test('a client that leaves in the middle is charged what was streamed, and what was reserved is free again', async (t) => {
  const model = await useModel(t, { wordMs: 5 });
  const gateway = await startBefore(t, { target: model.url, file: PLAN(10_000) });
  const headers = { 'content-type': 'application/json', 'x-api-key': KEY };
  const body = JSON.stringify(chat('one two three', { max_tokens: 5000, stream: true }));
  await new Promise<void>((resolve, reject) => {
    const req = request(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers }, (res) => {
      let events = 0;
      res.on('data', (chunk: Buffer) => {
        events += chunk.toString().split('\n\n').length - 1;
        if (events < 10) return;
        req.destroy();
        resolve();
      });
      res.on('error', () => undefined);
    });
    req.on('error', reject);
    req.end(body);
  });
  const line = await gateway.line({ route: 'models' });
  assert.equal(line['tokens'], 'estimated');
  const charged = Number(line['tokensIn']) + Number(line['tokensOut']);
  assert.ok(Number(line['tokensOut']) >= 9, JSON.stringify(line));
  assert.ok(charged < 1000);
  await until(async () => (await leftOf(gateway, 'tokens')) === 10_000 - charged);
});

test('the openai client works through the gateway, streaming and not', async (t) => {
  const model = await useModel(t);
  const gateway = await startBefore(t, { target: model.url, file: PLAN(100_000), route: { compress: true } });
  const openai = openaiFor(gateway);
  const messages = [{ role: 'user' as const, content: 'one two three' }];
  const whole = await openai.chat.completions.create({ model: 'stub-1', messages, max_tokens: 7 });
  assert.equal(whole.usage?.completion_tokens, 7);
  let text = '';
  for await (const chunk of await openai.chat.completions.create({ model: 'stub-1', messages, stream: true })) {
    text += chunk.choices[0]?.delta.content ?? '';
    assert.ok(!('usage' in chunk));
  }
  assert.match(text, /^the gate keeps/);
  const options = { include_usage: true };
  const told: unknown[] = [];
  const asked = { model: 'stub-1', messages, stream: true as const, stream_options: options };
  for await (const chunk of await openai.chat.completions.create(asked)) if (chunk.usage) told.push(chunk.usage);
  assert.equal(told.length, 1);
  const embedding = await openai.embeddings.create({ model: 'stub-1', input: ['one', 'two'] });
  assert.equal(embedding.usage.prompt_tokens, 2);
  const response = await openai.responses.create({ model: 'stub-1', input: 'one two' });
  assert.equal(response.usage?.input_tokens, 2);
  assert.equal(await leftOf(gateway, 'tokens'), 100_000 - model.used());
});

test('the openai client is told of a limit as of any other 429', async (t) => {
  const model = await useModel(t);
  const gateway = await startBefore(t, { target: model.url, file: PLAN(130, { algorithm: 'fixed' }) });
  const openai = openaiFor(gateway);
  const messages = [{ role: 'user' as const, content: 'one' }];
  const one = () => openai.chat.completions.create({ model: 'stub-1', messages, max_tokens: 45 });
  await one();
  await one();
  await assert.rejects(one(), (error: { status: number; headers: Headers }) => {
    assert.equal(error.status, 429);
    return Number(error.headers.get('retry-after')) > 0;
  });
});

test('a body that no window would ever let pass is refused as too large, and one that is no JSON as such', async (t) => {
  const model = await useModel(t);
  const gateway = await startBefore(t, { target: model.url, file: PLAN(100) });
  const large = await call(gateway, chat('word '.repeat(200)));
  assert.deepEqual([large.status, large.json.code], [413, 'body_too_large']);
  // A number whose digits are kept is an object to JavaScript.
  const number = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON('12345678901234567890123');
  for (const body of [[], number]) {
    const none = await call(gateway, body as object);
    assert.deepEqual([none.status, none.json.code], [400, 'bad_body']);
  }
  assert.equal(model.calls(), 0);
});

test('whoever only asks which models there are uses no tokens', async (t) => {
  const model = await useModel(t);
  const gateway = await startBefore(t, { target: model.url, file: PLAN(100) });
  const answer = await ask(`${gateway.url}/v1/models`, { headers: { 'x-api-key': KEY } });
  assert.equal(answer.status, 200);
  assert.equal(await leftOf(gateway, 'tokens'), 100);
});

test('an answer that is given again, to the same key of idempotency, costs nothing', async (t) => {
  const service = await startService(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json', 'x-is': 'kept' });
    res.end(JSON.stringify({ usage: { prompt_tokens: 100, completion_tokens: 50 } }));
  });
  const key = { 'idempotency-key': '"one"', 'content-type': 'application/json', 'x-api-key': KEY };
  const gateway = await startBefore(t, { target: service.url, file: PLAN(10_000), route: { idempotency: true } });
  const send = () =>
    ask(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers: key, body: JSON.stringify(chat('one')) });
  for (let round = 0; round < 2; round++) {
    assert.equal((await send()).status, 200);
    assert.equal(await leftOf(gateway, 'tokens'), 9850);
  }
  assert.equal(service.requests.length, 1);
});

test('limits that are only tried out let everything pass as it came, and tell what they would have refused', async (t) => {
  const model = await useModel(t);
  const route = { models: { capMaxTokens: true }, shadow: ['modelTokens'] };
  const gateway = await startBefore(t, { target: model.url, file: PLAN(100, { algorithm: 'fixed' }), route });
  for (let round = 0; round < 4; round++) {
    const answer = await call(gateway, chat('one', { max_tokens: 60 }));
    assert.equal(answer.status, 200);
    assert.equal(answer.json.usage.completion_tokens, 60);
    assert.equal(answer.headers['ratelimit'], undefined);
  }
  assert.match(
    await gateway.metrics(),
    /turnpike_shadow_refusals_total\{.*stage="modelTokens",code="rate_limited"\} [123]\n/,
  );
});

test('limits in tokens that no route counts refuse the file, and so does a bucket', async (t) => {
  const model = await useModel(t);
  const gateway = await startBefore(t, { target: model.url });
  const routes = [{ prefix: '/v1', target: model.url }];
  const refused = await gateway.reload({ ...PLAN(100), routes });
  assert.match(JSON.stringify(refused), /no route counts tokens.*add \\"models\\": \{\}/);
  const quota = { plans: { free: { quota: { limit: 5, period: 'day', cost: 'tokens' } } }, routes };
  assert.match(JSON.stringify(await gateway.reload(quota)), /no route counts tokens/);
});
