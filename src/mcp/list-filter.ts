import { ChoosingSink } from '../answer/choosing-sink.ts';
import { type AnswerReader, WholeAnswerSink, withBody } from '../answer/whole-answer.ts';
import type { RequestContext, Sink } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { isIdentity } from '../lib/decode-content.ts';
import { isJsonType, mediaTypeOf } from '../lib/media-type.ts';
import type { Answerer, AnswerFields } from '../sink.ts';
import { EventFilter } from './event-filter.ts';
import { type Allowance, filterText } from './filter-lists.ts';

const BODILESS = new Set([202, 204, 205]);

/** Filters what may be a list: a whole answer of JSON, or each event of a stream. All others pass. */
export class ListFilter extends ChoosingSink {
  readonly #allowance: Allowance;
  readonly #maxBytes: number;

  constructor(allowance: Allowance, maxBytes: number, next: Sink) {
    super(next);
    this.#allowance = allowance;
    this.#maxBytes = maxBytes;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    const chosen = this.#choose(context, status, fields);
    if (typeof chosen === 'string') this.refuse(context, new GatewayError('bad_answer', chosen));
    else this.goThrough(chosen).head(context, status, fields, answerer);
  }

  /** What looks the answer through, or lets it pass; why it can't be looked through. */
  #choose(context: RequestContext, status: number, fields: AnswerFields): Sink | string {
    if (status < 200 || status > 299 || BODILESS.has(status)) return this.behind;
    if (status === 206) return 'The service has sent a part of an answer, which can not be looked through.';
    const type = String(fields['content-type'] ?? '');
    if (mediaTypeOf(type) === 'text/event-stream') {
      if (!isIdentity([fields['content-encoding'] ?? []].flat().join(',')))
        return 'The service codes its events, though it was asked not to: they can not be looked through.';
      return new EventFilter(this.#allowance, this.#maxBytes, this.behind);
    }
    if (isJsonType(type)) return new WholeAnswerSink(this.#reader, this.behind);
    const isOther = context.method === 'POST' && fields['content-length'] !== '0';
    return isOther ? 'The service has sent a list that is neither JSON nor events.' : this.behind;
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
