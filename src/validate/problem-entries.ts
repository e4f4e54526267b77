import type { ProblemEntry } from '../errors.ts';
import { escapePointer } from '../lib/json-pointer.ts';
import type { Fault } from './engine.ts';

/** More of them help nobody, and a client could ask for as many as its body has parts. */
export const MAX_ENTRIES = 20;

const MAX_POINTER_CHARS = 300;
const MAX_LISTED = 10;

/** Keywords that only sum up what others of their faults say. */
const SUMMARIES = new Set(['if', 'properties']);

/** Puts a mask in the place of the secrets of the file: a schema may have some, as names too. */
export type Hide = (text: string) => string;

/** The faults of a value in the words of an answer. No value is repeated: it may be a secret. */
export function describeFaults(
  faults: readonly Fault[],
  place: ProblemEntry['in'] & string,
  hide: Hide = (text) => text,
): ProblemEntry[] {
  const entries = new Map<string, ProblemEntry>();
  for (const fault of faults) {
    if (SUMMARIES.has(fault.keyword)) continue;
    const pointer = cut(pointerOf(fault, hide));
    const detail = hide(detailOf(fault, hide));
    entries.set(`${pointer}\n${detail}`, { in: place, pointer, detail });
    if (entries.size === MAX_ENTRIES) break;
  }
  return [...entries.values()];
}

/** What is missing, and what should not be there, has a place too: its own. */
function pointerOf({ instancePath, keyword, params }: Fault, hide: Hide): string {
  const name =
    keyword === 'required' || keyword === 'dependentRequired' || keyword === 'dependencies'
      ? params['missingProperty']
      : (params['additionalProperty'] ?? params['unevaluatedProperty'] ?? params['propertyName']);
  return typeof name === 'string' ? `${hide(instancePath)}/${escapePointer(hide(name))}` : hide(instancePath);
}

function detailOf({ keyword, message = 'is not valid', params }: Fault, hide: Hide): string {
  switch (keyword) {
    case 'required':
      return 'is missing';
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return 'is not known here';
    case 'false schema':
      return 'is not allowed here';
    case 'enum':
      return `must be one of ${listed(params['allowedValues'], hide)}`;
    case 'const':
      // What it has to be may be nobody's business.
      return 'must be the value that is expected here';
    case 'type':
      return `must be ${[params['type']].flat().join(' or ')}`;
    default:
      return message;
  }
}

function listed(values: unknown, hide: Hide): string {
  if (!Array.isArray(values) || values.length > MAX_LISTED) return 'the allowed values';
  if (values.some((value) => typeof value === 'object' && value !== null)) return 'the allowed values';
  return values.map((value) => JSON.stringify(typeof value === 'string' ? hide(value) : value)).join(', ');
}

function cut(pointer: string): string {
  return pointer.length <= MAX_POINTER_CHARS ? pointer : `${pointer.slice(0, MAX_POINTER_CHARS)}…`;
}
