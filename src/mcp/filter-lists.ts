import { GatewayError } from '../errors.ts';
import { isObject } from '../lib/json-object.ts';
import { JsonTooDeep, parseJsonExactly } from '../lib/json-text.ts';
import type { Asked, Kind } from './calls.ts';

/** Whether the reader of a list may ask for a thing; undefined for kinds that the file says nothing of. */
export interface Allowance {
  has(kind: Kind): boolean;
  allows(asked: Asked): boolean;
}

interface ListMember {
  readonly member: string;
  readonly kind: Kind;
  readonly field: string;
}

/** The lists of the protocol: where in a result they are, and by what their items are asked for. */
const LISTS: readonly ListMember[] = [
  { member: 'tools', kind: 'tool', field: 'name' },
  { member: 'prompts', kind: 'prompt', field: 'name' },
  { member: 'resources', kind: 'resource', field: 'uri' },
  { member: 'resourceTemplates', kind: 'resource', field: 'uriTemplate' },
];

/**
 * The message without what its reader may not ask for, in the lists of its result alone: cursors, and whatever else is in
 * it, stay. The very same text where nothing has to go. Throws `bad_answer` (502) for what can't be read, and so not be
 * looked through.
 */
export function filterText(text: string, allowance: Allowance): string {
  const message = parse(text);
  const filtered = Array.isArray(message)
    ? mapChanged(message, (one) => filterMessage(one, allowance))
    : filterMessage(message, allowance);
  return filtered === message ? text : JSON.stringify(filtered);
}

function filterMessage(message: unknown, allowance: Allowance): unknown {
  if (!isObject(message) || !Object.hasOwn(message, 'result')) return message;
  const { result } = message;
  if (!isObject(result)) return message;
  const lists = LISTS.filter(({ member, kind }) => allowance.has(kind) && Array.isArray(memberOf(result, member)));
  if (lists.length === 0) return message;
  const changes: Record<string, unknown> = {};
  for (const list of lists) {
    const items = result[list.member] as readonly unknown[];
    const kept = items.filter((item) => isAllowed(item, list, allowance));
    if (kept.length < items.length) changes[list.member] = kept;
  }
  // What one caller may see is no answer for others (MCP 2026-07-28, Caching).
  if (memberOf(result, 'cacheScope') === 'public') changes['cacheScope'] = 'private';
  return Object.keys(changes).length === 0 ? message : { ...message, result: { ...result, ...changes } };
}

function memberOf(object: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** What has no name can't be asked for, by nobody. */
function isAllowed(item: unknown, { kind, field }: ListMember, allowance: Allowance): boolean {
  const name = isObject(item) ? memberOf(item, field) : undefined;
  return typeof name === 'string' && allowance.allows({ kind, name });
}

function mapChanged(list: readonly unknown[], change: (item: unknown) => unknown): readonly unknown[] {
  const changed = list.map(change);
  return changed.every((item, index) => item === list[index]) ? list : changed;
}

function parse(text: string): unknown {
  try {
    return parseJsonExactly(text.replace(/^\ufeff/, ''), MAX_DEPTH);
  } catch (cause) {
    if (!(cause instanceof JsonTooDeep || cause instanceof SyntaxError)) throw cause;
    const fault = cause instanceof JsonTooDeep ? cause.message : 'no JSON';
    throw new GatewayError('bad_answer', `The answer of the service: ${fault}.`, { cause });
  }
}

/** Schemas of tools are nested deeper than messages of clients. */
const MAX_DEPTH = 256;
