import { findCacheTerms } from '../cache-terms.ts';
import type { RequestContext, Sink } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Answerer, AnswerFields, Source } from '../sink.ts';
import { BodyCollector } from './body-collector.ts';
import { type Result, toldFields } from './cache-status.ts';
import type { Filling } from './collapse.ts';
import { isAbout, isOfClients, isSameBody } from './conditions.ts';
import { type Entry, freshForMs, isGoodInError } from './entry.ts';
import { type Answered, bornAtMs } from './freshness.ts';
import { expirePatterns } from './invalidate.ts';
import { freshen, type Keeping, keep, planKeeping } from './keep.ts';
import type { Choice } from './look.ts';
import type { Ask, CachePlan, Look } from './plan.ts';
import { serve } from './serve.ts';

/** Answers that are errors of the service (RFC 5861, section 4). */
const FAILURES = new Set([500, 502, 503, 504]);

/** What is known when a request is sent on. */
export interface Sent {
  readonly look: Look;
  /** What is stored, but could not be used as it is. */
  readonly choice: Choice | undefined;
  /** True where the service was asked whether it is still good. */
  readonly isValidating: boolean;
  /** Those that wait for this answer. */
  readonly filling: Filling | undefined;
  /** How Cache-Status says why. */
  readonly reason: string;
  /** True where the client has its answer already. */
  readonly isBehind: boolean;
}

/**
 * `validated`: a 304 is for us, and the stored answer is given when it has ended. `over`: the client has been answered
 * from the store, and what the service still says goes nowhere.
 */
type Phase = 'waiting' | 'passing' | 'validated' | 'over';

/**
 * A service's answer on its way to the client: stored while it passes, and there for others once it is whole. Where the
 * service says that what is stored is still good, or fails where that may be used then, the answer is the stored one.
 */
export class Exchange implements Sink {
  readonly #plan: CachePlan;
  readonly #ask: Ask;
  readonly #sent: Sent;
  readonly #next: Sink;
  readonly #askedAtMs: number;
  #phase: Phase = 'waiting';
  #result: Result;
  #keeping: Keeping | undefined;
  #collector: BodyCollector | undefined;
  #expectedBytes: number | undefined;
  #update: Answered | undefined;

  constructor(plan: CachePlan, ask: Ask, sent: Sent, next: Sink) {
    this.#plan = plan;
    this.#ask = ask;
    this.#sent = sent;
    this.#next = next;
    this.#askedAtMs = plan.now();
    this.#result = sent.choice === undefined ? 'miss' : 'expired';
    // A client that leaves breaks off what it has asked for, and nobody is told.
    if (!sent.isBehind) ask.context.res.once('close', () => this.#letGo(false));
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    if (answerer !== 'service') {
      this.#phase = 'passing';
      this.#letGo(false);
      this.#next.head(context, status, fields, answerer);
      return;
    }
    expirePatterns(this.#plan, fields);
    const isToRange = this.#ask.told.has('range');
    const answered = { status, fields, isToRange, askedAtMs: this.#askedAtMs, answeredAtMs: this.#plan.now() };
    if (this.#isStillGood(answered)) return;
    if (FAILURES.has(status) && this.#serveStale(context, `fwd-status=${status}`)) return;
    this.#phase = 'passing';
    const why = this.#beginKeeping(answered);
    if (why !== undefined) {
      this.#letGo(status < 500);
      this.#forgetStale(status);
      if (this.#sent.isBehind) this.#stopBehind(context);
    }
    this.#note(context, this.#result);
    const stored = why === undefined ? '; stored' : '';
    this.#next.head(context, status, toldFields(fields, this.#result, `fwd=${this.#sent.reason}${stored}`), answerer);
  }

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    if (this.#phase !== 'passing') return true;
    this.#collect(context, chunk);
    const hasRoom = this.#next.write(context, chunk, source);
    // Those that wait do not wait for a client that does not read.
    if (this.#collector !== undefined) this.#sent.filling?.moves(hasRoom);
    return hasRoom;
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'validated') {
      this.#serveValidated(context);
      return;
    }
    if (last !== undefined) this.#collect(context, last);
    this.#finishKeeping();
    this.#letGo(false);
    this.#next.end(context, last);
  }

  fail(context: RequestContext, error: unknown): void {
    if (this.#phase === 'over') return;
    if (this.#phase !== 'passing' && isFailure(error) && this.#serveStale(context, 'detail=error')) return;
    if (this.#phase === 'waiting') this.#note(context, this.#result);
    this.#letGo(false);
    this.#next.fail(context, error);
  }

  /** True for a 304 that answers our question: it is whole with its end. */
  #isStillGood(answered: Answered): boolean {
    const { choice, isValidating } = this.#sent;
    if (answered.status !== 304 || !isValidating || choice === undefined) return false;
    const { told, names } = this.#ask;
    if (isAbout(choice.entry, answered.fields)) {
      this.#update = answered;
    } else {
      // It never gave that version: what it gave is good for nobody any more.
      this.#plan.store.drop(names.url, choice.spot.name);
      if (isOfClients(told, answered.fields)) return false;
    }
    this.#phase = 'validated';
    return true;
  }

  #serveValidated(context: RequestContext): void {
    const { choice, look, reason } = this.#sent;
    const { entry } = choice as Choice;
    this.#phase = 'over';
    const update = this.#update;
    if (update === undefined && (entry.isStrict || entry.isAlwaysAsked || this.#ask.terms.noCache)) {
      this.#letGo(true);
      const cause = new Error('the service says of a version that it has not given that it is not modified');
      this.#next.fail(context, new GatewayError('upstream_protocol', undefined, { cause }));
      return;
    }
    const now = update === undefined ? entry : freshen(this.#plan, this.#ask, look, choice as Choice, update);
    this.#letGo(freshForMs(now, this.#plan.now()) <= 0);
    this.#serve(context, now, update === undefined ? 'stale' : 'revalidated', `fwd=${reason}; fwd-status=304`);
  }

  #serveStale(context: RequestContext, words: string): boolean {
    const { choice, reason } = this.#sent;
    if (choice === undefined || !isGoodInError(choice.entry, this.#ask.terms, this.#plan.now())) return false;
    this.#phase = 'over';
    this.#letGo(false);
    this.#serve(context, choice.entry, 'stale', `fwd=${reason}; ${words}`);
    return true;
  }

  #serve(context: RequestContext, entry: Entry, result: Result, words: string): void {
    if (this.#sent.isBehind) {
      this.#next.end(context, undefined);
      return;
    }
    if (context.res.destroyed) return;
    this.#note(context, result);
    serve(this.#ask, this.#next, entry, result, this.#plan.now(), words);
  }

  /** The reason where the answer is not stored. */
  #beginKeeping(answered: Answered): string | undefined {
    const { method } = this.#ask.context;
    if (findCacheTerms(this.#ask.context)?.isDisabled === true) return 'own-stage';
    if (method === 'HEAD') return this.#learnFromHead(answered);
    const keeping = planKeeping(this.#plan, this.#sent.look, answered);
    if (typeof keeping === 'string') return keeping;
    const { status, fields } = answered;
    const length = fields['content-length'];
    // Where neither a length nor a last chunk tells of the end, half an answer would look whole (RFC 9112, section 8).
    if (length === undefined && fields['transfer-encoding'] === undefined && status !== 204) return 'no length';
    const { maxBodyBytes, budget } = this.#plan;
    this.#expectedBytes = length === undefined ? undefined : Number(length);
    if ((this.#expectedBytes ?? 0) > maxBodyBytes) return 'too long';
    this.#keeping = keeping;
    this.#collector = new BodyCollector(budget, maxBodyBytes);
    // Stored to be validated, not to be given to those that wait.
    if (keeping.verdict.lifetimeMs <= answered.answeredAtMs - bornAtMs(answered)) this.#sent.filling?.end(true);
    return undefined;
  }

  /** The answer to a HEAD says what a GET would be answered now (RFC 9111, section 4.3.5). */
  #learnFromHead(answered: Answered): string {
    const { choice, look } = this.#sent;
    if (choice === undefined || answered.status !== 200 || choice.entry.status !== 200) return 'HEAD';
    const isSame = isSameBody(choice.entry, answered.fields);
    if (isSame) freshen(this.#plan, this.#ask, look, choice, answered);
    else this.#plan.store.drop(this.#ask.names.url, choice.spot.name);
    return 'HEAD';
  }

  #collect(context: RequestContext, chunk: Buffer): void {
    if (this.#collector === undefined || this.#collector.add(chunk)) return;
    this.#collector = undefined;
    this.#letGo(true);
    if (this.#sent.isBehind) this.#stopBehind(context);
  }

  /** Nobody wants the rest; whoever is sending it is in the middle of that. */
  #stopBehind(context: RequestContext): void {
    this.#phase = 'over';
    setImmediate(() => this.#next.end(context, undefined));
  }

  #finishKeeping(): void {
    const collector = this.#collector;
    if (collector === undefined || this.#keeping === undefined) return;
    this.#collector = undefined;
    const body = collector.take();
    if (this.#expectedBytes !== undefined && this.#expectedBytes !== body.length) return;
    keep(this.#plan, this.#ask, this.#sent.look, this.#keeping, body);
  }

  /** What the service says now may not be stored: what it said before is not to come back. */
  #forgetStale(status: number): void {
    const { choice } = this.#sent;
    if (choice === undefined || status >= 400 || status === 304 || status === 206) return;
    if (this.#ask.context.method === 'GET') this.#plan.store.drop(this.#ask.names.url, choice.spot.name);
  }

  #note(context: RequestContext, result: Result): void {
    if (this.#sent.isBehind) return;
    context.cache = result;
    this.#plan.count(result);
  }

  /** Those that wait go on; what was collected is given up. */
  #letGo(isHopeless: boolean): void {
    this.#collector?.discard();
    this.#collector = undefined;
    this.#sent.filling?.end(isHopeless);
  }
}

function isFailure(error: unknown): boolean {
  return error instanceof GatewayError && FAILURES.has(error.status);
}
