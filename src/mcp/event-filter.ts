import { tooMuchAtOnce } from '../body/too-much.ts';
import type { RequestContext, Sink } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { MESSAGES } from '../lib/held-bytes.ts';
import { PieceList } from '../lib/piece-list.ts';
import type { Answerer, AnswerFields, Source } from '../sink.ts';
import { dataOf, EventSplitter, withData } from './event-splitter.ts';
import { type Allowance, filterText } from './filter-lists.ts';

/**
 * Filters the lists in the events of one stream. An event leaves as soon as all of it is there; one without a list leaves
 * as it came. What grows over `maxBytes` ends the stream: `answer_too_large`.
 */
export class EventFilter implements Sink {
  readonly #allowance: Allowance;
  readonly #maxBytes: number;
  readonly #next: Sink;
  readonly #splitter = new EventSplitter();
  /** The beginning of an event whose end has not come. */
  readonly #begun = new PieceList();
  /** Who is held to account for it, and for how many bytes. */
  #caller: string | undefined;
  #held = 0;
  #isOver = false;

  constructor(allowance: Allowance, maxBytes: number, next: Sink) {
    this.#allowance = allowance;
    this.#maxBytes = maxBytes;
    this.#next = next;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    this.#caller = context.clientAddress;
    // Nobody tells a sink that the client has left.
    context.res.once('close', this.#letGo);
    this.#next.head(context, status, { ...fields, 'content-length': undefined }, answerer);
  }

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    if (this.#isOver) return true;
    const events = this.#take(context, chunk);
    return events.length === 0 || this.#next.write(context, events, source);
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    if (this.#isOver) return;
    const events = last === undefined ? NOTHING : this.#take(context, last);
    if (this.#isOver) return;
    this.#isOver = true;
    // What has no end is no event, and no reader takes it for one (WHATWG HTML, section 9.2.6).
    this.#letGo();
    this.#next.end(context, events.length === 0 ? undefined : events);
  }

  fail(context: RequestContext, error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#letGo();
    this.#next.fail(context, error);
  }

  /** The events that are whole with this piece, filtered. */
  #take(context: RequestContext, chunk: Buffer): Buffer {
    const whole: Buffer[] = [];
    try {
      let start = 0;
      for (const end of this.#splitter.endsIn(chunk)) {
        this.#hold(chunk.subarray(start, end));
        whole.push(this.#filter(this.#begun.whole()));
        this.#free();
        start = end;
      }
      if (start < chunk.length) this.#hold(chunk.subarray(start));
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      this.fail(context, error);
      return NOTHING;
    }
    return whole.length === 1 ? (whole[0] as Buffer) : Buffer.concat(whole);
  }

  #hold(piece: Buffer): void {
    if (this.#begun.bytes + piece.length > this.#maxBytes) {
      throw new GatewayError('answer_too_large', `An event of the service is larger than ${this.#maxBytes} bytes.`);
    }
    if (this.#caller !== undefined) {
      if (!MESSAGES.take(this.#caller, piece.length)) throw tooMuchAtOnce();
      this.#held += piece.length;
    }
    this.#begun.add(piece);
  }

  #free(): void {
    this.#begun.clear();
    if (this.#caller !== undefined) MESSAGES.give(this.#caller, this.#held);
    this.#held = 0;
  }

  readonly #letGo = (): void => {
    this.#free();
    this.#caller = undefined;
  };

  #filter(event: Buffer): Buffer {
    const text = event.toString();
    const data = dataOf(text);
    // The first event of the older transport is an address (MCP 2024-11-05, HTTP with SSE).
    if (data === undefined || !/^\s*[[{]/.test(data)) return event;
    const filtered = filterText(data, this.#allowance);
    return filtered === data ? event : Buffer.from(withData(text, filtered));
  }
}

const NOTHING = Buffer.alloc(0);
