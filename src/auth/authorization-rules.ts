import { z } from 'zod';
import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Hide } from '../lib/hidden-values.ts';
import { isMethod } from '../lib/methods.ts';
import type { Expression } from '../values/expression.ts';
import { condition } from '../values/options.ts';
import { type ClaimRule, tellClaim } from './claim-words.ts';
import { findClaim } from './claims.ts';

const names = z.array(z.string().min(1).max(128)).min(1);
const listRule = z.union([
  names.transform((any): ListRule => ({ any, all: undefined })),
  z
    .strictObject({ any: names.optional(), all: names.optional() })
    .refine(({ any, all }) => any !== undefined || all !== undefined, 'expected "any" or "all"'),
]);

interface ListRule {
  readonly any?: readonly string[] | undefined;
  readonly all?: readonly string[] | undefined;
}

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const claimRule = z
  .strictObject({
    equals: scalar.optional().describe('The claim is this value.'),
    contains: scalar.optional().describe('The claim is a list with this value in it.'),
    oneOf: z.array(scalar).min(1).optional().describe('The claim is one of these values.'),
  })
  .refine(
    (rule) => Object.values(rule).some((value) => value !== undefined),
    'expected "equals", "contains" or "oneOf"',
  );

/** What a caller may be asked for: the keys of a rule, wherever one stands. */
export const callerRules = {
  roles: listRule.optional().describe('Roles: a list (any of them), {"any": [...]} or {"all": [...]}.'),
  scopes: listRule.optional().describe('Scopes of the token: a list (any of them), {"any": [...]} or {"all": [...]}.'),
  claims: z
    .record(z.string().min(1), claimRule)
    .optional()
    .describe('Conditions on claims, by dotted path; all must hold.'),
  consumers: names.optional().describe('Consumers that may call.'),
  when: condition('call')
    .optional()
    .describe('A condition in CEL that must hold, "claims.org == params.org" for one; what has no value refuses.'),
};

// The pattern is what editors check by; the refinement knows the words.
const methodName = z
  .string()
  .regex(/^[A-Z]+$/, { error: 'expected a method in capitals, "DELETE" for one', abort: true })
  .refine(isMethod, { error: ({ input }) => `"${input}" is no method of HTTP` });

/** The `authorize` key of a route: all conditions that are written must hold. */
export const authorizeOption = z.strictObject({
  ...callerRules,
  methods: z
    .record(methodName, z.strictObject(callerRules))
    .optional()
    .describe('Further conditions for single methods; GET counts for HEAD too.'),
});

export type Rules = Omit<z.output<typeof authorizeOption>, 'methods'>;

/** Why a caller may not: what is missing, and the scopes that would mend it. */
export interface Denial {
  readonly detail: string;
  readonly scopes: readonly string[] | undefined;
  /** More of the detail, for the log alone. */
  readonly forLog?: string;
}

/** One compiled condition: undefined when it holds. */
export type Condition = (context: RequestContext) => Denial | undefined;

/** Conditions of one set of rules; every message is made here, once, and its secrets hidden. */
export function compileRules({ roles, scopes, claims = {}, consumers, when }: Rules, hide: Hide): readonly Condition[] {
  const conditions: Condition[] = [];
  if (consumers !== undefined) conditions.push(consumerCondition(new Set(consumers)));
  if (roles !== undefined) conditions.push(listCondition('role', roles, (context) => context.roles, hide));
  for (const [path, rule] of Object.entries(claims)) conditions.push(claimCondition(path, rule, hide));
  if (scopes !== undefined) conditions.push(listCondition('scope', scopes, (context) => context.scopes, hide));
  if (when !== undefined) conditions.push(whenCondition(when, hide));
  return conditions;
}

/** An expression that has no value for a call lets nobody in: a claim that is missing is none that fits. */
function whenCondition(when: Expression, hide: Hide): Condition {
  const denial: Denial = { detail: 'The rule of this route does not allow this.', scopes: undefined };
  const isFalse = { ...denial, forLog: `${cutExpression(hide(when.text))} is false.` };
  return (context) => {
    try {
      return when.holds(context) ? undefined : isFalse;
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      return { ...denial, forLog: `There is no value: ${reasonOf(error, hide)}.` };
    }
  };
}

const SHOWN_EXPRESSION_CHARS = 500;

const cutExpression = (text: string): string =>
  text.length <= SHOWN_EXPRESSION_CHARS ? text : `${text.slice(0, SHOWN_EXPRESSION_CHARS)}…`;

/** Which expression, and why; the reason stands at the end, and is kept where the rest is cut. */
function reasonOf({ cause, message }: GatewayError, hide: Hide): string {
  const text = hide(cause instanceof Error ? cause.message : message);
  if (text.length <= SHOWN_EXPRESSION_CHARS) return text;
  return `${text.slice(0, SHOWN_EXPRESSION_CHARS - 100)}… ${text.slice(-100)}`;
}

function consumerCondition(allowed: ReadonlySet<string>): Condition {
  const other = { detail: 'This consumer may not use this route.', scopes: undefined };
  const none = { detail: 'This route is for consumers, and this credential belongs to none.', scopes: undefined };
  return ({ consumer }) => {
    if (consumer === undefined) return none;
    return allowed.has(consumer.name) ? undefined : other;
  };
}

function listCondition(
  word: 'role' | 'scope',
  { any, all }: ListRule,
  read: (context: RequestContext) => readonly string[],
  hide: Hide,
): Condition {
  const wanted = [...(all ?? []), ...(any ?? [])];
  const scopes = word === 'scope' ? wanted.map(hide) : undefined;
  const parts = [any && `one of the ${word}s ${any.join(', ')}`, all && `all of the ${word}s ${all.join(', ')}`].filter(
    Boolean,
  );
  const denial: Denial = { detail: hide(`This needs ${parts.join(' and ')}.`), scopes };
  return (context) => {
    const has = read(context);
    const holds =
      (any === undefined || any.some((name) => has.includes(name))) &&
      (all === undefined || all.every((name) => has.includes(name)));
    return holds ? undefined : { ...denial, forLog: listOf(word, has) };
  };
}

const SHOWN_NAMES = 10;
const SHOWN_CHARS = 64;

/** What the caller has in place of what is needed; a claim that stands elsewhere than expected shows by that. */
function listOf(word: 'role' | 'scope', has: readonly string[]): string {
  if (has.length === 0) return `The caller has no ${word}.`;
  const shown = has.slice(0, SHOWN_NAMES).map((name) => JSON.stringify(name.slice(0, SHOWN_CHARS)));
  const more = has.length > SHOWN_NAMES ? ` and ${has.length - SHOWN_NAMES} more` : '';
  return `The caller has the ${word}${has.length === 1 ? '' : 's'} ${shown.join(', ')}${more}.`;
}

function claimCondition(path: string, rule: ClaimRule, hide: Hide): Condition {
  const { equals, contains, oneOf } = rule;
  const denial: Denial = { detail: `The claim ${path} does not allow this.`, scopes: undefined };
  return ({ claims }) => {
    const value = claims === undefined ? undefined : findClaim(claims, path);
    const holds =
      (equals === undefined || value === equals) &&
      (contains === undefined || (Array.isArray(value) && value.includes(contains))) &&
      (oneOf === undefined || (oneOf as readonly unknown[]).includes(value));
    return holds ? undefined : { ...denial, forLog: tellClaim(claims, path, rule, hide) };
  };
}
