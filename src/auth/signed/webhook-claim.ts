import type { RequestContext } from '../../context.ts';
import { Refusal } from '../identity.ts';
import type { SentSignature, WebhookForm } from './webhook-form.ts';

/** What a request says of itself, found well-formed and of now, before a byte of its body is read. */
export interface WebhookClaim {
  readonly signatures: readonly SentSignature[];
  /** As it was sent, which is what is signed. */
  readonly timestamp: string;
  readonly id: string;
  /** When the signed time is over (epoch ms); undefined where none is signed. */
  readonly endsAtMs: number | undefined;
}

const MALFORMED = new Refusal('the signature is malformed');
const NO_TIME = new Refusal('the signature comes without the time that it is made over');
const BAD_TIME = new Refusal('the time of the signature is no time');
const NO_ID = new Refusal('the signature comes without the ID that it is made over');
const BAD_ID = new Refusal('the ID of the message is malformed');

/** A dot or a colon in it could be what separates it from the rest of what is signed. */
const ID = /^[A-Za-z0-9_-]{1,256}$/;
/** Of now, whatever the unit; another count of digits could be the beginning of a body. */
const TIMES = { 1000: /^\d{10}$/, 1: /^\d{13}$/ } as const;

/** Reads it from the fields; undefined where the request carries no signature of this form. */
export function readClaim(
  { req: { headers } }: RequestContext,
  form: WebhookForm,
  nowMs: number,
): WebhookClaim | Refusal | undefined {
  const field = headers[form.header];
  if (field === undefined) return undefined;
  // What Node has joined of several fields is none that reads.
  const sent = form.read(String(field));
  if (sent === undefined) return MALFORMED;
  const id = form.idHeader === undefined ? '' : headers[form.idHeader];
  if (id === undefined) return NO_ID;
  if (form.idHeader !== undefined && !ID.test(String(id))) return BAD_ID;
  const claim = { signatures: sent.signatures, id: String(id) };
  if (form.timestamp === undefined) return { ...claim, timestamp: '', endsAtMs: undefined };
  const { header } = form.timestamp;
  const timestamp = header === undefined ? sent.timestamp : headers[header];
  if (timestamp === undefined) return NO_TIME;
  const endsAtMs = readEnd(String(timestamp), form.timestamp, nowMs);
  return endsAtMs instanceof Refusal ? endsAtMs : { ...claim, timestamp: String(timestamp), endsAtMs };
}

function readEnd(
  timestamp: string,
  { unitMs, toleranceMs }: NonNullable<WebhookForm['timestamp']>,
  nowMs: number,
): number | Refusal {
  if (!TIMES[unitMs].test(timestamp)) return BAD_TIME;
  return endOfWindow(Number(timestamp) * unitMs, toleranceMs, nowMs, 'the time of the signature');
}

/** When a time that is `toleranceMs` from now at most will be so no more; a refusal where it isn't. */
export function endOfWindow(atMs: number, toleranceMs: number, nowMs: number, what: string): number | Refusal {
  const ageMs = nowMs - atMs;
  if (Math.abs(ageMs) <= toleranceMs) return atMs + toleranceMs;
  const seconds = Math.round(Math.abs(ageMs) / 1000);
  const forLog = `it is ${seconds} s ${ageMs > 0 ? 'old' : 'ahead'}, and ${toleranceMs / 1000} s are taken`;
  return new Refusal(`${what} is too far from now`, { forLog });
}
