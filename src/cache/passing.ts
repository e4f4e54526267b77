import type { RequestContext, Sink } from '../context.ts';
import type { Answerer, AnswerFields, Source } from '../sink.ts';
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
export class Passing implements Sink {
  readonly #next: Sink;
  readonly #onHead: (status: number, fields: AnswerFields) => void;
  readonly #reason: string;

  constructor(next: Sink, reason: string, onHead: (status: number, fields: AnswerFields) => void) {
    this.#next = next;
    this.#reason = reason;
    this.#onHead = onHead;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    if (answerer !== 'service') {
      this.#next.head(context, status, fields, answerer);
      return;
    }
    this.#onHead(status, fields);
    this.#next.head(context, status, toldFields(fields, 'bypass', `fwd=${this.#reason}`), answerer);
  }

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    return this.#next.write(context, chunk, source);
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    this.#next.end(context, last);
  }

  fail(context: RequestContext, error: unknown): void {
    this.#next.fail(context, error);
  }
}
