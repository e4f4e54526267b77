import { readEvent, withoutUsage } from './event-data.ts';
import { type EventReader, EventSplitter } from './event-splitter.ts';
import { type Streamed, streamedIn, tokensOf } from './streamed-text.ts';
import { mergeUsage, NOTHING_TOLD, type ToldUsage, usageIn } from './usage.ts';

/** More than this of an event that has not ended counts, for it has reached the client. */
const MAX_UNREAD_BYTES = 64 * 1024;

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
  readonly #streamed: Streamed = { text: 0, media: 0 };
  /** How many events with text had come when the output was told last. */
  #toldAfter = 0;

  constructor(hidesUsage: boolean) {
    this.#hidesUsage = hidesUsage;
  }

  /** Tokens that were streamed, by estimate: no model puts less than one into an event. */
  get estimatedOutput(): number {
    const { heldBytes } = this.#splitter;
    const unread = this.#hidesUsage || heldBytes <= MAX_UNREAD_BYTES ? 0 : heldBytes;
    const { text, media } = this.#streamed;
    return Math.max(this.#textEvents, tokensOf({ text: text + unread, media }));
  }

  /** False where more was streamed after the usage was told last: what Anthropic's streams begin with is no last word. */
  get isFinal(): boolean {
    return this.#toldAfter === this.#textEvents;
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
    const { value, unread } = readEvent(bytes.toString());
    this.#measure(value === undefined ? { text: 0, media: 0 } : streamedIn(value), unread);
    if (value !== undefined) this.#read(value);
    if (!this.#hidesUsage) return;
    this.#isTakenOut = value !== undefined && tellsOnlyUsage(value);
    if (!this.#isTakenOut) this.#out.push(value === undefined ? bytes : withoutUsage(bytes, value));
  }

  secondHalf(bytes: Buffer): void {
    if (!this.#isTakenOut) this.#pass(bytes);
  }

  other(bytes: Buffer): void {
    this.#measure({ text: bytes.length, media: 0 }, '');
    this.#pass(bytes);
  }

  #pass(bytes: Buffer): void {
    if (this.#hidesUsage) this.#out.push(bytes);
  }

  #drain(): Buffer {
    const out = this.#out;
    this.#out = [];
    return out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out);
  }

  #read(value: object): void {
    const told = usageIn(value);
    if (told.output !== undefined) this.#toldAfter = this.#textEvents;
    this.told = mergeUsage(this.told, told);
  }

  #measure({ text, media }: Streamed, unread: string): void {
    const bytes = text + Buffer.byteLength(unread.trim());
    if (bytes + media === 0) return;
    this.#textEvents += 1;
    this.#streamed.text += bytes;
    this.#streamed.media += media;
    if (this.firstTextAtMs === 0) this.firstTextAtMs = performance.now();
  }
}

/** As OpenAI ends a stream whose usage was asked for: no choices, and the usage. */
function tellsOnlyUsage(value: unknown): boolean {
  const { choices, usage } = value as { choices?: unknown; usage?: unknown };
  return Array.isArray(choices) && choices.length === 0 && typeof usage === 'object' && usage !== null;
}
