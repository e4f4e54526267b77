/** Makes a text from elsewhere harmless where it is put. */
export type Escape = (text: string) => string;

export const asItIs: Escape = (text) => text;

/** Within a string of JSON (RFC 8259, section 7). */
export const escapeForJson: Escape = (text) => JSON.stringify(text).slice(1, -1);

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For the text of an element and for a quoted attribute (WHATWG HTML, section 13.3; XML 1.0, section 2.4). */
export const escapeForMarkup: Escape = (text) => text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
