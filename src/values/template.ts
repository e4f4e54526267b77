import type { RequestContext } from '../context.ts';
import { Expression } from './expression.ts';
import type { Sights } from './facts.ts';
import { ExpressionFault } from './faults.ts';
import type { Place } from './language.ts';
import { toJson, toText } from './to-json.ts';

/** A string of the file in which `${…}` stands for the value of an expression; `$${` is `${` itself. */
export class Template {
  readonly text: string;
  readonly place: Place;
  readonly #pieces: readonly (string | Expression)[];

  /** Throws `ExpressionFault`; its offset counts in the whole text. */
  constructor(text: string, place: Place) {
    this.text = text;
    this.place = place;
    this.#pieces = parsePieces(text, place);
  }

  /** True where it says the same of every request. */
  get isConstant(): boolean {
    return this.#pieces.every((piece) => typeof piece === 'string');
  }

  /** Whether a value in it looks at the body of the request, or of the answer. */
  get needsBody(): boolean {
    return this.#pieces.some((piece) => typeof piece !== 'string' && piece.needsBody);
  }

  /** The names that its expressions begin with: `claims`, `request`. */
  get reads(): ReadonlySet<string> {
    return new Set(this.#pieces.flatMap((piece) => (typeof piece === 'string' ? [] : [...piece.reads])));
  }

  /**
   * The text for one request; `escapeText` makes values harmless where they are put. Throws `expression_failed` (500)
   * where a value has a fault.
   */
  render(context: RequestContext, sights?: Sights, escapeText?: (value: string) => string): string {
    let text = '';
    for (const piece of this.#pieces) {
      if (typeof piece === 'string') {
        text += piece;
      } else {
        const value = toText(piece.evaluate(context, sights));
        text += escapeText === undefined ? value : escapeText(value);
      }
    }
    return text;
  }

  /** The same, as JSON: one expression alone keeps its type, a list or a number for one. */
  renderValue(context: RequestContext, sights?: Sights): unknown {
    const [only, ...others] = this.#pieces;
    if (only instanceof Expression && others.length === 0) return toJson(only.evaluate(context, sights));
    return this.render(context, sights);
  }

  toJSON(): string {
    return this.text;
  }
}

function parsePieces(text: string, place: Place): (string | Expression)[] {
  const pieces: (string | Expression)[] = [];
  let literal = '';
  let at = 0;
  while (at < text.length) {
    const mark = text.indexOf('${', at);
    if (mark < 0) break;
    literal += text.slice(at, mark);
    if (text[mark - 1] === '$') {
      literal = `${literal.slice(0, -1)}\${`;
      at = mark + 2;
      continue;
    }
    const end = endOf(text, mark + 2);
    if (end < 0) throw new ExpressionFault('"${" has no "}"; "$${" stands for "${" itself', mark);
    if (literal !== '') pieces.push(literal);
    literal = '';
    pieces.push(compileAt(text, mark + 2, end, place));
    at = end + 1;
  }
  literal += text.slice(at);
  return literal === '' && pieces.length > 0 ? pieces : [...pieces, literal];
}

function compileAt(text: string, start: number, end: number, place: Place): Expression {
  try {
    return new Expression(text.slice(start, end), place);
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    throw new ExpressionFault(error.message, start + error.offset, { cause: error });
  }
}

/** Braces, and what may hide one. */
const BRACE_OR_LITERAL = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{}]/g;

/** Where the expression that begins at `start` ends: its closing brace, or -1. */
function endOf(text: string, start: number): number {
  let depth = 0;
  BRACE_OR_LITERAL.lastIndex = start;
  for (let found = BRACE_OR_LITERAL.exec(text); found !== null; found = BRACE_OR_LITERAL.exec(text)) {
    if (found[0] === '{') depth++;
    else if (found[0] === '}' && depth-- === 0) return found.index;
  }
  return -1;
}

/** A JSON value of the file with templates in the place of its strings. Keys are as they are written. */
export class ValueTemplate {
  readonly source: unknown;
  readonly #value: unknown;
  readonly isConstant: boolean;
  readonly needsBody: boolean;
  /** The names that its expressions begin with: `claims`, `request`. */
  readonly reads: ReadonlySet<string>;

  /** Throws `ExpressionFault`. */
  constructor(source: unknown, place: Place) {
    this.source = source;
    const templates: Template[] = [];
    this.#value = compileValue(source, place, templates);
    this.isConstant = templates.every((template) => template.isConstant);
    this.needsBody = templates.some((template) => template.needsBody);
    this.reads = new Set(templates.flatMap((template) => [...template.reads]));
  }

  /** The value for one request, as JSON. Throws `expression_failed` (500) where a value has a fault. */
  render(context: RequestContext, sights?: Sights): unknown {
    return this.isConstant && this.source === this.#value ? this.source : renderValue(this.#value, context, sights);
  }

  toJSON(): unknown {
    return this.source;
  }
}

function compileValue(value: unknown, place: Place, templates: Template[]): unknown {
  if (typeof value === 'string') {
    if (!value.includes('${')) return value;
    const template = new Template(value, place);
    templates.push(template);
    return template;
  }
  if (Array.isArray(value)) return value.map((item) => compileValue(item, place, templates));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, compileValue(item, place, templates)]));
}

function renderValue(value: unknown, context: RequestContext, sights: Sights | undefined): unknown {
  if (value instanceof Template) return value.renderValue(context, sights);
  if (Array.isArray(value)) return value.map((item) => renderValue(item, context, sights));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renderValue(item, context, sights)]));
}
