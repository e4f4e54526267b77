import { isHtmlType, isJsonType, isXmlType, mediaTypeOf } from './media-type.ts';

/** Makes a text from elsewhere harmless where it is put. */
export type Escape = (text: string) => string;

export const asItIs: Escape = (text) => text;

/** Within a string of JSON (RFC 8259, section 7). */
export const escapeForJson: Escape = (text) => JSON.stringify(text).slice(1, -1);

/** ASCII that means something in some place of a page; and what is no character of XML, which a reference may not name. */
const UNSAFE = /[\p{ASCII}--[a-zA-Z0-9,.\/:_\-]]|[\ud800-\udfff\ufffe\uffff]/gv;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NO_CHARACTER = /[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]/u;

/**
 * For the text of an element and for the value of an attribute, quoted or not: no blank ends it, and no `=`, quote or
 * grave accent begins another (WHATWG HTML, section 13.1.2.3; XML 1.0, sections 2.2 and 2.4).
 */
export const escapeForMarkup: Escape = (text) =>
  text.replace(UNSAFE, (character) => (NO_CHARACTER.test(character) ? '\ufffd' : `&#${character.codePointAt(0)};`));

/** How what comes from elsewhere is put into a text of this type; undefined where it can't be done safely. */
export function escapeFor(contentType: string): Escape | undefined {
  if (isHtmlType(contentType) || isXmlType(contentType)) return escapeForMarkup;
  if (isJsonType(contentType)) return escapeForJson;
  return mediaTypeOf(contentType) === 'text/plain' ? asItIs : undefined;
}
