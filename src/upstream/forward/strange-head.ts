import { STATUS_CODES } from 'node:http';
import type { AnswerFields } from '../../sink.ts';

const LATEST_STATUS = 599;
/** Anything that is not printable in a reason phrase (RFC 9112, section 4). */
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * True for a head that must not be passed on: a status out of range, a control character in the reason, a trailer
 * announced where none can be, a length that is none or beside a coding, or a coding that nobody here can undo.
 */
export function isStrangeHead(status: number, reason: string | undefined, headers: AnswerFields): boolean {
  if (status < 200 || status > LATEST_STATUS) return true;
  if (reason !== undefined && reason !== '' && reason !== STATUS_CODES[status] && CONTROL.test(reason)) return true;
  const coding = headers['transfer-encoding'];
  if (headers['trailer'] !== undefined && coding === undefined) return true;
  return hasStrangeFraming(headers['content-length'], coding);
}

/** RFC 9112, sections 6.1 and 6.3. */
function hasStrangeFraming(length: AnswerFields[string], coding: AnswerFields[string]): boolean {
  if (coding !== undefined && (length !== undefined || String(coding).trim().toLowerCase() !== 'chunked')) return true;
  return length !== undefined && (typeof length !== 'string' || !LENGTH.test(length));
}

/** Up to a thousand terabytes. */
const LENGTH = /^\d{1,15}$/;
