import { MemberScan } from './member-scan.ts';

const MARK = '\ufeff';
/** Lines that are no data: fields (WHATWG HTML, section 9.2.6), and comments. */
const NO_DATA = /^(?:(?:event|id|retry)(?::|$)|:|$)/;

/** One event of a stream, read. */
export interface EventData {
  /** Its data is a JSON object, or a list. */
  readonly value: object | undefined;
  /** Data that is no such thing, and lines that are none of an event. */
  readonly unread: string;
}

/** Reads an event; also what is JSON without being one, for whoever sends that as a stream. */
export function readEvent(text: string): EventData {
  const lines = linesOf(text);
  const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(line[5] === ' ' ? 6 : 5));
  const others = lines.filter((line) => !line.startsWith('data:') && !NO_DATA.test(line)).join('\n');
  if (data.length === 0) return readText(others);
  const { value, unread } = readText(data.join('\n'));
  return { value, unread: unread + others };
}

function readText(text: string): EventData {
  const value = parse(text);
  return { value, unread: value !== undefined || text.trim() === '[DONE]' ? '' : text };
}

/** The event without the member `usage` of its data, and with every other byte where that is possible. */
export function withoutUsage(event: Buffer, value: object): Buffer {
  if (!Object.hasOwn(value, 'usage')) return event;
  const cut = cutOut(event);
  const left = cut === undefined ? undefined : readEvent(cut.toString()).value;
  // A name may stand twice, or be written with escapes, and its value in several lines.
  return cut === undefined || left === undefined || Object.hasOwn(left, 'usage') ? writtenAnew(event, value) : cut;
}

function cutOut(event: Buffer): Buffer | undefined {
  const begin = event.indexOf('data:');
  const scan = new MemberScan('usage');
  scan.push(event.subarray(begin + 5));
  const { range } = scan;
  if (range === undefined) return undefined;
  return Buffer.concat([event.subarray(0, begin + 5 + range.from), event.subarray(begin + 5 + range.to)]);
}

function writtenAnew(event: Buffer, value: object): Buffer {
  const { usage: _, ...others } = value as { usage?: unknown };
  let data: string;
  try {
    data = JSON.stringify(others);
  } catch {
    // Nested too deep to be written: it is the client's to read.
    return event;
  }
  const parts = event.toString().split(/(\r\n|\n|\r)/);
  const lines: string[] = [];
  let isWritten = false;
  for (let i = 0; i < parts.length; i += 2) {
    const line = parts[i] as string;
    const end = parts[i + 1] ?? '';
    if (!isData(line)) lines.push(line, end);
    else if (!isWritten) lines.push(line.startsWith(MARK) ? MARK : '', `data: ${data}`, end);
    isWritten ||= isData(line);
  }
  return Buffer.from(lines.join(''));
}

function isData(line: string): boolean {
  return line.startsWith('data:') || line.startsWith(`${MARK}data:`);
}

/** A stream may begin with a mark that is none of its first line. */
function linesOf(text: string): string[] {
  return (text.startsWith(MARK) ? text.slice(1) : text).split(/\r\n|\n|\r/);
}

function parse(data: string): object | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // What is no JSON tells nothing, and is the client's to read.
    return undefined;
  }
}
