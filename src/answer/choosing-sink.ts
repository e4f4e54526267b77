import type { RequestContext, Sink } from '../context.ts';
import type { Answerer, AnswerFields, Source } from '../sink.ts';

/**
 * Looks at the head of an answer, and then lets it go where that leads: on as it is, through a sink that reads or changes
 * it, or nowhere, because it is refused. Once it is refused, nothing more of it goes on.
 */
export abstract class ChoosingSink implements Sink {
  /** The sink behind this one. */
  protected readonly behind: Sink;
  #next: Sink;
  #isRefused = false;

  constructor(next: Sink) {
    this.behind = next;
    this.#next = next;
  }

  abstract head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void;

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    return this.#isRefused || this.#next.write(context, chunk, source);
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    if (!this.#isRefused) this.#next.end(context, last);
  }

  fail(context: RequestContext, error: unknown): void {
    if (!this.#isRefused) this.#next.fail(context, error);
  }

  /** The answer goes through this one, which leads to the sink behind in its turn. */
  protected goThrough(next: Sink): Sink {
    this.#next = next;
    return next;
  }

  /** In place of the answer there is this error. */
  protected refuse(context: RequestContext, error: unknown): void {
    this.#isRefused = true;
    this.behind.fail(context, error);
  }
}
