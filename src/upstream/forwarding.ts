import type { Duplex } from 'node:stream';
import type { AttemptOutcome, RequestContext } from '../context.ts';
import { type ErrorCode, GatewayError } from '../errors.ts';
import type { DeadlineWheel } from '../lib/deadline-wheel.ts';
import { hasBody, type ServiceHeaders } from '../response-head.ts';
import type { BreakerCall } from './breaker.ts';
import { Exchange, type ExchangeOwner, type Timeouts } from './exchange.ts';
import type { ForwardPlan } from './forward-plan.ts';
import type { ProxyAttempt } from './proxy.ts';
import { rewriteServiceHeaders } from './redirects.ts';
import { RequestBody } from './request-body.ts';
import { retryDelayMs } from './retry.ts';
import type { ServiceTarget } from './service.ts';
import { joinBase, shortenTimeouts } from './service-request.ts';
import { isStaleConnection } from './transport.ts';
import { relayWebSocket } from './websocket.ts';

const OUTCOME_CODES: Readonly<Partial<Record<AttemptOutcome, ErrorCode>>> = {
  refused: 'upstream_refused',
  dns: 'upstream_dns',
  tls: 'upstream_tls',
  reset: 'upstream_reset',
  protocol: 'upstream_protocol',
  'connect-timeout': 'connect_timeout',
  'headers-timeout': 'headers_timeout',
  'idle-timeout': 'idle_timeout',
};

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
  #excluded: Set<ServiceTarget> | undefined;
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
    this.target = chosen.transport.url;
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
      this.#chosen.transport.transport.send(
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

  wantsAnswer(status: number): boolean {
    if (status < 500 || status > 504) return true;
    return !this.#mayRetry('status', status);
  }

  adaptHeaders(headers: ServiceHeaders): ServiceHeaders {
    if (!this.#plan.rewriteRedirects) return headers;
    if (
      headers['location'] === undefined &&
      headers['set-cookie'] === undefined &&
      headers['content-location'] === undefined
    )
      return headers;
    const { context } = this;
    return rewriteServiceHeaders(headers, {
      origin: this.target.origin,
      servicePrefix: this.#chosen.basePath + this.#plan.servicePrefix(context),
      publicPrefix: context.path.slice(0, context.prefixLength),
    });
  }

  upgraded(headers: ServiceHeaders, socket: Duplex): void {
    const { websocket, upgrade } = this.context;
    if (websocket === undefined || upgrade === undefined) socket.destroy();
    else relayWebSocket(this.context, websocket, upgrade, headers, socket, this.#plan);
  }

  settled(outcome: AttemptOutcome, status: number, error: unknown): void {
    const exchange = this.#exchange as Exchange;
    const { context } = this;
    const tookMs = exchange.latencyMs === 0 ? performance.now() - exchange.startedAtMs : exchange.latencyMs;
    context.upstreamMs += tookMs;
    context.outcome = outcome;
    this.#plan.service.note(this.#chosen, outcome, tookMs);
    this.#endRetry();
    if (!exchange.isDelivered) this.#endCall();
    if (outcome === 'aborted-by-client') {
      this.#abandoned(error);
    } else if (exchange.isDelivered) {
      this.#judge(status >= 500 ? 'fail' : 'succeed');
    } else if (this.#mayRetry(outcome, status, error)) {
      this.#retry();
    } else {
      this.#judge('fail');
      this.#next(new GatewayError(codeOf(outcome), undefined, { cause: error }));
    }
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

  #mayRetry(outcome: AttemptOutcome, status: number, error?: unknown): boolean {
    const { context } = this;
    const { service, retry } = this.#plan;
    if (this.#isClosed || context.res.headersSent) return false;
    if (this.#body !== undefined && !this.#body.isRepeatable) return false;
    const hadBegun = this.#exchange?.hasBegunSending ?? false;
    const wanted =
      retry.isWanted(context.method, outcome, status, context.attempts, hadBegun) || this.#isStale(outcome, error);
    if (!wanted) return false;
    if (this.totalDueAtMs !== 0 && performance.now() >= this.totalDueAtMs) return false;
    // A refused connection is refused again a moment later: only another target makes it worth a try.
    if (!hadBegun && service.pick(context, this.#excludedWith(this.#chosen)) === undefined) return false;
    return service.retries.hasRoom(service.bulkhead.inFlight);
  }

  /** A pooled connection that the service had closed: worth one more try wherever repeating is safe. */
  #isStale(outcome: AttemptOutcome, error: unknown): boolean {
    const { context } = this;
    return (
      outcome === 'reset' &&
      context.attempts === 1 &&
      (context.method === 'GET' || context.method === 'HEAD') &&
      isStaleConnection(error)
    );
  }

  #excludedWith(target: ServiceTarget): Set<ServiceTarget> {
    this.#excluded ??= new Set();
    this.#excluded.add(target);
    return this.#excluded;
  }

  #retry(): void {
    const { service } = this.#plan;
    const { context } = this;
    service.retries.take();
    this.#isRetrying = true;
    const isImmediate = !(this.#exchange?.hasBegunSending ?? false) || context.outcome === 'reset';
    const again = service.pick(context, this.#excludedWith(this.#chosen)) ?? this.#chosen;
    const go = (): void => {
      this.#chosen = again;
      this.target = again.transport.url;
      this.#attempt();
    };
    if (isImmediate && context.attempts === 1) go();
    else this.#timer = setTimeout(go, retryDelayMs(context.attempts));
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

function codeOf(outcome: AttemptOutcome): ErrorCode {
  return OUTCOME_CODES[outcome] ?? 'upstream_reset';
}
