import type { RequestContext } from '../../context.ts';
import { Refusal } from '../identity.ts';
import { valuesOf } from './as-sent.ts';
import { type Component, readComponents } from './component.ts';
import { type InnerList, isInnerList, type Parameters, parseDictionary, spell } from './structured.ts';

/** One signature of a message, read and not verified (RFC 9421, sections 2.3 and 4). */
export interface SignedMessage {
  readonly components: readonly Component[];
  /** Components and parameters in their one spelling, which is the last line of the signature base. */
  readonly parametersText: string;
  readonly signature: Buffer;
  readonly keyid: string;
  readonly createdAtMs: number | undefined;
  readonly expiresAtMs: number | undefined;
  readonly nonce: string | undefined;
  readonly alg: string | undefined;
  readonly tag: string | undefined;
}

const MAX_FIELD_CHARS = 8192;
/** A proxy or two may have signed it as well. */
const MAX_SIGNATURES = 8;
const MAX_NONCE_CHARS = 256;

const NO_INPUT = new Refusal('a Signature came without its Signature-Input');
const NO_SIGNATURE = new Refusal('a Signature-Input came without its Signature');
const TOO_LONG = new Refusal('Signature or Signature-Input is too long');
const MALFORMED = new Refusal('Signature or Signature-Input is malformed');
const TOO_MANY = new Refusal('the request has too many signatures');
const UNKNOWN_KEY = new Refusal('the key of the signature is not known', { kind: 'unknown' });
const AMBIGUOUS = new Refusal('the request has more than one signature of keys that are known');

/** Which of several signatures counts: the one of a key that is known, and with the tag where one is asked for. */
export interface Wanted {
  readonly tag: string | undefined;
  readonly isKnown: (keyid: string) => boolean;
}

/** Reads the signature that counts; undefined where the request has none at all. */
export function readSignedMessage(context: RequestContext, wanted: Wanted): SignedMessage | Refusal | undefined {
  const { headers } = context.req;
  if (headers['signature-input'] === undefined && headers['signature'] === undefined) return undefined;
  const inputs = readField(context, 'signature-input', NO_INPUT);
  if (inputs instanceof Refusal) return inputs;
  const signatures = readField(context, 'signature', NO_SIGNATURE);
  if (signatures instanceof Refusal) return signatures;
  const chosen = [...inputs].filter(([, [, parameters]]) => isWanted(parameters, wanted));
  const [first] = chosen;
  if (first === undefined) return UNKNOWN_KEY;
  if (chosen.length > 1) return AMBIGUOUS;
  const [label, member] = first;
  const [signature] = signatures.get(label) ?? [];
  if (signature === undefined) return NO_SIGNATURE;
  if (!(signature instanceof ArrayBuffer) || !isInnerList(member)) return MALFORMED;
  return readMember(member, Buffer.from(signature));
}

function isWanted(parameters: Parameters, { tag, isKnown }: Wanted): boolean {
  const keyid = parameters.get('keyid');
  if (typeof keyid !== 'string' || !isKnown(keyid)) return false;
  return tag === undefined || parameters.get('tag') === tag;
}

function readMember(member: InnerList, signature: Buffer): SignedMessage | Refusal {
  const [items, parameters] = member;
  const read = readParameters(parameters);
  if (read === undefined) return MALFORMED;
  const components = readComponents(items);
  if (components instanceof Refusal) return components;
  return { ...read, components, keyid: String(parameters.get('keyid')), parametersText: spell(member), signature };
}

function readField(context: RequestContext, name: string, missing: Refusal) {
  const text = valuesOf(context, name)?.join(', ');
  if (text === undefined) return missing;
  if (text.length > MAX_FIELD_CHARS) return TOO_LONG;
  const dictionary = parseDictionary(text);
  if (dictionary === undefined || dictionary.size === 0) return MALFORMED;
  return dictionary.size > MAX_SIGNATURES ? TOO_MANY : dictionary;
}

function readParameters(parameters: Parameters) {
  const texts = ['nonce', 'alg', 'tag'].map((name) => parameters.get(name));
  const times = ['created', 'expires'].map((name) => parameters.get(name));
  if (!texts.every((text) => text === undefined || (typeof text === 'string' && text.length <= MAX_NONCE_CHARS)))
    return undefined;
  if (!times.every((time) => time === undefined || Number.isSafeInteger(time))) return undefined;
  const [nonce, alg, tag] = texts as (string | undefined)[];
  const [createdAtMs, expiresAtMs] = times.map((time) => (time === undefined ? undefined : Number(time) * 1000));
  return { nonce, alg, tag, createdAtMs, expiresAtMs };
}
