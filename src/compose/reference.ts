import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { isRawNumber } from '../lib/json-text.ts';
import { Expression } from '../values/expression.ts';
import { toJson } from '../values/to-json.ts';

/** The place of a value in a target. */
export interface Reference {
  /** As written. */
  readonly text: string;
  /** Names of the prefix' segments that it needs. */
  readonly params: readonly string[];
  /** Names of the parts whose answers it needs. */
  readonly parts: readonly string[];
  /** Whether the client says what its value is, and nobody else. */
  readonly isClients: boolean;
  /** Throws `ValueFault` where there is no text, number or boolean. */
  read(known: Known): FilledValue;
}

/** What is known when a part is asked. */
export interface Known {
  readonly context: RequestContext;
  /** Answers that are there, by their parts. */
  readonly parts: ReadonlyMap<string, unknown>;
}

/** A value, and whether it is percent-encoded already, as what the prefix' segments have is. */
export interface FilledValue {
  readonly text: string;
  readonly isEncoded: boolean;
}

/** Why a value can't be put into its place; the message names the place. */
export class ValueFault extends Error {
  /** Whether the value is the client's, and so the fault. */
  readonly isClients: boolean;

  constructor(message: string, isClients: boolean, options?: ErrorOptions) {
    super(message, options);
    this.isClients = isClients;
  }
}

/** A name that needs no quotes. */
export const DASHLESS_NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

const PARAM = /^params\.([A-Za-z][A-Za-z0-9_]*)$/;
const PART = /^parts\.([A-Za-z][A-Za-z0-9_]*)((?:\.[A-Za-z_][A-Za-z0-9_]*|\[\d{1,6}\])*)$/;
const STEP = /\.(\w+)|\[(\d+)\]/g;

/**
 * Reads `params.id`, `parts.user.teams[0].id`, and else any expression. The plain ones are walked here, where a long
 * number keeps its digits and a segment its escapes. Throws `ExpressionFault`.
 */
export function parseReference(source: string): Reference {
  const text = source.trim();
  const [, param] = PARAM.exec(text) ?? [];
  if (param !== undefined) return paramReference(param);
  const [, part, way = ''] = PART.exec(text) ?? [];
  if (part === undefined) return expressionReference(source);
  const path = [...way.matchAll(STEP)].map(([, member, index]) => member ?? Number(index));
  return {
    text,
    params: [],
    parts: [part],
    isClients: false,
    read: ({ parts }) => filled(valueAt(parts.get(part), path), text, false),
  };
}

/** The value of the prefix' segment of this name, as it was matched. */
export function paramReference(name: string): Reference {
  return {
    text: `params.${name}`,
    params: [name],
    parts: [],
    isClients: true,
    read: ({ context }) => ({ text: context.params?.[name] ?? '', isEncoded: true }),
  };
}

function expressionReference(source: string): Reference {
  const expression = new Expression(source, 'parts');
  const text = source.trim();
  const isClients = isOfClient(expression);
  return {
    text,
    params: membersOf('params', expression),
    parts: membersOf('parts', expression),
    isClients,
    read: ({ context, parts }) => filled(evaluate(expression, context, parts, isClients), text, isClients),
  };
}

/** True where it reads of the request alone: claims are an issuer's words, and parts have those of services. */
function isOfClient({ reads }: Expression): boolean {
  const roots = [...reads].map((name) => name.split('.', 1)[0] ?? '');
  return roots.length > 0 && roots.every((root) => root === 'params' || root === 'request');
}

/** What it names of a root: `id`, where it has `params.id`. */
function membersOf(root: string, { reads }: Expression): readonly string[] {
  return [...reads].flatMap((name) => (name.startsWith(`${root}.`) ? [name.slice(root.length + 1)] : []));
}

function evaluate(
  expression: Expression,
  context: RequestContext,
  parts: ReadonlyMap<string, unknown>,
  isClients: boolean,
): unknown {
  try {
    return toJson(expression.evaluate(context, { parts: Object.fromEntries(parts) }));
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
    throw new ValueFault(`\${${expression.text.trim()}} has no value`, isClients, { cause });
  }
}

function filled(value: unknown, place: string, isClients: boolean): FilledValue {
  if (isRawNumber(value)) return { text: value.rawJSON, isEncoded: false };
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return { text: String(value), isEncoded: false };
  throw new ValueFault(`\${${place}} is no text, number or boolean`, isClients);
}

/** Only what the answer itself has is found, nothing that objects inherit. */
function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || isRawNumber(at)) return undefined;
    if (Array.isArray(at) !== (typeof step === 'number') || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string | number, unknown>)[step];
  }
  return at;
}
