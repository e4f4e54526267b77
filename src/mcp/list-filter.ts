import { type AnswerReader, WholeAnswerSink, withBody } from '../answer/whole-answer.ts';
import type { RequestContext, Sink } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { isIdentity } from '../lib/decode-content.ts';
import { isJsonType, mediaTypeOf } from '../lib/media-type.ts';
import type { Answerer, AnswerFields, Source } from '../sink.ts';
import { EventFilter } from './event-filter.ts';
import { type Allowance, filterText } from './filter-lists.ts';

const BODILESS = new Set([202, 204, 205]);

/** Filters what may be a list: a whole answer of JSON, or each event of a stream. All others pass. */
export class ListFilter implements Sink {
  readonly #allowance: Allowance;
  readonly #maxBytes: number;
  readonly #end: Sink;
  /** Where the answer goes: past us, or through what filters it. */
  #next: Sink;
  #isOver = false;

  constructor(allowance: Allowance, maxBytes: number, next: Sink) {
    this.#allowance = allowance;
    this.#maxBytes = maxBytes;
    this.#end = next;
    this.#next = next;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    const refusal = this.#choose(context, status, fields);
    if (refusal === undefined) {
      this.#next.head(context, status, fields, answerer);
      return;
    }
    this.#isOver = true;
    this.#end.fail(context, new GatewayError('bad_answer', refusal));
  }

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    return this.#isOver || this.#next.write(context, chunk, source);
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    if (!this.#isOver) this.#next.end(context, last);
  }

  fail(context: RequestContext, error: unknown): void {
    if (!this.#isOver) this.#next.fail(context, error);
  }

  /** Why an answer can't be looked through; undefined where it can, or has nothing to be looked for. */
  #choose(context: RequestContext, status: number, fields: AnswerFields): string | undefined {
    if (status < 200 || status > 299 || BODILESS.has(status)) return undefined;
    if (status === 206) return 'The service has sent a part of an answer, which can not be looked through.';
    const type = String(fields['content-type'] ?? '');
    if (mediaTypeOf(type) === 'text/event-stream') {
      if (!isIdentity([fields['content-encoding'] ?? []].flat().join(',')))
        return 'The service codes its events, though it was asked not to: they can not be looked through.';
      this.#next = new EventFilter(this.#allowance, this.#maxBytes, this.#end);
    } else if (isJsonType(type)) {
      this.#next = new WholeAnswerSink(this.#reader, this.#end);
    } else if (context.method === 'POST' && fields['content-length'] !== '0') {
      return 'The service has sent a list that is neither JSON nor events.';
    }
    return undefined;
  }

  get #reader(): AnswerReader {
    return {
      maxBytes: this.#maxBytes,
      wants: () => true,
      read: (_context, answer) => {
        const text = answer.body.toString();
        const filtered = text === '' ? text : filterText(text, this.#allowance);
        return filtered === text ? answer : withBody(answer, Buffer.from(filtered));
      },
    };
  }
}
