import { GatewayError } from '../errors.ts';

/** Visible characters with single blanks within (RFC 9110, section 5.5). */
const FIELD_VALUE = /^(?:[\x21-\x7e]+(?:[\t ]+[\x21-\x7e]+)*)?$/;
const CONTROL = /(?!\t)\p{Cc}/u;
const VISIBLE_ASCII = /^[\t\x20-\x7e]*$/;

/** Longer ones are no sign of health, and most servers refuse them. */
export const MAX_VALUE_CHARS = 8192;

/** True for what may stand in the file as the value of a field. */
export function isFieldValue(text: string): boolean {
  return FIELD_VALUE.test(text);
}

/**
 * What was computed for a header field, as it may be sent. ASCII stays as it is, without blanks at its ends; where there
 * are other characters, those and `%` are percent-encoded as UTF-8, so that every server reads the same.
 *
 * Throws `expression_failed` (500) for line breaks and other control characters: what a client sends decoded in a
 * query must never become a field of its own (RFC 9110, section 5.5), and what is left of it would be somebody's guess.
 */
export function checkedFieldValue(name: string, text: string): string {
  if (CONTROL.test(text)) throw refused(name, 'control characters');
  const value = VISIBLE_ASCII.test(text) ? text.trim() : encode(text.trim());
  if (value.length > MAX_VALUE_CHARS) throw refused(name, `more than ${MAX_VALUE_CHARS} characters`);
  return value;
}

function encode(text: string): string {
  return text.toWellFormed().replaceAll(/[^\t\x20-\x24\x26-\x7e]+/g, (others) => encodeURIComponent(others));
}

function refused(name: string, what: string): GatewayError {
  return new GatewayError('expression_failed', undefined, { cause: new Error(`header ${name}: ${what} in its value`) });
}
