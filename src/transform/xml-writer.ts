import { isObject, type JsonObject } from '../lib/json-object.ts';
import { isRawNumber } from '../lib/json-text.ts';
import { MessageFault } from './message-fault.ts';
import { escapeAttribute, escapeText, isXmlName } from './xml-text.ts';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
/** The root of what has none of its own; the items of a list that is no member. */
const DEFAULT_ROOT = 'root';
const ITEM = 'item';

/**
 * JSON as an XML document in UTF-8, the way back of `readXml`: members are elements, `@name` attributes, `#text` the
 * text; a list stands once for each of its items. An object with one member is that element, unless `root` names one.
 * Throws `MessageFault` for names and characters that XML does not have: what a client writes never becomes a tag.
 */
export function writeXml(value: unknown, root?: string): string {
  const own = root === undefined ? onlyElement(value) : undefined;
  const [name, content] = own ?? [root ?? DEFAULT_ROOT, value];
  return DECLARATION + element(name, Array.isArray(content) ? { [ITEM]: content } : content);
}

function onlyElement(value: unknown): readonly [string, unknown] | undefined {
  if (!isObject(value)) return undefined;
  const [only, ...others] = Object.entries(value);
  if (only === undefined || others.length > 0 || Array.isArray(only[1])) return undefined;
  return only[0].startsWith('@') || only[0] === '#text' ? undefined : only;
}

function element(name: string, value: unknown): string {
  const tag = checkedName(name);
  if (Array.isArray(value))
    return value.map((item) => element(tag, Array.isArray(item) ? { [ITEM]: item } : item)).join('');
  if (!isObject(value)) return wrap(tag, '', textOf(value));
  return wrap(tag, attributesOf(value), contentOf(value));
}

function wrap(tag: string, attributes: string, content: string): string {
  return content === '' ? `<${tag}${attributes}/>` : `<${tag}${attributes}>${content}</${tag}>`;
}

function attributesOf(value: JsonObject): string {
  let attributes = '';
  for (const [name, one] of Object.entries(value)) {
    if (!name.startsWith('@')) continue;
    if (isObject(one) || Array.isArray(one)) throw new MessageFault('malformed', 'an attribute that is no text');
    attributes += ` ${checkedName(name.slice(1))}="${escapeAttribute(plainText(one))}"`;
  }
  return attributes;
}

function contentOf(value: JsonObject): string {
  let content = '';
  for (const [name, one] of Object.entries(value)) {
    if (name === '#text') {
      if (isObject(one) || Array.isArray(one)) throw new MessageFault('malformed', 'a #text that is no text');
      content += textOf(one);
    } else if (!name.startsWith('@')) {
      content += element(name, one);
    }
  }
  return content;
}

const textOf = (value: unknown): string => escapeText(plainText(value));

function plainText(value: unknown): string {
  if (value === null) return '';
  return isRawNumber(value) ? value.rawJSON : String(value);
}

function checkedName(name: string): string {
  if (!isXmlName(name)) throw new MessageFault('malformed', 'a member whose name can be none of an element in XML');
  return name;
}
