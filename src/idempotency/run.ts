import type { RequestContext, Sink } from '../context.ts';
import type { Guardian } from '../facts.ts';
import type { Answerer, AnswerFields, Source } from '../sink.ts';
import { keptFields, saysComeBack } from './kept-answer.ts';
import type { Sending } from './sendings.ts';
import type { Claim, Ending, KeyStore } from './store.ts';

export interface RunTerms {
  readonly maxBytes: number;
  /** False where whoever has the caller's address might be given them. */
  readonly keepsCookies: boolean;
  /** Knows whether the service has said anything. */
  readonly sending: Sending;
}

/**
 * The one request of its key that asks the service: watches its answer on the way, and tells the store what came of it,
 * once. What a client that leaves has asked for runs on, so that it finds the answer when it asks again.
 */
export class Run implements Sink, Guardian, Source {
  readonly #context: RequestContext;
  readonly #claim: Claim;
  readonly #store: KeyStore;
  readonly #terms: RunTerms;
  readonly #next: Sink;
  #head: { readonly status: number; readonly fields: AnswerFields } | undefined;
  /** Of an answer that is kept; undefined for one that is not. */
  #chunks: Buffer[] | undefined;
  #bytes = 0;
  /** The client has not yet read what it was sent; what has come meanwhile, and who waits for it, is below. */
  #isReaderFull = false;
  #unread: Buffer[] = [];
  #waiting: Source | undefined;
  #isSettled = false;
  /** Ends the request whose client has left. */
  #end: (() => void) | undefined;
  readonly #acts: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(context: RequestContext, claim: Claim, store: KeyStore, terms: RunTerms) {
    this.#context = context;
    this.#claim = claim;
    this.#store = store;
    this.#terms = terms;
    this.#next = context.sink;
    context.sink = this;
    context.guardian = this;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    // Before it is passed on: whatever becomes of it, the service has answered.
    this.#head = { status, fields };
    const isKept = answerer === 'service' && (this.#terms.keepsCookies || fields['set-cookie'] === undefined);
    const announced = Number(fields['content-length'] ?? 0);
    this.#chunks = isKept && announced <= this.#terms.maxBytes ? [] : undefined;
    if (this.#end === undefined) this.#next.head(context, status, fields, answerer);
  }

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    this.#take(chunk);
    if (this.#end !== undefined) {
      // Nobody reads it, and nobody will.
      if (this.#chunks === undefined) this.#end();
      return true;
    }
    if (this.#isReaderFull) this.#unread.push(chunk);
    else this.#isReaderFull = !this.#next.write(context, chunk, this);
    // What is kept is in memory anyway, so that a slow reader makes no service wait.
    if (!this.#isReaderFull || this.#chunks !== undefined) return true;
    this.#waiting = source;
    return false;
  }

  /** The client has read what it was sent. */
  resume(): void {
    const unread = this.#unread;
    this.#unread = [];
    this.#isReaderFull = unread.length > 0 && !this.#next.write(this.#context, Buffer.concat(unread), this);
    if (this.#isReaderFull) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resume();
  }

  /** The client has all of it when its next request would find it. */
  end(context: RequestContext, last: Buffer | undefined): void {
    if (last !== undefined) this.#take(last);
    const told = this.#settle(this.#endingOfWhole());
    if (told === undefined) this.#passEnd(context, last);
    else told.then(() => this.#passEnd(context, last)).catch((error: unknown) => this.#next.fail(context, error));
  }

  fail(context: RequestContext, error: unknown): void {
    void this.#settle(this.#endingOfFailure());
    if (this.#end === undefined) this.#next.fail(context, error);
    else this.#end();
  }

  clientLeft(end: () => void): boolean {
    const isHopeless = this.#head !== undefined && this.#chunks === undefined;
    if (this.#isSettled || !this.#context.isSent || isHopeless) return false;
    this.#end = end;
    this.#unread = [];
    this.#timer = setTimeout(end, this.#claim.leaseMs).unref();
    return true;
  }

  outlive(act: () => void): boolean {
    if (this.#end === undefined || this.#isOver) return false;
    this.#acts.push(act);
    return true;
  }

  over(): void {
    this.#isOver = true;
    for (const act of this.#acts.splice(0)) act();
    clearTimeout(this.#timer);
    void this.#settle(this.#endingOfFailure());
  }

  #take(chunk: Buffer): void {
    if (this.#chunks === undefined) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#terms.maxBytes) this.#chunks = undefined;
    else this.#chunks.push(chunk);
  }

  #passEnd(context: RequestContext, last: Buffer | undefined): void {
    if (this.#end !== undefined) this.#end();
    else if (!context.res.destroyed) this.#next.end(context, this.#withUnread(last));
  }

  #withUnread(last: Buffer | undefined): Buffer | undefined {
    if (this.#unread.length === 0) return last;
    const rest = Buffer.concat(last === undefined ? this.#unread : [...this.#unread, last]);
    this.#unread = [];
    return rest;
  }

  #endingOfWhole(): Ending {
    const head = this.#head;
    if (head === undefined) return this.#endingOfFailure();
    const { status, fields } = head;
    if (saysComeBack(status, fields) || !this.#context.isSent) return { state: 'free' };
    if (this.#chunks === undefined) return { state: 'spent' };
    const body = Buffer.concat(this.#chunks, this.#bytes);
    return { state: 'answered', answer: { status, fields: keptFields(fields), body } };
  }

  /** A service that has begun to answer has done what it was asked for; one that has heard of nothing has not. */
  #endingOfFailure(): Ending {
    const head = this.#head;
    if (!this.#context.isSent || (head !== undefined && saysComeBack(head.status, head.fields)))
      return { state: 'free' };
    return { state: this.#hasBegunToAnswer ? 'spent' : 'lost' };
  }

  /** Also with a head that HTTP does not allow, or the half of one: nobody is given it, but the service has acted. */
  get #hasBegunToAnswer(): boolean {
    return this.#head !== undefined || this.#context.outcome === 'protocol' || this.#terms.sending.isHeard;
  }

  #settle(ending: Ending): void | Promise<void> {
    if (this.#isSettled) return undefined;
    this.#isSettled = true;
    this.#chunks = undefined;
    this.#terms.sending.end();
    return this.#store.finish(this.#claim, ending);
  }
}
