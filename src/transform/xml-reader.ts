import { createRequire } from 'node:module';
import type { XMLParser } from 'fast-xml-parser';
import type { JsonObject } from '../lib/json-object.ts';
import { MAX_JSON_DEPTH } from '../lib/json-text.ts';
import { MessageFault } from './message-fault.ts';
import { decodeReferences, hasForbiddenCharacter, isXmlName } from './xml-text.ts';

/*
 * The one place that knows fast-xml-parser (5.12), which is loaded with the first document. It reads tags, attributes
 * and CDATA, in order. Whatever has made trouble in it is not used: entities (its limits have been got round twice,
 * GHSA-jmr7-xgp7-cmfj and GHSA-8gc5-j5rx-235r), a DTD (refused here before it sees one), numbers, objects by names
 * from outside (it refuses `constructor`, so that names carry a mark).
 */

/** How an XML document becomes JSON. */
export interface XmlReading {
  /** Elements that are a list even where there is one of them, or none, by the path of the one they are in. */
  readonly lists: ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether text that is a number, or true or false, becomes one. */
  readonly numbers: boolean;
}

/** The elements of these paths, `order.items.item` for one, as `XmlReading` has them. */
export function listsAt(paths: readonly string[]): XmlReading['lists'] {
  const lists = new Map<string, Set<string>>();
  for (const path of paths) {
    const dot = path.lastIndexOf('.');
    const names = lists.get(path.slice(0, dot)) ?? new Set<string>();
    lists.set(path.slice(0, dot), names.add(path.slice(dot + 1)));
  }
  return lists;
}

/** What a document is, at most, and how much of what takes time in it: nothing else is served meanwhile. */
export const MAX_XML_BYTES = 1024 * 1024;
/** Elements and attributes: each costs some microseconds. */
const MAX_PARTS = 30_000;
/** `&amp;` and the like; each costs less than one. */
const MAX_REFERENCES = 50_000;
const MARK = ':';

/** A node as the library has it: a text, a CDATA section, or an element with what is in it and its attributes. */
type Node = { readonly [name: string]: unknown };

const require = createRequire(import.meta.url);
let parser: XMLParser | undefined;

function parserOf(): XMLParser {
  if (parser === undefined) {
    const library = require('fast-xml-parser') as typeof import('fast-xml-parser');
    parser = new library.XMLParser({
      preserveOrder: true,
      ignoreAttributes: false,
      attributeNamePrefix: '@',
      cdataPropName: '#cdata',
      parseTagValue: false,
      trimValues: false,
      processEntities: false,
      ignoreDeclaration: true,
      ignorePiTags: true,
      maxNestedTags: MAX_JSON_DEPTH,
      transformTagName: (name) => MARK + name,
      jPath: false,
    });
  }
  return parser;
}

/**
 * An XML document (XML 1.0) as JSON: an object with the name of the root. An element with text alone is a text, any
 * other an object of its parts, with attributes under `@name` and text under `#text`; what stands several times is a
 * list. Throws `MessageFault` for what is no XML, has a DTD, or is too deep or too large.
 */
export function readXml(text: string, reading: XmlReading): JsonObject {
  if (hasForbiddenCharacter(text)) throw new MessageFault('malformed', 'a text with characters that XML does not have');
  if (hasDoctype(text)) throw new MessageFault('malformed', 'a document with a DTD, which is refused');
  refuseTooMany(text);
  const roots = (parse(text) as Node[]).filter((node) => !isText(node));
  const [root] = roots;
  if (root === undefined || roots.length > 1) throw new MessageFault('malformed', 'not one root element');
  const name = nameOf(root);
  return Object.fromEntries([[name, contentOf(root, name, reading)]]);
}

function parse(text: string): unknown {
  try {
    return parserOf().parse(text, true);
  } catch (cause) {
    // Its message quotes the document.
    const [, line] = /:(\d+):\d+$/.exec((cause as Error).message) ?? [];
    throw new MessageFault('malformed', `no XML${line === undefined ? '' : `, at line ${line}`}`, { cause });
  }
}

/** `<!` begins a comment, a CDATA section, or what belongs to a DTD: no attribute and no text can have it. */
function hasDoctype(text: string): boolean {
  for (const [found] of text.matchAll(/<!(?:--[\s\S]*?-->|\[CDATA\[[\s\S]*?\]\]>)?/g)) if (found === '<!') return true;
  return false;
}

/** Throws `MessageFault`. */
function refuseTooMany(text: string): void {
  let parts = 0;
  let references = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // "<" without the tags that only close, and "=" for attributes.
    if ((code === 0x3c && text.charCodeAt(i + 1) !== 0x2f) || code === 0x3d) parts++;
    else if (code === 0x26) references++;
  }
  if (parts > MAX_PARTS) throw new MessageFault('too large', `more than ${MAX_PARTS} elements and attributes`);
  if (references > MAX_REFERENCES)
    throw new MessageFault('too large', `more than ${MAX_REFERENCES} references to characters`);
}

const isText = (node: Node): boolean => '#text' in node || '#cdata' in node;

/** The library marks the name of an empty element twice. */
function nameOf(node: Node): string {
  const name = (Object.keys(node).find((key) => key !== ':@') ?? '').replace(/^:+/, '');
  if (!isXmlName(name)) throw new MessageFault('malformed', 'a name that no element can have');
  return name;
}

function contentOf(node: Node, path: string, reading: XmlReading): unknown {
  const children = (Object.entries(node).find(([key]) => key !== ':@')?.[1] ?? []) as readonly Node[];
  const members = new Map<string, unknown>();
  for (const [name, value] of Object.entries((node[':@'] ?? {}) as Readonly<Record<string, string>>))
    members.set(name, plainValue(decodeReferences(value), reading));
  for (const [name, items] of elementsIn(children, path, reading)) {
    const isList = items.length !== 1 || reading.lists.get(path)?.has(name) === true;
    members.set(name, isList ? items : items[0]);
  }
  const text = textOf(children);
  if (members.size === 0) return plainValue(text, reading);
  if (text !== '') members.set('#text', plainValue(text, reading));
  return Object.fromEntries(members);
}

/** The elements by their names, those that are a list with none of them too. */
function elementsIn(children: readonly Node[], path: string, reading: XmlReading): ReadonlyMap<string, unknown[]> {
  const elements = new Map<string, unknown[]>();
  for (const child of children) {
    if (isText(child)) continue;
    const name = nameOf(child);
    const value = contentOf(child, `${path}.${name}`, reading);
    const before = elements.get(name);
    if (before === undefined) elements.set(name, [value]);
    else before.push(value);
  }
  for (const name of reading.lists.get(path) ?? []) if (!elements.has(name)) elements.set(name, []);
  return elements;
}

/** Blanks around the text and between elements are layout, except in CDATA. */
function textOf(children: readonly Node[]): string {
  let text = '';
  let hasSections = false;
  for (const child of children) {
    if ('#cdata' in child) {
      hasSections = true;
      text += ((child['#cdata'] as readonly Node[])[0]?.['#text'] as string | undefined) ?? '';
    } else if ('#text' in child) {
      const piece = decodeReferences(String(child['#text']));
      if (!hasSections || piece.trim() !== '') text += piece;
    }
  }
  return hasSections ? text : text.trim();
}

/** As JSON writes a number, and no longer than a double keeps; `007` is a name, and so is the number of a card. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

function plainValue(text: string, { numbers }: XmlReading): unknown {
  if (!numbers) return text;
  if (text === 'true' || text === 'false') return text === 'true';
  return NUMBER.test(text) && text.replace(/[-.]/g, '').length <= 15 ? Number(text) : text;
}
