import { BYTES_PER_TOKEN } from './bytes-per-token.ts';
import { type EventReader, EventSplitter } from './event-splitter.ts';
import { MemberScan } from './member-scan.ts';
import { mergeUsage, NOTHING_TOLD, type ToldUsage, usageIn } from './usage.ts';

/** The texts of an answer, by the names that the APIs have for a piece of one. */
const TEXTS =
  /"(?:content|text|delta|arguments|partial_json|thinking|reasoning|reasoning_content|refusal)"\s*:\s*"([^"\\]*(?:\\.[^"\\]*)*)"/g;
/** A longer event is text for the most part. */
const MAX_MEASURED_CHARS = 64 * 1024;

const NOTHING = Buffer.alloc(0);

/**
 * The events of a model's answer: what they tell of its usage, and how much text they carry. Where `hidesUsage`, what the
 * client has not asked for is taken out again: the event that tells the usage and nothing else, and the member `usage` of
 * all others; every other byte stays as it came.
 */
export class ModelEvents implements EventReader {
  readonly #hidesUsage: boolean;
  readonly #splitter = new EventSplitter(this);
  #out: Buffer[] = [];
  /** True when the last event was taken out. */
  #isTakenOut = false;
  told: ToldUsage = NOTHING_TOLD;
  /** `performance.now()` when the first text came; 0 before. */
  firstTextAtMs = 0;
  #textEvents = 0;
  #textBytes = 0;

  constructor(hidesUsage: boolean) {
    this.#hidesUsage = hidesUsage;
  }

  /** Tokens that were streamed, by estimate: no model puts less than one into an event. */
  get estimatedOutput(): number {
    return Math.max(this.#textEvents, Math.ceil(this.#textBytes / BYTES_PER_TOKEN));
  }

  /** Takes a piece in, and answers what the client gets of it now: all of it at once where nothing is taken out. */
  push(chunk: Buffer): Buffer {
    this.#splitter.push(chunk);
    return this.#hidesUsage ? this.#drain() : chunk;
  }

  /** What is left when the stream is over. */
  end(): Buffer {
    this.#splitter.end();
    return this.#hidesUsage ? this.#drain() : NOTHING;
  }

  event(bytes: Buffer): void {
    const text = bytes.toString();
    this.#measure(text);
    const value = text.includes('"usage"') ? parse(dataOf(text)) : undefined;
    if (value !== undefined) this.told = mergeUsage(this.told, usageIn(value));
    if (!this.#hidesUsage) return;
    this.#isTakenOut = value !== undefined && tellsOnlyUsage(value);
    if (!this.#isTakenOut) this.#out.push(value === undefined ? bytes : withoutUsage(bytes));
  }

  secondHalf(bytes: Buffer): void {
    if (!this.#isTakenOut) this.other(bytes);
  }

  other(bytes: Buffer): void {
    if (this.#hidesUsage) this.#out.push(bytes);
  }

  #drain(): Buffer {
    const out = this.#out;
    this.#out = [];
    return out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out);
  }

  #measure(text: string): void {
    let bytes = text.length > MAX_MEASURED_CHARS ? text.length : 0;
    for (const [, piece = ''] of bytes > 0 ? [] : text.matchAll(TEXTS)) bytes += Buffer.byteLength(piece);
    if (bytes === 0) return;
    this.#textEvents += 1;
    this.#textBytes += bytes;
    if (this.firstTextAtMs === 0) this.firstTextAtMs = performance.now();
  }
}

/** The data of an event: its lines of that name, without the one space that may stand in front. */
function dataOf(event: string): string {
  const lines: string[] = [];
  for (const line of event.split(/\r\n|\n|\r/)) {
    if (line.startsWith('data:')) lines.push(line.slice(line[5] === ' ' ? 6 : 5));
  }
  return lines.join('\n');
}

function parse(data: string): unknown {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // What is no JSON tells nothing, and is the client's to read.
    return undefined;
  }
}

/** As OpenAI ends a stream whose usage was asked for: no choices, and the usage. */
function tellsOnlyUsage(value: unknown): boolean {
  const { choices, usage } = value as { choices?: unknown; usage?: unknown };
  return Array.isArray(choices) && choices.length === 0 && typeof usage === 'object' && usage !== null;
}

/** The event without the member `usage` of its data, where that stands in one line. */
function withoutUsage(event: Buffer): Buffer {
  const begin = event.indexOf('data:');
  const lines = event.toString('latin1').match(/^data:/gm) ?? [];
  if (begin < 0 || lines.length !== 1) return event;
  const scan = new MemberScan('usage');
  scan.push(event.subarray(begin + 5));
  const { range } = scan;
  if (range === undefined) return event;
  return Buffer.concat([event.subarray(0, begin + 5 + range.from), event.subarray(begin + 5 + range.to)]);
}
