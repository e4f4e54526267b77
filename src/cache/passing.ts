import { HeadSink } from '../answer/head-sink.ts';
import type { RequestContext, Sink } from '../context.ts';
import type { Answerer, AnswerFields } from '../sink.ts';
import { toldFields } from './cache-status.ts';

/** Where the answer goes that nobody waits for. */
export class Behind implements Sink {
  readonly #onEnd: (context: RequestContext) => void;

  constructor(onEnd: (context: RequestContext) => void) {
    this.#onEnd = onEnd;
  }

  head(): void {}

  write(): boolean {
    return true;
  }

  end(context: RequestContext): void {
    this.#onEnd(context);
  }

  fail(context: RequestContext): void {
    this.#onEnd(context);
  }
}

/** The answer to a request that is none of the cache's: it passes, and may invalidate. */
export class Passing extends HeadSink {
  readonly #onHead: (status: number, fields: AnswerFields) => void;
  readonly #reason: string;

  constructor(next: Sink, reason: string, onHead: (status: number, fields: AnswerFields) => void) {
    super(next);
    this.#reason = reason;
    this.#onHead = onHead;
  }

  override head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    if (answerer !== 'service') {
      this.next.head(context, status, fields, answerer);
      return;
    }
    this.#onHead(status, fields);
    this.next.head(context, status, toldFields(fields, 'bypass', `fwd=${this.#reason}`), answerer);
  }
}
