import { createRequire } from 'node:module';
import type { Environment, ParseResult } from '@marcbachmann/cel-js';
import { ConsumerFacts } from './consumer-facts.ts';
import { ErrorFacts, RequestFacts, ResponseFacts, RouteFacts } from './facts.ts';
import { ExpressionFault, ExpressionTooDear } from './faults.ts';
import { checkMatches, matches, OWN_MATCHES, withOwnMatches } from './linear-matches.ts';

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

/** Rounds of all loops in one evaluation, and how long those may take: a list of 5,000 in one of 10 still passes. */
const MAX_ROUNDS = 50_000;
const MAX_LOOP_MS = 100;

const require = createRequire(import.meta.url);
const environments = new Map<Place, Environment>();
let roundsLeft = 0;
/** `performance.now()`; 0 until the first round. */
let loopsDueAtMs = 0;

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
    .registerType('Consumer', { ctor: ConsumerFacts, fields: { name: text, plan: text, metadata: fields } })
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
    if (node.op === 'comprehension') countRounds((node.args as { step: Node }).step);
  });
  return {
    type: type ?? 'dyn',
    reads,
    run(facts) {
      roundsLeft = MAX_ROUNDS;
      loopsDueAtMs = 0;
      return program(facts as Record<string, unknown>);
    },
  };
}

function faultOf(cause: unknown): ExpressionFault {
  const { summary, message, range } = cause as { summary?: string; message: string; range?: { start: number } };
  const text = summary ?? message.split('\n', 1)[0] ?? message;
  return new ExpressionFault(text.replaceAll(OWN_MATCHES, 'matches'), range?.start ?? 0, { cause });
}

/** A node as the library has it at run time: `meta` holds what it was expanded to, and how it is evaluated. */
interface Node {
  readonly op: string;
  /** By the kind of node: operands, a name, a literal. */
  readonly args: unknown;
  readonly start: number;
  readonly meta: { readonly alternate?: Node; readonly macro?: { evaluate: Evaluate }; readonly evaluate: Evaluate };
  setMeta(key: string, value: unknown): Node;
}
type Evaluate = (evaluator: unknown, node: unknown, context: unknown) => unknown;

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

/** Has each round of a loop look at what is left for all of them. */
function countRounds(step: Node): void {
  let node = step;
  while (node.meta.alternate !== undefined) node = node.meta.alternate;
  const { macro } = node.meta;
  const inner = macro === undefined ? node.meta.evaluate : macro.evaluate.bind(macro);
  const counted: Evaluate = (evaluator, own, context) => {
    takeRound();
    return inner(evaluator, own, context);
  };
  if (macro === undefined) node.setMeta('evaluate', counted);
  else macro.evaluate = counted;
}

function takeRound(): void {
  roundsLeft -= 1;
  if (roundsLeft < 0) throw new ExpressionTooDear(`more than ${MAX_ROUNDS} rounds of loops`);
  if (loopsDueAtMs === 0) loopsDueAtMs = performance.now() + MAX_LOOP_MS;
  else if (roundsLeft % 16 === 0 && performance.now() > loopsDueAtMs) {
    roundsLeft = 0;
    throw new ExpressionTooDear(`its loops took longer than ${MAX_LOOP_MS} ms`);
  }
}
