import { TOKEN } from '../lib/http-token.ts';
import type { AnswerFields } from '../sink.ts';
import type { Gathered } from './gathering.ts';
import { PartFault } from './part-fault.ts';
import type { PartPlan } from './plan.ts';

const NULL = Buffer.from('null');
const END = Buffer.from('}');

/** The answer of an aggregate: its fields and its body. */
export interface Whole {
  readonly fields: AnswerFields;
  readonly body: Buffer;
}

/**
 * Puts the parts together: an object with each part's JSON by its name, in the order of the file. One that failed is
 * null there, and has an entry in `_errors`. `isPersonal`: the answer may be about whoever asked, and is for nobody else.
 */
export function renderWhole(parts: readonly PartPlan[], { outcomes }: Gathered, isPersonal: boolean): Whole {
  const pieces: Buffer[] = [];
  const put = (name: string, json: Buffer): void => {
    pieces.push(Buffer.from(`${pieces.length === 0 ? '{' : ','}${JSON.stringify(name)}:`), json);
  };
  const errors: object[] = [];
  const answered: AnswerFields[] = [];
  for (const { name } of parts) {
    const outcome = outcomes.get(name);
    if (outcome === undefined || outcome instanceof PartFault) {
      put(name, NULL);
      errors.push({ part: name, status: outcome?.status, code: outcome?.code });
    } else {
      put(name, outcome.json);
      answered.push(outcome.fields);
    }
  }
  // A part may be an aggregate itself, and lack something.
  const isComplete = errors.length === 0 && answered.every((fields) => fields['x-gateway-completed'] !== 'false');
  if (errors.length > 0) put('_errors', Buffer.from(JSON.stringify(errors)));
  pieces.push(END);
  const vary = varyOf(answered);
  return {
    fields: {
      'content-type': 'application/json',
      'cache-control': isComplete ? cacheControlOf(answered, isPersonal) : 'no-store',
      'x-gateway-completed': String(isComplete),
      ...(vary !== '' && { vary }),
    },
    body: Buffer.concat(pieces),
  };
}

/**
 * How long the whole may be kept (RFC 9111, section 5.2): as long as the part that may be kept for the shortest time,
 * what has passed of that taken off. Without a word from every part it must be asked for again each time, and what may be
 * about the caller is for the caller's own cache alone.
 */
function cacheControlOf(answered: readonly AnswerFields[], isPersonal: boolean): string {
  const all = answered.map(directivesOf);
  if (all.some((directives) => directives.has('no-store'))) return 'no-store';
  const isPrivate = isPersonal || all.some((directives) => directives.has('private'));
  const seconds = Math.min(...all.map((directives, at) => freshSeconds(directives, answered[at]?.['age'])));
  const freshness = seconds > 0 ? `max-age=${seconds}` : 'no-cache';
  return isPrivate ? `private, ${freshness}` : freshness;
}

function directivesOf(fields: AnswerFields): ReadonlyMap<string, string> {
  const directives = new Map<string, string>();
  for (const directive of textOf(fields['cache-control']).toLowerCase().split(',')) {
    const [name = '', value = ''] = directive.split('=', 2);
    directives.set(name.trim(), value.trim().replaceAll('"', ''));
  }
  return directives;
}

function freshSeconds(directives: ReadonlyMap<string, string>, age: string | string[] | undefined): number {
  const maxAge = directives.get('max-age') ?? '';
  if (directives.has('no-cache') || !/^\d{1,9}$/.test(maxAge)) return 0;
  const passed = /^\d{1,9}$/.test(textOf(age)) ? Number(textOf(age)) : 0;
  return Math.max(0, Number(maxAge) - passed);
}

/** Parts are not asked with the client's own. */
const NOT_HANDED_ON = new Set(['accept', 'accept-encoding', 'accept-charset']);

/** What the parts depend on, each name once (RFC 9110, section 12.5.5). */
function varyOf(answered: readonly AnswerFields[]): string {
  const names = new Set<string>();
  for (const { vary } of answered) {
    for (const name of textOf(vary).toLowerCase().split(',')) names.add(name.trim());
  }
  if (names.has('*')) return '*';
  return [...names].filter((name) => TOKEN.test(name) && !NOT_HANDED_ON.has(name)).join(', ');
}

function textOf(value: string | string[] | undefined): string {
  return [value ?? []].flat().join(',');
}
