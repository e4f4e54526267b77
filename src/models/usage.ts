/** What an answer says of the tokens that it took; undefined where it says nothing that makes sense. */
export interface ToldUsage {
  readonly input: number | undefined;
  readonly output: number | undefined;
}

export const NOTHING_TOLD: ToldUsage = { input: undefined, output: undefined };

/** No call takes more; a service that says so is mistaken. */
const MAX_TOLD = 1_000_000_000;

/**
 * Reads `usage` as OpenAI (`prompt_tokens`, `completion_tokens`; in its newer API `input_tokens`, `output_tokens`) and
 * Anthropic (`input_tokens` without what came from or went into its cache, which is told beside it) write it. What is in
 * `total_tokens` beyond both is output: some tell there alone what a model has thought. A total alone is input: that of
 * embeddings.
 */
export function readUsage(usage: unknown): ToldUsage {
  if (typeof usage !== 'object' || usage === null) return NOTHING_TOLD;
  const told = usage as Readonly<Record<string, unknown>>;
  const count = (name: string): number | undefined => (Object.hasOwn(told, name) ? countOf(told[name]) : undefined);
  const output = count('completion_tokens') ?? count('output_tokens');
  const total = count('total_tokens');
  // What OpenAI calls a prompt has its cached part inside, whoever tells that part beside it as well.
  const input = count('prompt_tokens') ?? withCached(count('input_tokens'), count);
  if (total === undefined) return { input, output };
  if (input === undefined) return output === undefined ? { input: total, output: 0 } : { input, output };
  return { input, output: Math.max(output ?? 0, total - input) };
}

function withCached(plain: number | undefined, count: (name: string) => number | undefined): number | undefined {
  if (plain === undefined) return undefined;
  return plain + (count('cache_creation_input_tokens') ?? 0) + (count('cache_read_input_tokens') ?? 0);
}

/** Counts that are told again and again only grow. */
export function mergeUsage(one: ToldUsage, other: ToldUsage): ToldUsage {
  return { input: larger(one.input, other.input), output: larger(one.output, other.output) };
}

function larger(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.max(one, other);
}

function countOf(value: unknown): number | undefined {
  const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= MAX_TOLD;
  return isCount ? value : undefined;
}

/** Where an event tells its usage: itself, the response that it completes, or the message that it begins. */
export function usageIn(event: unknown): ToldUsage {
  if (typeof event !== 'object' || event === null) return NOTHING_TOLD;
  const { usage, response, message } = event as Readonly<Record<string, unknown>>;
  const inside = (value: unknown): unknown =>
    typeof value === 'object' && value !== null ? (value as { usage?: unknown }).usage : undefined;
  return mergeUsage(readUsage(usage), mergeUsage(readUsage(inside(response)), readUsage(inside(message))));
}
