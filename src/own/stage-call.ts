import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { UnderWay } from '../facts.ts';
import type { Deadline } from '../lib/deadlines.ts';
import { askForCache } from './cache-words.ts';
import { type CallTerms, stageFailed } from './call-terms.ts';
import { explain, giveAnswer, type OwnAnswer, promiseOf } from './decision.ts';
import type { StageHooks, StageLog } from './define-stage.ts';
import type { FailureReason } from './instance.ts';
import { type Runner, runAs, runAsGateway } from './late-faults.ts';
import { type ContextOwner, OwnContext } from './own-context.ts';
import { type EndListener, outcomeOf, ownRequestOf } from './own-request.ts';
import { OwnSink } from './own-sink.ts';
import type { OwnDefinition } from './read-definition.ts';

export type Next = (error?: unknown) => void;

/**
 * One own stage at work on one request. Whatever it does, the request goes on, is refused or is answered once: when
 * the hook ends, when its time is up, or never, where the client has left.
 */
export class StageCall implements ContextOwner, Deadline, Runner, UnderWay, EndListener {
  dueAtMs = 0;
  nextDeadline: Deadline | null = null;
  previousDeadline: Deadline | null = null;
  readonly state: Map<string, unknown>;
  readonly view: OwnContext;
  readonly #terms: CallTerms;
  readonly #context: RequestContext;
  readonly #next: Next;
  readonly #startedAtMs = performance.now();
  #aborter: AbortController | undefined;
  #log: StageLog | undefined;
  #decision: GatewayError | OwnAnswer | undefined;
  /** The request has gone on, or has ended here. */
  #isOver = false;
  /** How many of its waits are for the client, whose time does not count. */
  #clientWaits = 0;

  constructor(terms: CallTerms, context: RequestContext, next: Next) {
    this.#terms = terms;
    this.#context = context;
    this.#next = next;
    const { state, listeners } = ownRequestOf(context);
    this.state = state;
    this.view = new OwnContext(context, this, terms.toldLate);
    if (this.#hooks.end === undefined || context.dryRun) return;
    listeners.push(this);
    terms.instance.hold();
  }

  get #hooks(): StageHooks {
    return this.#terms.instance.hooks;
  }

  get signal(): AbortSignal {
    if (this.#aborter === undefined) {
      const aborter = new AbortController();
      this.#aborter = aborter;
      const { res } = this.#context;
      if (res.destroyed) aborter.abort();
      else res.once('close', () => this.#abort());
    }
    return this.#aborter.signal;
  }

  get log(): StageLog {
    this.#log ??= this.#terms.instance.logOf(this.#context.requestId);
    return this.#log;
  }

  begin(): void {
    const { request, upgrade } = this.#hooks;
    const hook = this.#context.upgrade === undefined ? request : (upgrade ?? request);
    if (hook === undefined) this.#goOn();
    else this.run(() => hook.call(this.#hooks, this.view));
  }

  /** Runs the stage's code, and waits for what it returns where that is a promise. */
  run(code: () => unknown): void {
    let work: Promise<unknown> | undefined;
    try {
      work = runAs(this, () => promiseOf(code()));
    } catch (error) {
      this.#fail('threw', error);
      return;
    }
    if (work === undefined) this.finish();
    else this.await();
    work?.then(
      () => this.finish(),
      (error: unknown) => this.#reject(error),
    );
  }

  /** Runs code whose return says nothing of the end: that is told otherwise. */
  runAside(code: () => unknown): void {
    try {
      runAs(this, () => promiseOf(code()))?.catch((error: unknown) => this.#reject(error));
    } catch (error) {
      this.#reject(error);
    }
  }

  /** From here on its time runs, and whoever ends the request ends the wait. */
  await(): void {
    if (this.#isOver) return;
    this.#context.abort = this;
    this.#expect();
  }

  /** The hook has ended: what it has decided counts now. */
  finish(): void {
    if (!this.#end()) return;
    const decision = this.#decision;
    if (decision === undefined) this.#goOn();
    else if (decision instanceof GatewayError) this.#next(decision);
    else this.#answer(decision);
  }

  /** Answered by other means: nothing of it is waited for here. */
  answered(): boolean {
    return this.#end();
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  /** It did once more what is done once; the first time counts. */
  twice(what: string): void {
    this.#terms.instance.failed('twice', what, this.#context.requestId);
  }

  decide(decision: GatewayError | OwnAnswer): void {
    this.assertOpen('a decision');
    if (this.#decision !== undefined) throw new Error('this request is decided already: refuse or respond once');
    this.#decision = decision;
    this.#context.trace?.push({ stage: this.#definition.name, decision: explain(decision) });
  }

  assertOpen(what: string): void {
    if (this.#isOver) throw new Error(`${what} comes too late: this request has gone on without it`);
  }

  async whileClient<T>(work: Promise<T>): Promise<T> {
    this.#clientWaits += 1;
    this.#terms.deadlines.remove(this);
    try {
      return await work;
    } finally {
      this.#clientWaits -= 1;
      if (!this.#isOver) this.#expect();
    }
  }

  /** Thrown in a timer of its own, say: while its request waits, that one has failed. */
  late(error: unknown): void {
    this.#reject(error);
  }

  onDue(): void {
    this.#fail('timeout', new Error(`it has not answered within ${this.#definition.timeoutMs} ms`));
    this.#abort();
  }

  /** The request ends from outside. */
  close(): void {
    this.#end();
  }

  ended(context: RequestContext): void {
    const { instance } = this.#terms;
    const { end } = this.#hooks;
    void instance.runAside('end', () => end?.call(this.#hooks, this.view, outcomeOf(context)), context.requestId);
    instance.letGo();
  }

  get #definition(): OwnDefinition {
    return this.#terms.instance.terms.definition;
  }

  /** Its time runs from now, unless it is the client that it waits for. */
  #expect(): void {
    if (this.#clientWaits === 0) this.#terms.deadlines.add(this, performance.now() + this.#definition.timeoutMs);
  }

  /** What listens is the stage's code, and Node throws on what it throws. */
  #abort(): void {
    if (this.#aborter !== undefined) runAs(this, () => this.#aborter?.abort());
  }

  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#terms.deadlines.remove(this);
    if (this.#context.abort === this) this.#context.abort = undefined;
    this.#terms.instance.terms.duration.observe((performance.now() - this.#startedAtMs) / 1000);
    return true;
  }

  /** What comes when the request has gone on is told, and ends nothing. */
  #reject(error: unknown): void {
    if (!this.#isOver) this.#fail('threw', error);
    else if (!(error instanceof GatewayError)) this.#tell('late', 'failed after its request had gone on', error);
  }

  #fail(reason: FailureReason, error: unknown): void {
    if (!this.#end()) return;
    // What the body seam refuses is a refusal, whoever has asked for the body.
    if (error instanceof GatewayError) {
      runAsGateway(() => this.#next(error));
      return;
    }
    this.#tell(reason, `failed (${reason})`, error);
    runAsGateway(() =>
      this.#next(this.#definition.onError === 'open' ? undefined : stageFailed(this.#definition.name, error)),
    );
  }

  #tell(reason: FailureReason, message: string, error: unknown): void {
    this.#terms.instance.failed(reason, message, this.#context.requestId, error);
  }

  /** A dry run sends nothing: it goes on, so that the rest is explained as well. */
  #answer(answer: OwnAnswer): void {
    if (this.#context.dryRun) this.#next();
    else giveAnswer(this.#context, answer);
  }

  #goOn(): void {
    this.#isOver = true;
    const { head, body, wholeBody } = this.#hooks;
    try {
      askForCache(this.#hooks, this.view, this.#context);
    } catch (error) {
      this.#tell('threw', 'failed (cacheKey, cacheDisabled)', error);
      if (this.#definition.onError !== 'open') {
        this.#next(stageFailed(this.#definition.name, error));
        return;
      }
    }
    const changesAnswer = head !== undefined || body !== undefined || wholeBody !== undefined;
    if (changesAnswer && !this.#context.dryRun && this.#context.upgrade === undefined) {
      if (body !== undefined || wholeBody !== undefined) this.#terms.prepareForBody(this.#context);
      this.#context.sink = new OwnSink(this.#terms, this.view, this.#context.sink);
    }
    this.#next();
  }
}
