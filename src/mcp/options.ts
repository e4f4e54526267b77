import { z } from 'zod';
import { callerRules } from '../auth/authorization-rules.ts';
import { MAX_COST, rateLimitSchema } from '../limits/schema.ts';
import { size } from '../schema-values.ts';

const MAX_NAME_CHARS = 512;
const MAX_RULES = 1_000;

const ruleOption = z.strictObject({
  ...callerRules,
  cost: z
    .int()
    .min(1)
    .max(MAX_COST)
    .optional()
    .describe('What one call of it counts in every window of the caller. Default: the cost of the route.'),
  rateLimits: z
    .array(rateLimitSchema)
    .max(8)
    .optional()
    .describe('How often it may be called; counted apart from all others.'),
});

export type McpRuleOption = z.output<typeof ruleOption>;

const rulesOption = z
  .record(
    z
      .string()
      .min(1)
      .max(MAX_NAME_CHARS)
      .regex(/^[^*]*\*?$/, { error: 'expected a name, or the beginning of one with "*" at its end' }),
    z.union([z.literal(false), ruleOption]),
  )
  .refine((rules) => Object.keys(rules).length <= MAX_RULES, { error: `at most ${MAX_RULES} rules` });

export type McpRulesOption = z.output<typeof rulesOption>;

const WHO = 'who may; `"github_*"` is for names that begin so, `"*"` for all others, `false` lets nobody';

export const mcpOption = z.strictObject({
  tools: rulesOption
    .optional()
    .describe(
      `Tools by name: ${WHO}. A tool that no rule is for is refused, and left out of lists. Default: all pass.`,
    ),
  prompts: rulesOption.optional().describe('The same of prompts.'),
  resources: rulesOption.optional().describe('The same of resources, by URI; templates are listed by theirs.'),
  methods: rulesOption
    .optional()
    .describe('The same of methods of the protocol: `{ "resources/*": false, "*": {} }`. Default: all pass.'),
  trustHeaders: z
    .boolean()
    .default(false)
    .describe(
      'Believes `Mcp-Method` and `Mcp-Name`, so that bodies stream by unread: only where the service checks them against the body, as protocol 2026-07-28 asks for. Default false.',
    ),
  maxBatch: z.int().min(1).max(100).default(10).describe('Messages that one body may carry in an array. Default 10.'),
  maxList: size({ min: '1kb', max: '64mb' })
    .prefault('1mb')
    .describe('Longest list, or event of a stream, that is looked through for what the caller may see. Default 1mb.'),
});

export type McpOptions = z.output<typeof mcpOption>;

/** The key of a route that guards MCP; that of the stage mcp. */
export const mcpKeys = {
  mcp: mcpOption
    .optional()
    .describe(
      'Guards an MCP server: looks at what each message asks for before it is forwarded. Default: nothing is looked at.',
    ),
};
