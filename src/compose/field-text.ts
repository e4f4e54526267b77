import type { AnswerFields } from '../sink.ts';

/** A field as one text, the values of one that came several times in a row (RFC 9110, section 5.3). */
export function fieldText(value: AnswerFields[string]): string {
  return [value ?? []].flat().join(',');
}
