import { isEventStream, watchEvents } from '../../answer/event-stream.ts';
import { bodyOf } from '../../body/body-of.ts';
import type { RequestBody } from '../../body/request-body.ts';
import type { RequestContext } from '../../context.ts';
import type { AttemptOutcome } from '../../facts.ts';
import type { Deadlines } from '../../lib/deadlines.ts';
import type { AnswerFields } from '../../sink.ts';
import type { BreakerCall } from '../breaker.ts';
import type { Target } from '../target.ts';
import { isNobodysFailure } from '../transport.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { clientFields } from './client-fields.ts';
import type { Ending } from './ending.ts';
import { isFailure, isTry, type NextAttempt, planNext } from './next-attempt.ts';
import type { Claim, ForwardPlan, Timeouts } from './plan.ts';
import type { ProxyAttempt } from './proxy.ts';
import { failureOf, joinBase, shortenTimeouts, tellDestination, tellTimeLeft } from './service-request.ts';
import { Stay } from './stay.ts';
import { tieTogether } from './upgraded.ts';

type Next = (error?: unknown) => void;

/**
 * One request on its way to a service: the story of a call, in the order in which it is walked.
 *
 * 1. `admit` (admission.ts) finds a place at the service, a healthy target, and the breaker's leave, or refuses.
 * 2. `start` sends an attempt: the http-proxy-middleware of the prefix calls `send`, the transport carries it, and
 *    an `Attempt` watches its deadlines (attempt.ts).
 * 3. The attempt ends at the head of an answer, or without one, and `settled` hears of it, once. The target's health,
 *    its latency and the metrics learn how it went.
 *    - An answer that goes to the client: its head goes into the sink (`context.sink`), the breaker gets its verdict,
 *      and the attempt lets the body follow.
 *    - A failure, or a 502, 503, 504: where method, budget, time and body allow (next-attempt.ts), another target is
 *      asked, back at 2. Otherwise the breaker hears of the failure, and `next` gets the error.
 *    - A status on which the route asks another service (failover.ts): that one is asked, back at 2.
 *    - The client's doing (it left, it stalled, it sent too much): no service is to blame.
 * 4. A body that breaks off after its head is one more failure (`brokeOff`), and breaks off for the client too.
 * 5. `close`, when the answer has left or the client has: every place that the call holds is given back.
 */
export class Forwarding implements AttemptOwner, ProxyAttempt {
  readonly context: RequestContext;
  readonly timeouts: Timeouts;
  readonly deadlines: Deadlines;
  /** True when this request may become a WebSocket. */
  readonly isUpgrade: boolean;
  path: string;
  target: URL;
  totalDueAtMs = 0;
  isTry = false;
  /** Path and query on the service, before the target's own base path. */
  readonly #servicePath: string;
  readonly #body: RequestBody | undefined;
  readonly #next: Next;
  /** At the service that is asked now. */
  #stay: Stay;
  #chosen: Target;
  #attempt: Attempt | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** `path`: path and query on the service; `next` gets the error where it has no answer. */
  constructor(plan: ForwardPlan, context: RequestContext, path: string, chosen: Target, call: BreakerCall, next: Next) {
    this.context = context;
    this.#servicePath = path;
    this.path = path;
    this.timeouts = shortenTimeouts(plan.timeouts, context);
    this.deadlines = plan.deadlines;
    this.#chosen = chosen;
    this.target = chosen.location;
    this.#next = next;
    this.#body = bodyOf(context);
    this.#stay = new Stay(plan, call, context, this.#body);
    this.isUpgrade = context.websocket !== undefined && context.upgrade !== undefined;
    const length = this.#body?.contentLength;
    if (length !== undefined) context.upstreamHeaders.push('content-length', length);
  }

  /** Sends the request to the target that was chosen for it. */
  start(): void {
    const { context } = this;
    // The object itself: V8 puts a function literal that is assigned to a property straight into the old generation,
    // where it would keep the whole request from dying young.
    context.abort = this;
    context.idleMs = this.#stay.plan.timeouts.idle;
    this.#begin();
  }

  /** Called by the proxy of the route's prefix, in place of http-proxy-middleware's own transport. */
  send(): void {
    if (this.#isClosed) return;
    const attempt = new Attempt(this, this.#body?.open() ?? null);
    this.#attempt = attempt;
    const { method, upstreamHeaders } = this.context;
    const headers = this.#stay.proof?.fields ?? upstreamHeaders;
    const upgrade = this.isUpgrade ? 'websocket' : undefined;
    this.#stay.holds.begin(this.#chosen);
    const request = { method, path: this.path, headers, body: attempt.body, upgrade } as const;
    try {
      this.#chosen.transport.send(request, attempt);
    } catch (error) {
      attempt.onResponseError(undefined, error as Error);
    }
  }

  settled(ending: Ending): boolean {
    const { outcome } = ending;
    this.#stay.spans?.settled(ending, this.#attempt);
    const judged = this.#stay.learn(this.#chosen, this.#attempt as Attempt, ending, this.timeouts, this.isTry);
    if (outcome === 'aborted-by-client' || outcome === 'upload-refused') return this.#abandon(ending.error);
    const other = this.#canAskAgain ? this.#stay.findOther(ending.status, ending.headers) : undefined;
    if (other !== undefined) return this.#handOver(other, ending.status);
    const again = isFailure(ending) ? this.#planNext(ending) : this.#planProof(ending);
    if (again !== undefined) return this.#retry(again);
    const { status, headers } = ending;
    if (headers !== undefined) return this.#deliver(ending, this.#stay.plan.failover?.told(status, headers) ?? headers);
    this.#stay.holds.judge(isNobodysFailure(judged) ? 'abandon' : 'fail', judged);
    return this.#refuse(failureOf(outcome, ending.error));
  }

  brokeOff(outcome: AttemptOutcome, error: unknown): void {
    const { context } = this;
    context.outcome = outcome;
    this.#stay.spans?.brokeOff(outcome);
    if (!isNobodysFailure(outcome))
      this.#stay.holds.failAfterHead(this.#chosen, outcome, (this.#attempt as Attempt).ageMs, error);
    const detail = outcome === 'idle-timeout' ? 'The service fell silent in the middle of its answer.' : undefined;
    context.sink.fail(context, failureOf(outcome, error, detail));
  }

  /** The deadline of the attempt under way; 0 while there is none. */
  get dueAtMs(): number {
    return this.#stay.proof?.dueAtMs || (this.#attempt?.dueAtMs ?? 0);
  }

  /** The answer is complete, or the client went away. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#stay.proof?.close();
    this.#attempt?.abort();
    if (this.#body !== undefined) this.context.bytesIn = this.#body.bytes;
    this.#stay.close();
  }

  #begin(): void {
    const { context } = this;
    context.attempts += 1;
    this.isTry =
      this.#body === undefined && isTry(context, this.#stay.plan, this.timeouts, this.#chosen, this.#stay.tried);
    context.target = this.#chosen.url;
    const { basePath } = this.#chosen;
    this.path = joinBase(basePath, this.#servicePath, context.path.endsWith('/'));
    tellDestination(context.upstreamHeaders, basePath, context);
    this.#stay.spans?.begin(this.#chosen, this.path);
    if (this.#stay.proof === undefined) this.#go();
    else
      this.#stay.proof.renew(this.#chosen, this, (error) => (error === undefined ? this.#go() : this.#abandon(error)));
  }

  #go(): void {
    const { req, res, upgrade } = this.context;
    if (this.isUpgrade && upgrade !== undefined) this.#stay.plan.proxy.upgrade(req, upgrade, this);
    else this.#stay.plan.proxy.forward(req, res, this);
  }

  /** The head goes to the client, and the body will follow. */
  #deliver({ status, socket }: Ending, headers: AnswerFields): boolean {
    const { context } = this;
    if (socket !== undefined) {
      this.#isClosed = true;
      return tieTogether(context, this.#stay.plan, this.#chosen, this.#stay.holds, { headers, socket });
    }
    if (isEventStream(status, headers)) watchEvents(context, this.#stay.plan);
    try {
      context.sink.head(context, status, clientFields(headers, this.#stay.plan, context, this.#chosen), 'service');
    } catch (error) {
      // What we can't write is no proof that the service is ill.
      context.outcome = 'protocol';
      return this.#abandon(failureOf('protocol', error));
    }
    this.#stay.holds.judge(status >= 500 ? 'fail' : 'succeed', 'status');
    return true;
  }

  get #canAskAgain(): boolean {
    return !this.#isClosed && this.context.status === 0 && this.#body?.isRepeatable !== false;
  }

  /** The one service is done with; the other begins with targets, places and proof of its own. */
  #handOver({ plan, chosen, call }: Claim, status: number): false {
    this.#stay.end(status);
    this.#stay = new Stay(plan, call, this.context, this.#body);
    this.context.service = plan.service.name;
    this.#ask(chosen);
    return false;
  }

  #planNext(ending: Ending): NextAttempt | undefined {
    if (!this.#canAskAgain) return undefined;
    this.#stay.tried ??= new Set();
    return planNext(this.context, this.#stay.plan, {
      ...ending,
      wasTry: this.isTry,
      hadBegunSending: this.#attempt?.hasBegunSending ?? false,
      target: this.#chosen,
      tried: this.#stay.tried.add(this.#chosen),
      totalDueAtMs: this.totalDueAtMs,
    });
  }

  #planProof({ status, headers }: Ending): NextAttempt | undefined {
    const wantsIt = this.#stay.wantsProofAgain(status, headers) && this.#canAskAgain;
    return wantsIt ? { target: this.#chosen, delayMs: 0 } : undefined;
  }

  #retry({ target, delayMs }: NextAttempt): false {
    this.#stay.holds.endTarget();
    this.#stay.holds.beginRetry();
    if (delayMs === 0) this.#ask(target);
    else this.#timer = setTimeout(() => this.#ask(target), delayMs);
    return false;
  }

  #ask(target: Target): void {
    this.#chosen = target;
    this.target = target.location;
    tellTimeLeft(this.context.upstreamHeaders, this.totalDueAtMs);
    this.#begin();
  }

  /** No answer of the service's goes to the client; without an error there is nobody left to tell. */
  #refuse(error: unknown): false {
    this.#stay.holds.endTarget();
    if (error !== undefined) this.#next(error);
    return false;
  }

  /** The same, and the breaker learns nothing of it. */
  #abandon(error: unknown): false {
    this.#stay.holds.judge('abandon');
    return this.#refuse(error);
  }
}
