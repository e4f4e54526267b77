import type { RequestContext, Sink } from '../context.ts';
import type { Answerer, AnswerFields, Source } from '../sink.ts';

/** What looks at heads, or edits them, on their way to the sink behind; all else of an answer passes. */
export abstract class HeadSink implements Sink {
  protected readonly next: Sink;

  constructor(next: Sink) {
    this.next = next;
  }

  abstract head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void;

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    return this.next.write(context, chunk, source);
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    this.next.end(context, last);
  }

  fail(context: RequestContext, error: unknown): void {
    this.next.fail(context, error);
  }
}
