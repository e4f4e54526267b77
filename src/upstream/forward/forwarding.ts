import type { Duplex } from 'node:stream';
import { hasBody, type ServiceHeaders } from '../../answer/head.ts';
import type { AttemptOutcome, RequestContext } from '../../context.ts';
import type { DeadlineWheel } from '../../lib/deadline-wheel.ts';
import type { BreakerCall } from '../breaker.ts';
import type { ServiceTarget } from '../service.ts';
import { isNobodysFailure } from '../transport.ts';
import { relayWebSocket } from '../websocket/websocket.ts';
import { Exchange, type ExchangeOwner, type Timeouts } from './exchange.ts';
import { type FailedAttempt, type NextAttempt, planNext } from './next-attempt.ts';
import type { ForwardPlan } from './plan.ts';
import type { ProxyAttempt } from './proxy.ts';
import { rewriteServiceHeaders, speaksOfItself } from './redirects.ts';
import { RequestBody } from './request-body.ts';
import { failureOf, joinBase, judgedOutcome, shortenTimeouts, tellTimeLeft } from './service-request.ts';

/** One request on its way to a service: its attempts, its body, its verdict for the breaker. */
export class Forwarding implements ExchangeOwner, ProxyAttempt {
  readonly context: RequestContext;
  readonly timeouts: Timeouts;
  readonly deadlines: DeadlineWheel;
  /** True when this request may become a WebSocket. */
  readonly isUpgrade: boolean;
  path: string;
  target: URL;
  totalDueAtMs = 0;
  readonly #plan: ForwardPlan;
  /** Path and query on the service, before the target's own base path. */
  readonly #servicePath: string;
  readonly #headers: string[];
  readonly #body: RequestBody | undefined;
  readonly #next: (error?: unknown) => void;
  #call: BreakerCall | undefined;
  #chosen: ServiceTarget;
  #tried: Set<ServiceTarget> | undefined;
  #again: NextAttempt | undefined;
  #exchange: Exchange | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The target that has a call of ours under way. */
  #busy: ServiceTarget | undefined;
  #isRetrying = false;
  #isClosed = false;

  private constructor(
    plan: ForwardPlan,
    context: RequestContext,
    path: string,
    chosen: ServiceTarget,
    call: BreakerCall,
    next: (error?: unknown) => void,
  ) {
    this.#plan = plan;
    this.context = context;
    this.#servicePath = path;
    this.path = path;
    this.timeouts = shortenTimeouts(plan.timeouts, context);
    this.deadlines = plan.deadlines;
    this.#chosen = chosen;
    this.target = chosen.location;
    this.#call = call;
    this.#next = next;
    this.#headers = context.upstreamHeaders;
    this.#body = hasBody(context) ? new RequestBody(context.req, context.res, context.maxBodyBytes) : undefined;
    this.isUpgrade = context.websocket !== undefined && context.upgrade !== undefined;
    const length = context.req.headers['content-length'];
    if (this.#body !== undefined && length !== undefined) this.#headers.push('content-length', length);
  }

  /** Sends the request to the target that was chosen for it. */
  static start(
    plan: ForwardPlan,
    context: RequestContext,
    path: string,
    chosen: ServiceTarget,
    call: BreakerCall,
    next: (error?: unknown) => void,
  ): void {
    const forwarding = new Forwarding(plan, context, path, chosen, call, next);
    // The object itself: V8 puts a function literal that is assigned to a property straight into the old generation,
    // where it would keep the whole request from dying young (Node 24).
    context.abort = forwarding;
    forwarding.#attempt();
  }

  /** The answer is complete, or the client went away. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#exchange?.abort();
    this.#endRetry();
    this.#endCall();
    this.#judge('abandon');
    if (this.#body !== undefined) this.context.bytesIn = this.#body.bytes;
    this.#plan.service.bulkhead.leave();
  }

  /** Called by the proxy of the route's prefix, in place of http-proxy-middleware's own transport. */
  send(): void {
    if (this.#isClosed) return;
    const exchange = new Exchange(this, this.#body?.open() ?? null);
    this.#exchange = exchange;
    this.#busy = this.#chosen;
    this.#plan.service.begin(this.#chosen);
    try {
      this.#chosen.transport.send(
        {
          method: this.context.method,
          path: this.path,
          headers: this.#headers,
          body: exchange.body,
          upgrade: this.isUpgrade ? 'websocket' : undefined,
        },
        exchange,
      );
    } catch (error) {
      exchange.onResponseError(undefined, error as Error);
    }
  }

  wantsAnswer(status: number, headers: ServiceHeaders): boolean {
    if (status < 500 || status > 504) return true;
    this.#again = this.#planNext({ outcome: 'status', status, headers, error: undefined });
    return this.#again === undefined;
  }

  adaptHeaders(headers: ServiceHeaders): ServiceHeaders {
    if (!this.#plan.rewriteRedirects || !speaksOfItself(headers)) return headers;
    const { context } = this;
    return rewriteServiceHeaders(headers, {
      origin: this.target.origin,
      servicePrefix: this.#chosen.basePath + this.#plan.servicePrefix(context),
      publicPrefix: context.path.slice(0, context.prefixLength),
    });
  }

  upgraded(headers: ServiceHeaders, socket: Duplex): void {
    const { context } = this;
    const { websocket, upgrade } = context;
    const { service } = this.#plan;
    const target = this.#busy;
    if (websocket === undefined || upgrade === undefined || target === undefined) {
      socket.destroy();
      return;
    }
    // The call is over and gives its place back; its target goes on counting the connection, for least-busy.
    this.#busy = undefined;
    this.close();
    context.abort = { close: () => service.end(target) };
    relayWebSocket(context, websocket, upgrade, this.adaptHeaders(headers), socket, this.#plan);
  }

  settled(outcome: AttemptOutcome, status: number, error: unknown): void {
    const exchange = this.#exchange as Exchange;
    const { context } = this;
    const tookMs = exchange.latencyMs === 0 ? performance.now() - exchange.startedAtMs : exchange.latencyMs;
    context.upstreamMs += tookMs;
    context.outcome = outcome;
    const judged = judgedOutcome(outcome, tookMs, this.timeouts, this.#plan.timeouts);
    this.#plan.service.note(this.#chosen, judged, tookMs);
    this.#endRetry();
    if (!exchange.isDelivered) this.#endCall();
    if (outcome === 'aborted-by-client') {
      this.#abandoned(error);
    } else if (exchange.isDelivered) {
      this.#judge(status >= 500 ? 'fail' : 'succeed');
    } else {
      const again = outcome === 'status' ? this.#again : this.#planNext({ outcome, status, headers: undefined, error });
      if (again === undefined) this.#giveUp(outcome, judged, error);
      else this.#retry(again);
    }
  }

  #giveUp(outcome: AttemptOutcome, judged: AttemptOutcome, error: unknown): void {
    this.#judge(isNobodysFailure(judged) ? 'abandon' : 'fail');
    this.#next(failureOf(outcome, error));
  }

  #attempt(): void {
    const { context } = this;
    context.attempts += 1;
    context.target = this.#chosen.url;
    this.path = joinBase(this.#chosen.basePath, this.#servicePath, context.path.endsWith('/'));
    if (this.isUpgrade && context.upgrade !== undefined) {
      this.#plan.proxy.upgrade(context.req, context.upgrade, this);
    } else {
      this.#plan.proxy.forward(context.req, context.res, this);
    }
  }

  /** The client left, or sent more than it may. */
  #abandoned(error: unknown): void {
    this.#judge('abandon');
    if (error !== undefined) this.#next(error);
  }

  #planNext(ended: Pick<FailedAttempt, 'outcome' | 'status' | 'headers' | 'error'>): NextAttempt | undefined {
    const { context } = this;
    if (this.#isClosed || context.res.headersSent) return undefined;
    if (this.#body !== undefined && !this.#body.isRepeatable) return undefined;
    this.#tried ??= new Set();
    return planNext(context, this.#plan, {
      ...ended,
      hadBegunSending: this.#exchange?.hasBegunSending ?? false,
      target: this.#chosen,
      tried: this.#tried.add(this.#chosen),
      totalDueAtMs: this.totalDueAtMs,
    });
  }

  #retry({ target, delayMs }: NextAttempt): void {
    this.#plan.service.retries.take();
    this.#isRetrying = true;
    const go = (): void => {
      this.#chosen = target;
      this.target = target.location;
      tellTimeLeft(this.#headers, this.totalDueAtMs);
      this.#attempt();
    };
    if (delayMs === 0) go();
    else this.#timer = setTimeout(go, delayMs);
  }

  #endCall(): void {
    if (this.#busy === undefined) return;
    this.#plan.service.end(this.#busy);
    this.#busy = undefined;
  }

  #endRetry(): void {
    if (!this.#isRetrying) return;
    this.#isRetrying = false;
    this.#plan.service.retries.release();
  }

  #judge(verdict: 'succeed' | 'fail' | 'abandon'): void {
    this.#call?.[verdict]();
    this.#call = undefined;
  }
}
