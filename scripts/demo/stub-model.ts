import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Stub } from '../../src/dev/stub-service.ts';

/** What a stub of a language model does. */
export interface ModelOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Between the words of a stream. Default 20. */
  readonly wordMs?: number;
  /** Answers 429 with this Retry-After to every call. */
  readonly busySeconds?: number;
  /** Told of each call with what it has used, when its answer has been written, or its client has left. */
  readonly onUsed?: (input: number, output: number) => void;
}

type Json = Record<string, unknown>;

/** Words of an answer where the call names no maximum; one word is one token here. */
const DEFAULT_WORDS = 24;
const WORDS = 'the gate keeps the road and the road keeps the gate so nobody passes for free'.split(' ');
const MODEL = 'stub-1';

/**
 * Starts a stub of a language model: `/v1/chat/completions`, `/v1/completions`, `/v1/responses` and `/v1/embeddings` as
 * OpenAI has them, `/v1/messages` as Anthropic has it; streamed where that is asked for.
 */
export async function startModel(options: ModelOptions): Promise<Stub> {
  const server = http.createServer((req, res) => {
    answer(req, res, options).catch((error: unknown) => res.destroy(error as Error));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(options.port, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(req: IncomingMessage, res: ServerResponse, options: ModelOptions): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk);
  const path = new URL(req.url ?? '/', 'http://stub').pathname;
  if (req.method === 'GET') return sendJson(res, 200, { object: 'list', data: [{ id: MODEL, object: 'model' }] });
  if (options.busySeconds !== undefined) {
    res.setHeader('retry-after', String(options.busySeconds));
    return sendJson(res, 429, {
      error: { message: 'Rate limit reached', type: 'tokens', code: 'rate_limit_exceeded' },
    });
  }
  const body = JSON.parse(Buffer.concat(chunks).toString()) as Json;
  const call: Call = { body, input: countWords(body), output: outputOf(body), res, options };
  if (path.endsWith('/embeddings')) return embed(call);
  if (path.endsWith('/messages')) return body['stream'] === true ? streamMessage(call) : sendMessage(call);
  if (path.endsWith('/responses')) return body['stream'] === true ? streamResponse(call) : sendResponse(call);
  return body['stream'] === true ? streamChat(call) : sendChat(call);
}

interface Call {
  readonly body: Json;
  readonly input: number;
  readonly output: number;
  readonly res: ServerResponse;
  readonly options: ModelOptions;
}

function outputOf(body: Json): number {
  const asked = [body['max_tokens'], body['max_completion_tokens'], body['max_output_tokens']];
  const max = asked.find((one) => typeof one === 'number') as number | undefined;
  return Math.min(max ?? DEFAULT_WORDS, 10_000);
}

/** One word is one token, whoever says it. */
function countWords(body: Json): number {
  const parts = [body['messages'], body['input'], body['prompt']].flat().filter((one) => one !== undefined);
  const said = parts.map((one) => {
    const content = typeof one === 'object' && one !== null ? (one as Json)['content'] : one;
    return typeof content === 'string' ? content.split(/\s+/).filter((word) => word !== '').length : 1;
  });
  return said.reduce((sum, words) => sum + words, 0);
}

const wordAt = (index: number): string => `${index === 0 ? '' : ' '}${WORDS[index % WORDS.length]}`;
const textOf = (words: number): string => Array.from({ length: words }, (_, index) => wordAt(index)).join('');

function sendJson(res: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  res.end(body);
}

function openAiUsage({ input, output }: Call) {
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

function finish(call: Call, value: unknown): void {
  call.options.onUsed?.(call.input, call.output);
  sendJson(call.res, 200, value);
}

function embed(call: Call): void {
  const inputs = [call.body['input']].flat();
  const data = inputs.map((_, index) => ({ object: 'embedding', index, embedding: [0.1, 0.2, 0.3] }));
  call.options.onUsed?.(call.input, 0);
  const usage = { prompt_tokens: call.input, total_tokens: call.input };
  sendJson(call.res, 200, { object: 'list', data, model: MODEL, usage });
}

function sendChat(call: Call): void {
  const message = { role: 'assistant', content: textOf(call.output) };
  const choices = [{ index: 0, message, text: message.content, finish_reason: 'stop' }];
  finish(call, {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: MODEL,
    choices,
    usage: openAiUsage(call),
  });
}

function sendMessage(call: Call): void {
  const usage = { input_tokens: call.input, output_tokens: call.output };
  const content = [{ type: 'text', text: textOf(call.output) }];
  finish(call, {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: MODEL,
    content,
    stop_reason: 'end_turn',
    usage,
  });
}

function sendResponse(call: Call): void {
  finish(call, responseOf(call));
}

function responseOf({ input, output }: Call) {
  const content = [{ type: 'output_text', text: textOf(output), annotations: [] }];
  const usage = { input_tokens: input, output_tokens: output, total_tokens: input + output };
  const message = { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content };
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    model: MODEL,
    status: 'completed',
    output: [message],
    usage,
  };
}

/** Writes words one after the other until all are there, or the client has left; answers how many went out. */
async function streamWords({ output, res, options }: Call, eventOf: (word: string) => string): Promise<number> {
  for (let index = 0; index < output; index++) {
    if (res.destroyed) return index;
    res.write(eventOf(wordAt(index)));
    await wait(options.wordMs ?? 20);
  }
  return output;
}

function begin(res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
}

async function streamChat(call: Call): Promise<void> {
  const { res, body } = call;
  const asksUsage = (body['stream_options'] as Json | undefined)?.['include_usage'] === true;
  const event = (choices: object[], usage: object | null = null): string => {
    const told = asksUsage ? { usage } : {};
    const chunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: MODEL, choices, ...told };
    return `data: ${JSON.stringify(chunk)}\n\n`;
  };
  const delta = (part: object, finish_reason: string | null = null) => [{ index: 0, delta: part, finish_reason }];
  begin(res);
  res.write(event(delta({ role: 'assistant', content: '' })));
  const written = await streamWords(call, (word) => event(delta({ content: word })));
  call.options.onUsed?.(call.input, written);
  res.write(event(delta({}, 'stop')));
  if (asksUsage) res.write(event([], openAiUsage(call)));
  res.end('data: [DONE]\n\n');
}

async function streamMessage(call: Call): Promise<void> {
  const { res, input, output } = call;
  const send = (type: string, rest: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: MODEL, content: [], stop_reason: null };
  begin(res);
  res.write(send('message_start', { message: { ...message, usage: { input_tokens: input, output_tokens: 1 } } }));
  res.write(send('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }));
  const written = await streamWords(call, (text) =>
    send('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
  );
  call.options.onUsed?.(input, written);
  res.write(send('content_block_stop', { index: 0 }));
  res.write(send('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: output } }));
  res.end(send('message_stop', {}));
}

async function streamResponse(call: Call): Promise<void> {
  const { res } = call;
  let sequence = 0;
  const send = (type: string, rest: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...rest })}\n\n`;
  begin(res);
  res.write(
    send('response.created', { response: { ...responseOf(call), output: [], status: 'in_progress', usage: null } }),
  );
  const written = await streamWords(call, (delta) =>
    send('response.output_text.delta', { item_id: 'msg_1', output_index: 0, content_index: 0, delta }),
  );
  call.options.onUsed?.(call.input, written);
  res.end(send('response.completed', { response: responseOf(call) }));
}
