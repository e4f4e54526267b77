import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import OpenAI, { toFile } from 'openai';
import { listen, startRecipe } from '../recipe.mjs';

const JWT_SECRET = 'x'.repeat(48);
const apiKey = jwt.sign({ sub: 'ann' }, JWT_SECRET, { expiresIn: '5m' });

/** A stub of the API: what was asked, and answers of its shapes. */
async function setUp(t, file = {}) {
  const seen = [];
  const target = await listen(t, async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    seen.push({ path: req.url, headers: req.headers, bytes: body.length });
    const isStream = req.headers['content-type'] === 'application/json' && JSON.parse(body).stream === true;
    if (!isStream) {
      res.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'req_1' });
      res.end(JSON.stringify({ id: 'file-1', choices: [{ message: { role: 'assistant', content: 'hello' } }] }));
      return;
    }
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const word of ['one ', 'two ', 'three']) {
      res.write(`data: ${JSON.stringify({ choices: [{ delta: { content: word } }] })}\n\n`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    res.end('data: [DONE]\n\n');
  });
  const gateway = await startRecipe(
    t,
    'The openai client',
    { 'http://localhost:4001': target },
    { env: { JWT_SECRET }, file },
  );
  return { seen, gateway, client: new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 }) };
}

const question = { model: 'm', messages: [{ role: 'user', content: 'say hello' }] };

test('openai: an answer, and the token does not reach the service', async (t) => {
  const { client, seen } = await setUp(t);
  const answer = await client.chat.completions.create(question);
  assert.equal(answer.choices[0].message.content, 'hello');
  assert.equal(seen[0].path, '/v1/chat/completions');
  assert.equal(seen[0].headers.authorization, undefined);
  assert.equal(seen[0].headers['x-user-id'], 'ann');
});

test('openai: a stream comes word by word', async (t) => {
  const { client } = await setUp(t);
  const times = [];
  let text = '';
  for await (const part of await client.chat.completions.create({ ...question, stream: true })) {
    text += part.choices[0].delta.content;
    times.push(performance.now());
  }
  assert.equal(text, 'one two three');
  assert.ok(times[2] - times[0] > 100, 'they came all at once');
});

test('openai: a file of some megabytes goes up', async (t) => {
  const { client, seen } = await setUp(t);
  const file = await toFile(Buffer.alloc(3_000_000), 'data.jsonl');
  assert.equal((await client.files.create({ file, purpose: 'batch' })).id, 'file-1');
  assert.ok(seen[0].bytes > 3_000_000);
});

test('openai: refusals are its own errors', async (t) => {
  const { client, gateway } = await setUp(t, { rateLimits: [{ limit: 1, window: '2s', by: 'user' }] });
  await client.chat.completions.create(question);
  await assert.rejects(client.chat.completions.create(question), OpenAI.RateLimitError);
  const stranger = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'sk-wrong', maxRetries: 0 });
  await assert.rejects(stranger.chat.completions.create(question), OpenAI.AuthenticationError);
});

test('openai: a 429 with Retry-After is waited for', async (t) => {
  const { gateway } = await setUp(t, { rateLimits: [{ limit: 1, window: '2s', by: 'user' }] });
  const patient = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 3 });
  for (let call = 0; call < 2; call++)
    assert.equal((await patient.chat.completions.create(question)).choices[0].message.content, 'hello');
});
