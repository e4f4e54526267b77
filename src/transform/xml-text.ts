import { MessageFault } from './message-fault.ts';

/** The names of the characters that XML can't have as they are (XML 1.0, section 4.6); all that there are without a DTD. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** What XML has no way to say (XML 1.0, section 2.2). */
const FORBIDDEN = /[\p{Cs}\ufffe\uffff]|(?![\t\n\r\u007f-\u009f])\p{Cc}/u;
const START =
  ':A-Z_a-z\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C-\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD';
const NAME = new RegExp(`^[${START}][${START}.0-9\\u00B7\\u0300-\\u036F\\u203F-\\u2040-]*$`);

/** True for the name of an element or an attribute, with a prefix or without (Namespaces in XML, section 3). */
export function isXmlName(name: string): boolean {
  return NAME.test(name) && /^[^:]+(?::[^:]+)?$/.test(name) && name.length <= 256;
}

/** Text with the references to characters resolved. Throws `MessageFault` for any other: without a DTD there is none. */
export function decodeReferences(text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(
    /&(?:#(?:x([0-9a-fA-F]{1,8})|(\d{1,8}))|([A-Za-z_][\w.-]*));/g,
    (all, hex?: string, dec?: string, name?: string) => {
      const character =
        name === undefined ? fromCode(hex === undefined ? Number(dec) : Number.parseInt(hex, 16)) : NAMED.get(name);
      if (character === undefined || FORBIDDEN.test(character))
        throw new MessageFault('malformed', `${all} stands for no character`);
      return character;
    },
  );
}

function fromCode(code: number): string | undefined {
  return code > 0x10ffff ? undefined : String.fromCodePoint(code);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#9;',
};

/** Text between tags. Throws `MessageFault` for characters that XML can't have. */
export function escapeText(text: string): string {
  return speakable(text).replaceAll(/[&<>\r]/g, (character) => ESCAPES[character] as string);
}

/** The value of an attribute, in double quotes: whose blanks a reader would make spaces of. */
export function escapeAttribute(text: string): string {
  return speakable(text).replaceAll(/[&<>"\r\n\t]/g, (character) => ESCAPES[character] as string);
}

/** True for a text that XML can't have, however it is escaped (XML 1.0, section 2.2). */
export function hasForbiddenCharacter(text: string): boolean {
  return FORBIDDEN.test(text);
}

function speakable(text: string): string {
  if (hasForbiddenCharacter(text)) throw new MessageFault('malformed', 'a text with characters that XML does not have');
  return text;
}
