import { z } from 'zod';

/** What a service may speak; by the end of the path, where the route does not say it. */
export const MODEL_APIS = ['chat', 'completions', 'embeddings', 'responses', 'messages'] as const;
export type ModelApi = (typeof MODEL_APIS)[number];

/** The key `models` of a route. */
export const modelsOption = z
  .strictObject({
    api: z
      .enum(MODEL_APIS)
      .optional()
      .describe(
        'What the service speaks: chat, completions, embeddings or responses as OpenAI does, messages as Anthropic does. Default: by the end of the path.',
      ),
    allowBackground: z
      .boolean()
      .default(false)
      .describe(
        'Lets responses in the background pass (`"background": true`), whose answers are fetched later and not counted. Default false.',
      ),
    capMaxTokens: z
      .boolean()
      .default(false)
      .describe("Lowers a call's maximum of tokens to what its limits have left, and gives it one where it has none."),
    expectOutput: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(4096)
      .describe('Tokens reserved for the answer to a call that names no maximum. Default 4096.'),
    maxTokensField: z
      .enum(['max_completion_tokens', 'max_tokens'])
      .default('max_completion_tokens')
      .describe(
        'The field of a chat that `capMaxTokens` writes where the call has none. Default max_completion_tokens.',
      ),
    names: z
      .array(z.string().min(1).max(128))
      .max(100)
      .default([])
      .describe('Models that the metrics tell apart; all others are "other".'),
  })
  .describe(
    'The route leads to a language model: its tokens are counted, in the limits with `"cost": "tokens"`, the log, the usage report and the metrics.',
  );

export type ModelsOptions = z.output<typeof modelsOption>;

const BY_PATH: readonly (readonly [string, ModelApi])[] = [
  ['/chat/completions', 'chat'],
  ['/completions', 'completions'],
  ['/embeddings', 'embeddings'],
  ['/responses', 'responses'],
  ['/messages', 'messages'],
];

/** What is spoken on a path; undefined for what is none of these: lists of models, files, images. */
export function apiOf(path: string): ModelApi | undefined {
  // Services that do not care for letters, or for a slash at the end, take these for the same.
  const end = path.replace(/\/+$/, '').toLowerCase();
  return BY_PATH.find(([suffix]) => end.endsWith(suffix))?.[1];
}
