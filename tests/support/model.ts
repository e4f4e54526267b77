import type { TestContext } from 'node:test';
import OpenAI from 'openai';
import { type ModelOptions, startModel } from '../../scripts/demo/stub-model.ts';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { startGateway, type TestGateway } from './gateway.ts';
import { type Answer, ask } from './http.ts';

export const KEY = createApiKey();
export const CONSUMERS = [{ name: 'app', plan: 'free', keys: [{ id: 'k1', sha256: hashApiKey(KEY) }] }];

/** A stub of a language model, gone after the test, and what it has done. */
export interface TestModel {
  readonly url: string;
  /** Tokens of all calls that it has answered, or of which it has told some. */
  readonly used: () => number;
  readonly calls: () => number;
}

export async function useModel(t: TestContext, options: Partial<ModelOptions> = {}): Promise<TestModel> {
  let used = 0;
  let calls = 0;
  const onUsed = (input: number, output: number): void => {
    used += input + output;
    calls += 1;
  };
  const model = await startModel({ port: 0, wordMs: 0, onUsed, ...options });
  t.after(() => model.stop());
  return { url: `http://127.0.0.1:${model.port}`, used: () => used, calls: () => calls };
}

export interface ModelSetting {
  readonly target: string;
  readonly route?: object;
  readonly file?: object;
  readonly env?: Readonly<Record<string, string>>;
}

/** A gateway before a model, for one consumer. */
export function startBefore(
  t: TestContext,
  { target, route = {}, file = {}, env = {} }: ModelSetting,
): Promise<TestGateway> {
  const routes = [{ prefix: '/v1', name: 'models', target, auth: 'api-key', models: {}, ...route }];
  return startGateway(t, { file: { consumers: CONSUMERS, plans: { free: {} }, routes, ...file }, env });
}

export function call({ url }: Pick<TestGateway, 'url'>, body: object, path = '/v1/chat/completions'): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'x-api-key': KEY };
  return ask(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** The client that most people have. */
export function openaiFor({ url }: Pick<TestGateway, 'url'>): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', defaultHeaders: { 'x-api-key': KEY }, maxRetries: 0 });
}

export const chat = (words: string, more: object = {}): object => ({
  model: 'stub-1',
  messages: [{ role: 'user', content: words }],
  ...more,
});

/** What `RateLimit` says is left in a window. */
export function left({ headers }: Pick<Answer, 'headers'>, policy: string): number {
  return Number(new RegExp(`"${policy}";r=(\\d+)`).exec(String(headers['ratelimit']))?.[1]);
}

/** What is left of the caller's gateway-wide windows, by their names. */
export async function leftOf({ url }: Pick<TestGateway, 'url'>, policy: string): Promise<number> {
  const me = await ask(`${url}/-/me`, { headers: { 'x-api-key': KEY } });
  return me.json.limits.find((one: { policy: string }) => one.policy === policy)?.remaining;
}
