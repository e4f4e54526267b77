import { isReadAsUtf8, parseMediaType } from '../lib/media-type.ts';
import { formOf } from './message-body.ts';

/**
 * Why a body of these Content-Types can't be edited as what its reader takes it for; undefined where it can, or is no JSON.
 * JSON is read and written in UTF-8 here (RFC 8259, section 8.1): a reader that goes by another charset finds other names in
 * the same bytes, one that goes by the second of two types finds JSON where none was edited.
 */
export function findTypeFault(fields: readonly string[]): string | undefined {
  if (!fields.some((field) => /json/i.test(field))) return undefined;
  const [field = '', ...others] = fields;
  if (others.length > 0) return 'has more than one Content-Type';
  const type = parseMediaType(field);
  if (type === undefined) return 'has a Content-Type that is not one media type, written as RFC 9110 has it';
  return formOf(field) === 'json' && !isReadAsUtf8(type) ? 'is JSON in another charset than UTF-8' : undefined;
}
