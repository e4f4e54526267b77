import { createRequire } from 'node:module';
import type { Environment, ParseResult } from '@marcbachmann/cel-js';
import { type Pattern, parsePattern } from '../pattern.ts';
import { ConsumerFacts, ErrorFacts, RequestFacts, ResponseFacts, RouteFacts } from './facts.ts';

/**
 * The one place that knows the library of the language (CEL, cel.dev), and mends what it lacks: `matches` runs in
 * linear time, and what loops over a client's lists inside of other loops ends. Loaded with the first expression.
 */

/** Where an expression stands, which decides what it may name beside the request, its params and its caller. */
export type Place = 'call' | 'request' | 'response' | 'error' | 'parts';

/** What a place has beside what all have. */
const MORE_ROOTS: Readonly<Record<Place, Readonly<Record<string, string>>>> = {
  call: {},
  request: { body: 'dyn' },
  response: { response: 'Response' },
  error: { error: 'Error' },
  parts: { parts: 'map' },
};

const ROOTS: Readonly<Record<string, string>> = {
  request: 'Request',
  params: 'map<string, string>',
  claims: 'map',
  consumer: 'Consumer',
  user: 'string',
  issuer: 'string',
  roles: 'list<string>',
  scopes: 'list<string>',
  route: 'Route',
};

/** The names that an expression of a place may begin with. */
export const rootsOf = (place: Place): readonly string[] => [...Object.keys(ROOTS), ...Object.keys(MORE_ROOTS[place])];

/** Nobody writes longer ones; what is deeper could be no expression of a person. */
const LIMITS = { maxAstNodes: 500, maxDepth: 32, maxListElements: 200, maxMapEntries: 200 };

/** Rounds of all loops in one evaluation: a list of 10,000 in one of 10 still passes. */
const MAX_ROUNDS = 100_000;

const require = createRequire(import.meta.url);
const environments = new Map<Place, Environment>();
let roundsLeft = 0;

function environmentOf(place: Place): Environment {
  let environment = environments.get(place);
  if (environment === undefined) {
    environment = createEnvironment(place);
    environments.set(place, environment);
  }
  return environment;
}

function createEnvironment(place: Place): Environment {
  const library = require('@marcbachmann/cel-js') as typeof import('@marcbachmann/cel-js');
  const environment = new library.Environment({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits: LIMITS,
  });
  const text = 'string';
  const fields = 'map<string, string>';
  environment
    .registerType('Request', {
      ctor: RequestFacts,
      fields: {
        id: text,
        method: text,
        path: text,
        scheme: text,
        host: text,
        address: text,
        time: 'google.protobuf.Timestamp',
        query: fields,
        headers: fields,
      },
    })
    .registerType('Consumer', { ctor: ConsumerFacts, fields: { name: text, plan: text } })
    .registerType('Route', { ctor: RouteFacts, fields: { name: text, prefix: text } })
    .registerType('Response', { ctor: ResponseFacts, fields: { status: 'int', headers: fields, body: 'dyn' } })
    .registerType('Error', {
      ctor: ErrorFacts,
      fields: { code: text, status: 'int', title: text, detail: text, retryAfter: 'int' },
    })
    .registerFunction(`string.${OWN_MATCHES}(string): bool`, matches);
  for (const [name, type] of Object.entries({ ...ROOTS, ...MORE_ROOTS[place] }))
    environment.registerVariable(name, type);
  return environment;
}

/** A compiled expression; throws what keeps it from having a value. */
export interface Program {
  /** Type that it has, as far as that is known before it runs: `bool`, `string`, `dyn`, … */
  readonly type: string;
  /** The names that it begins with, and of `response` those of its fields: `claims`, `response.body`. */
  readonly reads: ReadonlySet<string>;
  run(facts: object): unknown;
}

/** What is wrong with an expression, and where: the first character is 0. */
export class ExpressionFault extends SyntaxError {
  readonly offset: number;

  constructor(message: string, offset: number, options?: ErrorOptions) {
    super(message, options);
    this.offset = offset;
  }
}

/** Compiles an expression. Throws `ExpressionFault`. */
export function compileProgram(text: string, place: Place): Program {
  let program: ParseResult;
  try {
    program = environmentOf(place).parse(withOwnMatches(text));
  } catch (cause) {
    throw faultOf(cause);
  }
  // Macros are expanded when types are checked.
  const { valid, type, error } = program.check();
  if (!valid) throw faultOf(error);
  const reads = new Set<string>();
  visit(program.ast, (node) => {
    for (const name of namesIn(node)) reads.add(name);
    if (node.op === 'rcall') checkMatches(node);
    if (node.op === 'comprehension') countRounds(node);
  });
  return {
    type: type ?? 'dyn',
    reads,
    run(facts) {
      roundsLeft = MAX_ROUNDS;
      return program(facts as Record<string, unknown>);
    },
  };
}

function faultOf(cause: unknown): ExpressionFault {
  const { summary, message, range } = cause as { summary?: string; message: string; range?: { start: number } };
  const text = summary ?? message.split('\n', 1)[0] ?? message;
  return new ExpressionFault(text.replaceAll(OWN_MATCHES, 'matches'), range?.start ?? 0, { cause });
}

/** A node as the library has it at run time: `meta` holds what it was expanded to, `handle` is what a loop does. */
interface Node {
  readonly op: string;
  /** By the kind of node: operands, a name, a literal. */
  readonly args: unknown;
  readonly start: number;
  readonly meta: { readonly alternate?: unknown; readonly macro?: unknown };
  handle: (range: unknown, ...rest: unknown[]) => unknown;
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'setMeta' in value;

/** The name that a node stands for, and the one that it selects of it. */
function namesIn({ op, args }: Node): readonly string[] {
  if (op === 'id') return [String(args)];
  if (op !== '.') return [];
  const [owner, field] = args as [Node, string];
  return owner.op === 'id' ? [`${owner.args}.${field}`] : [];
}

/** Calls back for every node, those of expanded macros among them. */
function visit(root: unknown, act: (node: Node) => void): void {
  const seen = new Set<unknown>();
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (isNode(value)) {
      act(value);
      pending.push(value.args, value.meta.alternate, value.meta.macro);
    } else {
      pending.push(...Object.values(value));
    }
  }
}

/**
 * The library's own `matches` runs `RegExp`, which may take for ever, and can't be replaced: expressions are given
 * another function in its place. As long as its name, so that faults are found where they stand.
 */
const OWN_MATCHES = 're2find';

/** String literals, of several lines too, comments, and calls of `matches`. */
const LITERAL_OR_MATCHES =
  /[rR]?("""|''')[\s\S]*?\1|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\/\/[^\n]*|\bmatches(?=\s*\()/g;

const withOwnMatches = (text: string): string =>
  text.replace(LITERAL_OR_MATCHES, (found) => (found === 'matches' ? OWN_MATCHES : found));

function checkMatches(call: Node): void {
  const [name, , operands] = call.args as [string, Node, Node[]];
  if (name === 'matches') throw new ExpressionFault('"matches" stands where it is not understood', call.start);
  const pattern = name === OWN_MATCHES ? operands[0] : undefined;
  if (pattern?.op !== 'value' || typeof pattern.args !== 'string') return;
  try {
    parsePattern(pattern.args);
  } catch (cause) {
    throw new ExpressionFault((cause as Error).message, pattern.start, { cause });
  }
}

/** Patterns by their text; those of a client are few, or the memory begins anew. */
const patterns = new Map<string, Pattern>();
const MAX_PATTERNS = 200;
const MAX_PATTERN_CHARS = 1_000;

function matches(text: string, source: string): boolean {
  let pattern = patterns.get(source);
  if (pattern === undefined) {
    if (source.length > MAX_PATTERN_CHARS) throw new Error('the pattern is longer than 1000 characters');
    pattern = parsePattern(source);
    if (patterns.size >= MAX_PATTERNS) patterns.clear();
    patterns.set(source, pattern);
  }
  return pattern.test(text);
}

/** Takes what a loop will go through from what all loops of one evaluation may. */
function countRounds(loop: Node): void {
  const { handle } = loop;
  loop.handle = (range, ...rest) => {
    roundsLeft -= sizeOf(range);
    if (roundsLeft < 0) throw new Error(`more than ${MAX_ROUNDS} rounds of loops`);
    return handle(range, ...rest);
  };
}

function sizeOf(range: unknown): number {
  if (Array.isArray(range)) return range.length;
  if (range instanceof Map || range instanceof Set) return range.size;
  return typeof range === 'object' && range !== null ? Object.keys(range).length : 1;
}
