import {
  applyEdits,
  createScanner,
  type Edit,
  findNodeAtLocation,
  type JSONPath,
  type Node,
  parseTree,
} from 'jsonc-parser';
import { isObject } from '../lib/json-object.ts';

/*
 * Edits of JSON with comments that touch nothing but what they are for. jsonc-parser's own `modify` either writes a
 * value without any layout or lays out the whole line anew; these take the layout of the neighbours.
 */

/** Sets a member of an object: its value alone is replaced, or the member is put after the last. */
export function setMember(text: string, path: JSONPath, value: unknown): string {
  const existing = nodeAt(text, path);
  if (existing !== undefined) {
    return applyEdits(text, [{ offset: existing.offset, length: existing.length, content: renderInline(value) }]);
  }
  const parent = nodeAt(text, path.slice(0, -1));
  const name = JSON.stringify(path.at(-1));
  return parent === undefined ? text : insert(text, parent, (layout) => `${name}: ${renderValue(value, layout)}`);
}

/** Puts an item at the end of a list, which is made where there is none. */
export function appendItem(text: string, path: JSONPath, item: unknown): string {
  const list = nodeAt(text, path);
  if (list?.type !== 'array') return setMember(text, path, [item]);
  return insert(text, list, (layout) => renderValue(item, layout));
}

/** Takes an item out of a list, and what stands in its lines; what stands in other lines stays. */
export function removeItem(text: string, path: JSONPath): string {
  const node = nodeAt(text, path);
  const siblings = node?.parent?.children ?? [];
  if (node?.parent === undefined) return text;
  const before = siblings[siblings.indexOf(node) - 1];
  const own = commaAfter(text, node, node.parent);
  // The last of a list has the comma before it, which would be one too many.
  const comma = own ?? (before && siblings.at(-1) === node ? commaAfter(text, before, node.parent) : undefined);
  const { from, to } = spanOf(text, node, own);
  const edits: Edit[] = [{ offset: from, length: to - from, content: '' }];
  if (comma !== undefined && (comma < from || comma >= to)) edits.push({ offset: comma, length: 1, content: '' });
  return applyEdits(text, edits);
}

/** Where something new stands. */
interface Layout {
  readonly indent: string;
  readonly unit: string;
  readonly eol: string;
  /** False: all of it in one line, as its neighbours are. */
  readonly isExpanded: boolean;
}

function nodeAt(text: string, path: JSONPath): Node | undefined {
  const root = parseTree(text, [], { allowTrailingComma: true });
  return root === undefined ? undefined : findNodeAtLocation(root, path);
}

const endOf = ({ offset, length }: Node): number => offset + length;

function insert(text: string, container: Node, render: (layout: Layout) => string): string {
  const last = container.children?.at(-1);
  const closer = endOf(container) - 1;
  const style = { unit: indentationUnit(text), eol: text.includes('\r\n') ? '\r\n' : '\n' };
  if (last === undefined) return insertFirst(text, container, style, render);
  const comma = commaAfter(text, last, container);
  if (!startsLine(text, last.offset)) {
    const value = render({ ...style, indent: indentationAt(text, last.offset), isExpanded: false });
    const content = comma === undefined ? `, ${value}` : ` ${value},`;
    return applyEdits(text, [{ offset: comma === undefined ? endOf(last) : comma + 1, length: 0, content }]);
  }
  const indent = indentationAt(text, last.offset);
  const isExpanded = last.type !== 'object' || text.slice(last.offset, endOf(last)).includes('\n');
  const line = `${style.eol}${indent}${render({ ...style, indent, isExpanded })}`;
  // After the comments that follow the last one, which belong to it.
  const tail = text.slice(0, closer).trimEnd().length;
  if (comma !== undefined) return applyEdits(text, [{ offset: tail, length: 0, content: `${line},` }]);
  return applyEdits(text, [
    { offset: endOf(last), length: 0, content: ',' },
    { offset: tail, length: 0, content: line },
  ]);
}

function insertFirst(
  text: string,
  container: Node,
  style: Pick<Layout, 'unit' | 'eol'>,
  render: (layout: Layout) => string,
): string {
  const closer = endOf(container) - 1;
  const isRow = container.type === 'array' && container.parent?.children?.[0]?.value === 'keys';
  const hasLines = text.slice(container.offset, closer).includes('\n');
  if (!hasLines && (isRow || !startsLine(text, (container.parent ?? container).offset))) {
    const value = render({ ...style, indent: '', isExpanded: false });
    const content = container.type === 'object' ? ` ${value} ` : value;
    return applyEdits(text, [{ offset: container.offset + 1, length: 0, content }]);
  }
  const outer = indentationAt(text, container.offset);
  const indent = outer + style.unit;
  const tail = text.slice(0, closer).trimEnd().length;
  const end = text.slice(tail, closer).includes('\n') ? '' : `${style.eol}${outer}`;
  const content = `${style.eol}${indent}${render({ ...style, indent, isExpanded: true })}${end}`;
  return applyEdits(text, [{ offset: tail, length: 0, content }]);
}

/** One line for a value; consumers and lists of objects have lines of their own where their neighbours have. */
function renderValue(value: unknown, layout: Layout): string {
  if (!layout.isExpanded) return renderInline(value);
  const inner = { ...layout, indent: layout.indent + layout.unit };
  const lines = (items: readonly string[]) =>
    `${layout.eol}${items.map((item) => inner.indent + item).join(`,${layout.eol}`)}${layout.eol}${layout.indent}`;
  if (Array.isArray(value) && value.some(isObject)) return `[${lines(value.map((item) => renderValue(item, inner)))}]`;
  // A key fits into a line, a consumer does not.
  if (!isObject(value) || !('name' in value)) return renderInline(value);
  return `{${lines(membersOf(value).map(([name, member]) => `${JSON.stringify(name)}: ${renderValue(member, inner)}`))}}`;
}

function membersOf(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, member]) => member !== undefined);
}

function renderInline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(renderInline).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = membersOf(value).map(([name, member]) => `${JSON.stringify(name)}: ${renderInline(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

/** Where the comma after a child is, comments left aside; undefined after the last of a list without one. */
function commaAfter(text: string, node: Node, container: Node): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(endOf(node));
  scanner.scan();
  const at = scanner.getTokenOffset();
  return text[at] === ',' && at < endOf(container) ? at : undefined;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** What goes with an item: its lines where they are its own, else it, its comma and the space to its neighbour. */
function spanOf(text: string, node: Node, comma: number | undefined): Span {
  const end = comma === undefined || text.slice(endOf(node), comma).trim() !== '' ? endOf(node) : comma + 1;
  const lineEnd = text.indexOf('\n', end);
  const rest = lineEnd === -1 ? text.slice(end) : text.slice(end, lineEnd);
  if (startsLine(text, node.offset) && /^\s*(?:\/\/.*|\/\*.*\*\/\s*)?$/.test(rest) && lineEnd !== -1) {
    return { from: text.lastIndexOf('\n', node.offset) + 1, to: lineEnd + 1 };
  }
  if (comma !== undefined) return { from: node.offset, to: end + (/^[ \t]*/.exec(text.slice(end))?.[0].length ?? 0) };
  const left = text.slice(0, node.offset).trimEnd();
  return { from: /[,[]$/.test(left) ? left.length : node.offset, to: end };
}

function startsLine(text: string, offset: number): boolean {
  const lineBreak = text.lastIndexOf('\n', offset - 1);
  return lineBreak !== -1 && text.slice(lineBreak, offset).trim() === '';
}

/** The white space that the line of this offset begins with. */
function indentationAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1))?.[0] ?? '';
}

/** One step of indentation: that of the first line that has any; two spaces where none has. */
function indentationUnit(text: string): string {
  return /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';
}
