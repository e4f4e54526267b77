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

/** Maxima of tokens, each in an API of its own. To another one it is no maximum, and may be ignored. */
const MAX_FIELDS: Readonly<Record<ModelApi, readonly string[]>> = {
  chat: ['max_completion_tokens', 'max_tokens'],
  completions: ['max_tokens'],
  embeddings: [],
  responses: ['max_output_tokens'],
  messages: ['max_tokens'],
};
export const ALL_MAX_FIELDS: readonly string[] = [...new Set(Object.values(MAX_FIELDS).flat())];

/** What the file says of maxima. */
type MaxOptions = Pick<ModelsOptions, 'maxTokensField' | 'capMaxTokens'>;

/** Those that tell the usage of a stream only where `stream_options.include_usage` asks for it. */
const TELLS_WHEN_ASKED = new Set<ModelApi | undefined>(['chat', 'completions']);

export function readAsk(body: Json, api: ModelApi | undefined, options: MaxOptions): Ask {
  const { model, stream } = body;
  return {
    api,
    model: typeof model === 'string' ? model : undefined,
    input: estimateInput(body),
    choices: choicesOf(body),
    maxOutput: api === 'embeddings' ? 0 : maxOf(body, api, options),
    lacksUsage: TELLS_WHEN_ASKED.has(api) && stream === true && optionsOf(body)['include_usage'] !== true,
  };
}

function maxOf(body: Json, api: ModelApi | undefined, options: MaxOptions): number | undefined {
  const given = fieldsOf(api, options)
    .map((name) => numberOf(own(body, name)))
    .filter((max) => max !== undefined);
  return given.length === 0 ? undefined : Math.max(...given);
}

/** The fields that are a maximum to the service, or will be one when the call has been edited. */
function fieldsOf(api: ModelApi | undefined, { maxTokensField, capMaxTokens }: MaxOptions): readonly string[] {
  if (api === undefined) return ALL_MAX_FIELDS;
  return api === 'chat' && maxTokensField === 'max_tokens' && !capMaxTokens ? ['max_tokens'] : MAX_FIELDS[api];
}

function choicesOf(body: Json): number {
  const prompt = own(body, 'prompt');
  const isList = Array.isArray(prompt) && prompt.some((one) => typeof one !== 'number');
  const prompts = isList ? prompt.length : 1;
  return Math.ceil(Math.max(1, laxNumberOf(own(body, 'n')), laxNumberOf(own(body, 'best_of'))) * prompts);
}

/** Some services read numbers out of texts. */
function laxNumberOf(value: unknown): number {
  return numberOf(typeof value === 'string' ? Number(value) : value) ?? 1;
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
  options: MaxOptions,
): Json | undefined {
  const capped = maxOutput === undefined ? {} : capsFor(body, ask.api, maxOutput, options);
  const asked = asksUsage ? { stream_options: { ...optionsOf(body), include_usage: true } } : {};
  const changes = { ...capped, ...asked };
  return Object.keys(changes).length === 0 ? undefined : { ...body, ...changes };
}

/** The maxima that hold an answer to `most`, whatever else the call names; none where the API is not known. */
function capsFor(body: Json, api: ModelApi | undefined, most: number, options: MaxOptions): Json {
  if (api === undefined || api === 'embeddings') return {};
  if (api === 'chat' && options.maxTokensField === 'max_tokens') return oldCaps(body, most);
  const given = MAX_FIELDS[api].filter((name) => numberOf(own(body, name)) !== undefined);
  if (given.length === 0) return { [MAX_FIELDS[api][0] as string]: most };
  const larger = given.filter((name) => (numberOf(body[name]) as number) > most);
  return Object.fromEntries(larger.map((name) => [name, most]));
}

/** For a service that knows no other maximum: what stands under the other name is moved. */
function oldCaps(body: Json, most: number): Json {
  const newer = own(body, 'max_completion_tokens');
  const wanted = numberOf(own(body, 'max_tokens')) ?? numberOf(newer) ?? most;
  const moved = newer === undefined ? {} : { max_completion_tokens: undefined };
  const max_tokens = Math.min(wanted, most);
  return max_tokens === own(body, 'max_tokens') ? moved : { max_tokens, ...moved };
}
