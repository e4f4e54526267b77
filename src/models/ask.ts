import { isRawNumber } from '../lib/json-text.ts';
import { estimateInput } from './estimate.ts';
import type { ModelApi, ModelsOptions } from './options.ts';

type Json = Readonly<Record<string, unknown>>;

/** What a call asks of a model, as far as its body tells. */
export interface Ask {
  readonly api: ModelApi | undefined;
  /** As the client calls it; for labels of metrics where the file knows it. */
  readonly model: string | undefined;
  /** Tokens of the request, estimated. */
  readonly input: number;
  /** Answers that are asked for at once, each of which may have `maxOutput` tokens. */
  readonly choices: number;
  /** Undefined where the call names no maximum. */
  readonly maxOutput: number | undefined;
  /** True where the service would tell no usage at the end of its stream unless it is asked to. */
  readonly lacksUsage: boolean;
}

/** Each of them is a maximum of tokens in some API; a body may have two. */
const MAX_FIELDS = ['max_tokens', 'max_completion_tokens', 'max_output_tokens'] as const;
const MAX_CHOICES = 1_000;

/** Those that tell the usage of a stream only where `stream_options.include_usage` asks for it. */
const TELLS_WHEN_ASKED = new Set<ModelApi | undefined>(['chat', 'completions']);

export function readAsk(body: Json, api: ModelApi | undefined): Ask {
  const { model, stream } = body;
  return {
    api,
    model: typeof model === 'string' ? model : undefined,
    input: estimateInput(body),
    choices: choicesOf(body),
    maxOutput: api === 'embeddings' ? 0 : maxOf(body),
    lacksUsage: TELLS_WHEN_ASKED.has(api) && stream === true && optionsOf(body)['include_usage'] !== true,
  };
}

function maxOf(body: Json): number | undefined {
  const given = MAX_FIELDS.map((name) => numberOf(own(body, name))).filter((max) => max !== undefined);
  return given.length === 0 ? undefined : Math.max(...given);
}

function choicesOf(body: Json): number {
  const prompt = own(body, 'prompt');
  const isList = Array.isArray(prompt) && typeof prompt[0] !== 'number';
  const prompts = isList ? Math.max(1, prompt.length) : 1;
  const each = Math.max(1, numberOf(own(body, 'n')) ?? 1, numberOf(own(body, 'best_of')) ?? 1);
  return Math.min(MAX_CHOICES, Math.ceil(each * prompts));
}

function numberOf(value: unknown): number | undefined {
  const number = isRawNumber(value) ? Number(value.rawJSON) : value;
  return typeof number === 'number' && number >= 1 ? Math.ceil(number) : undefined;
}

function own(body: Json, name: string): unknown {
  return Object.hasOwn(body, name) ? body[name] : undefined;
}

function optionsOf(body: Json): Json {
  const options = own(body, 'stream_options');
  return typeof options === 'object' && options !== null ? (options as Json) : {};
}

/** What of a body is to be changed before it is sent. */
export interface AskEdit {
  /** The most tokens that each answer may have; undefined leaves what the call says. */
  readonly maxOutput: number | undefined;
  readonly asksUsage: boolean;
}

/** The body to send instead; undefined where there is nothing to change. All else stays, in its order. */
export function editAsk(
  body: Json,
  ask: Ask,
  { maxOutput, asksUsage }: AskEdit,
  { maxTokensField }: Pick<ModelsOptions, 'maxTokensField'>,
): Json | undefined {
  const capped = maxOutput === undefined ? {} : capsFor(body, ask, maxOutput, maxTokensField);
  const asked = asksUsage ? { stream_options: { ...optionsOf(body), include_usage: true } } : {};
  const changes = { ...capped, ...asked };
  return Object.keys(changes).length === 0 ? undefined : { ...body, ...changes };
}

function capsFor(body: Json, { api }: Ask, most: number, chatField: string): Record<string, number> {
  const given = MAX_FIELDS.filter((name) => numberOf(own(body, name)) !== undefined);
  if (given.length > 0) {
    const larger = given.filter((name) => (numberOf(body[name]) as number) > most);
    return Object.fromEntries(larger.map((name) => [name, most]));
  }
  if (api === 'responses') return { max_output_tokens: most };
  return api === 'chat' ? { [chatField]: most } : { max_tokens: most };
}
