import { STATUS_CODES } from 'node:http';
import type { AnswerFields } from '../../sink.ts';

const LATEST_STATUS = 599;
/** Anything that is not printable in a reason phrase (RFC 9112, section 4). */
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * True for a head that must not be passed on: a status out of range, a control character in the reason, or a trailer
 * announced where none can be.
 */
export function isStrangeHead(status: number, reason: string | undefined, headers: AnswerFields): boolean {
  if (status < 200 || status > LATEST_STATUS) return true;
  if (reason !== undefined && reason !== '' && reason !== STATUS_CODES[status] && CONTROL.test(reason)) return true;
  return headers['trailer'] !== undefined && headers['transfer-encoding'] === undefined;
}
