import { z } from 'zod';
import { size } from '../../schema-values.ts';

const MAX_LISTED = 10_000;

const document = z.string().min(1).max(1_000_000);
const list = z
  .record(z.string().min(1).max(256), document)
  .refine((queries) => Object.keys(queries).length <= MAX_LISTED, { error: `at most ${MAX_LISTED} queries` });

/** The list itself, or its text: that is what `${FILE:…}` leaves. */
const queries = z.union([
  list,
  z.string().transform((text, context) => {
    const parsed = list.safeParse(parseText(text));
    if (parsed.success) return parsed.data;
    const message = 'expected an object of documents by ID, or "${FILE:./queries.json}" with one in it';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }),
]);

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const count = (max: number) => z.int().min(1).max(max);

export const graphqlOption = z.strictObject({
  maxDepth: count(100).default(10).describe('Fields inside each other, through fragments. Default 10.'),
  maxAliases: z
    .int()
    .min(0)
    .max(10_000)
    .default(15)
    .describe('Fields under another name, through fragments. Default 15.'),
  maxRootFields: count(10_000).default(20).describe('Fields of the operation itself. Default 20.'),
  maxDirectives: z.int().min(0).max(10_000).default(50).describe('Directives, through fragments. Default 50.'),
  maxCost: count(1_000_000_000)
    .default(5000)
    .describe('Cost of a request: 1 a field, times the lists around it (`listArguments`). Default 5000.'),
  maxTokens: count(100_000).default(2000).describe('Words and signs of a document. Default 2000.'),
  maxSize: size({ min: '1kb', max: '1mb' }).prefault('64kb').describe('Length of a document. Default 64kb.'),
  maxBatch: count(100).default(1).describe('Operations that one request may carry in an array. Default 1.'),
  listArguments: z
    .array(z.string().regex(/^[_A-Za-z]\w{0,127}$/, { error: 'expected names of arguments' }))
    .max(32)
    .default(['first', 'last', 'limit'])
    .describe(
      'Arguments that say how long a list will be: they multiply the cost of what is below. Default first, last, limit.',
    ),
  introspection: z
    .boolean()
    .default(false)
    .describe('Whether `__schema`, `__type` and `_service` may be asked for. Default false.'),
  queries: queries
    .optional()
    .describe(
      'Documents by ID, or `"${FILE:./queries.json}"`; a client sends the ID, the SHA-256 or the text. Of the limits only `maxCost` holds for them.',
    ),
  onlyListed: z.boolean().default(false).describe('Refuses every document that is not in `queries`. Default false.'),
  chargeCost: z
    .union([z.boolean(), count(1_000_000)])
    .default(false)
    .describe(
      'Charges the cost to the limits of the caller; a number is how much of it counts as one call. Default false.',
    ),
  subscriptions: z
    .enum(['refused', 'unguarded'])
    .default('refused')
    .describe(
      'What runs over a WebSocket is not looked at: so none may be opened, or all of it passes. Default refused.',
    ),
});

export type GraphqlOptions = z.output<typeof graphqlOption>;

/** The key of a route that guards GraphQL; that of the stage graphql. */
export const graphqlKeys = {
  graphql: graphqlOption
    .optional()
    .describe(
      'Guards a GraphQL service: looks at each operation before it is forwarded. Default: nothing is looked at.',
    ),
};
