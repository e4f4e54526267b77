import type { Hide } from '../lib/hidden-values.ts';
import { redactText } from '../lib/redact.ts';
import { type Claims, findClaim } from './claims.ts';

export type Scalar = string | number | boolean;

/** What a rule wants of a claim. */
export interface ClaimRule {
  readonly equals?: Scalar | undefined;
  readonly contains?: Scalar | undefined;
  readonly oneOf?: readonly Scalar[] | undefined;
}

const SHOWN_CHARS = 64;
const SHOWN_ENTRIES = 5;

/**
 * What a claim is beside what a rule wants, for the log alone: a type that differs (`"7"` and 7) shows by that. Secrets
 * are taken out before anything is cut, for a part of one would not be known for one.
 */
export function tellClaim(claims: Claims | undefined, path: string, rule: ClaimRule, hide: Hide): string {
  const value = claims === undefined ? undefined : findClaim(claims, path);
  const name = path.split('.', 1)[0] as string;
  if (value !== undefined) return `The claim is ${wordsOf(value, hide)}, expected ${wanted(rule, hide)}.`;
  // What is there of the path tells a wrong path from a token that has none of it.
  const has = name !== path && claims !== undefined && Object.hasOwn(claims, name);
  const part = has ? `: there is ${hide(name)}, without the rest of the path` : '';
  return `The claim is missing${part}, expected ${wanted(rule, hide)}.`;
}

function wanted({ equals, contains, oneOf }: ClaimRule, hide: Hide): string {
  const parts: string[] = [];
  if (equals !== undefined) parts.push(wordsOf(equals, hide));
  if (contains !== undefined) parts.push(`a list with ${wordsOf(contains, hide)} in it`);
  if (oneOf !== undefined) parts.push(`one of ${joined(oneOf, hide)}`);
  return parts.join(' and ');
}

function wordsOf(value: unknown, hide: Hide): string {
  if (typeof value === 'string') return `the text ${JSON.stringify(cut(redactText(hide(value))))}`;
  if (typeof value === 'number') return `the number ${hide(String(value))}`;
  if (typeof value === 'boolean') return String(value);
  if (value === null) return 'null';
  if (!Array.isArray(value)) return 'an object';
  return value.length === 0 ? 'an empty list' : `a list of ${joined(value, hide)}`;
}

function joined(values: readonly unknown[], hide: Hide): string {
  const shown = values.slice(0, SHOWN_ENTRIES).map((value) => (Array.isArray(value) ? 'a list' : wordsOf(value, hide)));
  const more = values.length > SHOWN_ENTRIES ? ` and ${values.length - SHOWN_ENTRIES} more` : '';
  return shown.join(', ') + more;
}

const cut = (text: string): string => (text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}…`);
