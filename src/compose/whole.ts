import { TOKEN } from '../lib/http-token.ts';
import type { AnswerFields } from '../sink.ts';
import { cacheControlOf } from './cache-control.ts';
import { fieldText } from './field-text.ts';
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

/** Parts are not asked with the client's own. */
const NOT_HANDED_ON = new Set(['accept', 'accept-encoding', 'accept-charset']);

/** What the parts depend on, each name once (RFC 9110, section 12.5.5). */
function varyOf(answered: readonly AnswerFields[]): string {
  const names = new Set<string>();
  for (const { vary } of answered) {
    for (const name of fieldText(vary).toLowerCase().split(',')) names.add(name.trim());
  }
  if (names.has('*')) return '*';
  return [...names].filter((name) => TOKEN.test(name) && !NOT_HANDED_ON.has(name)).join(', ');
}
