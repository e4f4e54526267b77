import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { findNearest } from '../nearest-word.ts';
import { Facts, type Sights } from './facts.ts';
import { ExpressionFault, ExpressionTooDear } from './faults.ts';
import { compileProgram, type Place, type Program, rootsOf } from './language.ts';

/** Longer ones belong into a stage of one's own. */
const MAX_CHARS = 4_000;

/** An expression of the file, compiled. Two with the same text in the same place are equal. */
export class Expression {
  readonly text: string;
  readonly place: Place;
  readonly #program: Program;

  /** Throws `ExpressionFault`. */
  constructor(text: string, place: Place) {
    if (text.length > MAX_CHARS) throw new ExpressionFault(`is longer than ${MAX_CHARS} characters`, 0);
    this.text = text;
    this.place = place;
    this.#program = compileProgram(text, place);
  }

  /** `bool`, `string`, `int` and so on; `dyn` where it depends on what it is given. */
  get type(): string {
    return this.#program.type;
  }

  /** The names that it begins with, `claims` for one, and those of their fields that it selects. */
  get reads(): ReadonlySet<string> {
    return this.#program.reads;
  }

  /** Whether it looks at the body of the request, or of the answer. */
  get needsBody(): boolean {
    const { reads } = this.#program;
    if (this.place !== 'response') return reads.has('body');
    const fields = [...reads].filter((name) => name.startsWith('response.'));
    return reads.has('response') && (fields.length === 0 || fields.includes('response.body'));
  }

  /** The value, in the language's types. Throws `expression_failed` (500) where it has none: nothing passes by a fault. */
  evaluate(context: RequestContext, sights: Sights = NO_SIGHTS): unknown {
    try {
      return this.#program.run(new Facts(context, sights));
    } catch (cause) {
      throw failed(this.text, reasonOf(cause, this.text));
    }
  }

  /** Whether it holds; what is neither true nor false is a fault. */
  holds(context: RequestContext, sights: Sights = NO_SIGHTS): boolean {
    const value = this.evaluate(context, sights);
    if (typeof value === 'boolean') return value;
    throw failed(this.text, 'it is neither true nor false');
  }

  toJSON(): string {
    return this.text;
  }
}

const NO_SIGHTS: Sights = Object.freeze({});

/** For the log: which expression, and why. The client is told neither. */
function failed(text: string, reason: string): GatewayError {
  return new GatewayError('expression_failed', undefined, { cause: new Error(`${text}: ${reason}`) });
}

/** Why it has no value, without any value: what a client has sent may be a credential. */
function reasonOf(cause: unknown, text: string): string {
  if (cause instanceof ExpressionTooDear) return cause.message;
  const { code, range } = cause as { code?: unknown; range?: { start: number } };
  const words =
    typeof code === 'string' && /^[a-z_]+$/.test(code) ? code.replaceAll('_', ' ') : 'a value is not fit for it';
  return range === undefined ? words : `${words}, at ${whereIn(text, range.start)}`;
}

/** What is wrong with an expression, in words that tell how to mend it. */
export function explainFault(text: string, place: Place, { message, offset }: ExpressionFault): string {
  const at = whereIn(text, offset);
  const unknown = /^Unknown variable: (\w+)$/.exec(message)?.[1];
  if (unknown === undefined) return `${lowerFirst(message)}, at ${at} of the expression`;
  const roots = rootsOf(place);
  const nearest = findNearest(unknown, roots);
  const hint = nearest === undefined ? `known here: ${roots.join(', ')}` : `did you mean ${nearest}?`;
  return `there is no "${unknown}" here, at ${at} of the expression; ${hint}`;
}

function whereIn(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  const column = `column ${(before.at(-1)?.length ?? 0) + 1}`;
  return before.length === 1 ? column : `line ${before.length}, ${column}`;
}

const lowerFirst = (text: string): string => (/^[A-Z][a-z]/.test(text) ? text[0]?.toLowerCase() + text.slice(1) : text);
