import { GatewayError } from '../errors.ts';
import { findDuplicateKey } from '../lib/duplicate-keys.ts';
import { foldName } from '../lib/fold-name.ts';
import { isRawNumber } from '../lib/json-text.ts';
import { ALL_MAX_FIELDS } from './ask.ts';
import type { ModelApi } from './options.ts';

type Json = Readonly<Record<string, unknown>>;

/** Members that bound an answer, or multiply it. */
const COUNTS = [...ALL_MAX_FIELDS, 'n', 'best_of'];
const READ = [...COUNTS, 'prompt', 'stream', 'stream_options', 'background'];
/** What some services take before the fields of the API: llama.cpp, text-generation-inference. */
const UNBOUNDED = ['n_predict', 'n_cmpl', 'max_new_tokens'];

const FOLDED_READ = new Set(READ.map(foldName));
const FOLDED_UNBOUNDED = new Set(UNBOUNDED.map(foldName));

/** Longer names are none of ours in any spelling. */
const MAX_NAME_CHARS = 64;

/**
 * Throws for a call whose bounds a lenient service may read otherwise than they are read here: a member that stands twice
 * (RFC 8259, section 4), in other letters, or as text. For routes that promise a bound.
 */
export function refuseAmbiguous(body: Json, text: string): void {
  const twice = findDuplicateKey(text);
  if (twice !== undefined) throw new GatewayError('bad_body', `The body has ${twice} twice.`);
  for (const name of Object.keys(body)) refuseOtherName(name);
  for (const name of COUNTS) {
    if (!Object.hasOwn(body, name) || isCount(body[name])) continue;
    throw new GatewayError('invalid_request', `"${name}" is no whole number of 1 or more.`);
  }
}

function refuseOtherName(name: string): void {
  if (name.length > MAX_NAME_CHARS || READ.includes(name)) return;
  const folded = foldName(name);
  if (FOLDED_READ.has(folded)) throw new GatewayError('invalid_request', `Write "${folded}" as the API has it.`);
  if (FOLDED_UNBOUNDED.has(folded)) {
    throw new GatewayError('invalid_request', `"${folded}" is not taken here: the API has other fields for it.`);
  }
}

/** Null is as good as nothing. A number that no double holds is larger than any bound, and lowered. */
function isCount(value: unknown): boolean {
  if (value === null) return true;
  if (isRawNumber(value)) return Number(value.rawJSON) >= 1;
  return typeof value === 'number' && Number.isInteger(value) && value >= 1;
}

/** Throws for a response that is fetched later, by a GET that nothing counts. */
export function refuseBackground(body: Json, api: ModelApi | undefined): void {
  if (api !== 'responses') return;
  for (const [name, value] of Object.entries(body)) {
    if (value === false || value === null || name.length > MAX_NAME_CHARS || foldName(name) !== 'background') continue;
    throw new GatewayError(
      'invalid_request',
      'A response in the background is not taken here: its tokens could not be counted. Send it without "background".',
    );
  }
}
