import type { Duplex } from 'node:stream';
import { endServiceAnswer, type ServiceHeaders, writeServiceHead } from '../../answer/head.ts';
import type { AttemptOutcome, RequestContext } from '../../context.ts';
import { GatewayError } from '../../errors.ts';
import type { Deadline, DeadlineWheel } from '../../lib/deadline-wheel.ts';
import { outcomeOf, type TransportController, type TransportHandler } from '../transport.ts';
import { isAccepted } from '../websocket/websocket.ts';
import type { UploadStream } from './request-body.ts';
import { isStrangeHead } from './strange-head.ts';

/** Milliseconds; `headers` and `total` count from the moment the request has been sent whole. */
export interface Timeouts {
  readonly connect: number;
  readonly headers: number;
  readonly idle: number;
  readonly total: number;
}

/** What an attempt tells its owner: once how it ended, and before that whether a response head may go to the client. */
export interface ExchangeOwner {
  readonly context: RequestContext;
  readonly timeouts: Timeouts;
  readonly deadlines: DeadlineWheel;
  /** When the whole request must have an answer (`performance.now()`), once it has been sent; 0 before. */
  totalDueAtMs: number;
  /** True to deliver this answer to the client, false to throw it away and try again. */
  wantsAnswer(status: number, headers: ServiceHeaders): boolean;
  /** The service's head as the client should see it. */
  adaptHeaders(headers: ServiceHeaders): ServiceHeaders;
  /** Takes over the socket of a service that agreed to an upgrade. */
  upgraded(headers: ServiceHeaders, socket: Duplex): void;
  /** Whether an upgrade was asked for. */
  readonly isUpgrade: boolean;
  /** The attempt ended without an answer, or `ok` when the head is on its way to the client. Called once. */
  settled(outcome: AttemptOutcome, status: number, error: unknown): void;
}

type Phase = 'connecting' | 'sending' | 'waiting' | 'receiving' | 'done';

/** One attempt at one target: streams both ways under backpressure, and ends exactly once, whatever the service does. */
export class Exchange implements TransportHandler, Deadline {
  dueAtMs = 0;
  nextDeadline: Deadline | null = null;
  previousDeadline: Deadline | null = null;
  readonly #owner: ExchangeOwner;
  /** What is uploaded, or null. */
  readonly body: UploadStream | null;
  #phase: Phase = 'connecting';
  #controller: TransportController | undefined;
  #isSettled = false;
  /** The answer belongs to the client from here on: a failure can only break the connection off. */
  #isDelivering = false;
  /** The client has not yet read what it was sent. */
  #isReaderFull = false;
  /** Bytes of the answer still to come, or -1 when the service has not said how many. */
  #remaining = -1;
  readonly startedAtMs = performance.now();
  /** Time until the response head, in milliseconds. */
  latencyMs = 0;

  constructor(owner: ExchangeOwner, body: UploadStream | null) {
    this.#owner = owner;
    this.body = body;
    const dueAtMs = this.startedAtMs + owner.timeouts.connect;
    owner.deadlines.add(this, owner.totalDueAtMs === 0 ? dueAtMs : Math.min(dueAtMs, owner.totalDueAtMs));
  }

  /** True once any byte of the request may have reached the service. */
  get hasBegunSending(): boolean {
    return this.#controller !== undefined;
  }

  /** True once a service's answer is on its way to the client. */
  get isDelivered(): boolean {
    return this.#isDelivering;
  }

  /** The client went away, or its owner lost interest. */
  abort(): void {
    if (this.#phase === 'done') return;
    this.#finish();
    this.#settle('aborted-by-client', 0, undefined);
    this.#drop();
  }

  onDue(): void {
    const { timeouts } = this.#owner;
    if (this.#phase === 'connecting') {
      this.#fail('connect-timeout', new Error(`no connection within ${timeouts.connect} ms`));
    } else if (this.#phase === 'waiting') {
      this.#fail('headers-timeout', new Error('no response headers in time'));
    } else if (this.#phase === 'sending' && this.body?.isStarved === true) {
      this.#fail('aborted-by-client', new GatewayError('request_timeout'));
    } else if (this.#isReaderFull) {
      this.#fail('aborted-by-client', new Error(`the client read nothing for ${timeouts.idle} ms`));
    } else {
      this.#fail('idle-timeout', new Error(`no byte moved for ${timeouts.idle} ms`));
    }
  }

  // What undici calls

  onRequestStart(controller: TransportController): void {
    this.#controller = controller;
    if (this.#phase === 'done') {
      controller.abort(new Error('abandoned'));
      return;
    }
    this.#phase = 'sending';
    this.#moveDeadline(performance.now() + this.#owner.timeouts.idle);
    if (this.body === null) this.onRequestSent();
  }

  onBodySent(): void {
    if (this.#phase === 'sending') this.dueAtMs = performance.now() + this.#owner.timeouts.idle;
  }

  onRequestSent(): void {
    if (this.#phase !== 'sending') return;
    this.#phase = 'waiting';
    const owner = this.#owner;
    const now = performance.now();
    if (owner.totalDueAtMs === 0) owner.totalDueAtMs = now + owner.timeouts.total;
    this.#moveDeadline(Math.min(now + owner.timeouts.headers, owner.totalDueAtMs));
  }

  onResponseStart(controller: TransportController, status: number, headers: ServiceHeaders, reason?: string): void {
    if (this.#phase === 'done' || (status >= 100 && status < 200 && status !== 101)) return;
    this.latencyMs = performance.now() - this.startedAtMs;
    if (isStrangeHead(status, reason, headers)) {
      this.#fail('protocol', new Error(`a head that HTTP does not allow, with status ${status}`));
      return;
    }
    if (!this.#owner.wantsAnswer(status, headers)) {
      this.#finish();
      this.#settle('status', status, undefined);
      controller.abort(new Error('answer not wanted'));
      return;
    }
    this.#phase = 'receiving';
    const { context } = this.#owner;
    this.#moveDeadline(performance.now() + this.#owner.timeouts.idle);
    try {
      writeServiceHead(context, status, this.#owner.adaptHeaders(headers));
    } catch (cause) {
      // What we can't write is no proof that the service is ill. Node keeps the reason of the head that failed.
      context.res.statusMessage = '';
      this.#fail('aborted-by-client', new GatewayError('upstream_protocol', undefined, { cause }));
      context.outcome = 'protocol';
      return;
    }
    this.#isDelivering = true;
    const length = headers['content-length'];
    if (typeof length === 'string') this.#remaining = Number(length);
    this.#settle(status >= 500 ? 'status' : 'ok', status, undefined);
  }

  onResponseData(controller: TransportController, chunk: Buffer): void {
    if (this.#phase !== 'receiving') return;
    const { context, timeouts } = this.#owner;
    this.dueAtMs = performance.now() + timeouts.idle;
    context.bytesOut += chunk.length;
    this.#remaining -= chunk.length;
    if (this.#remaining === 0) {
      this.#finish();
      endServiceAnswer(context.res, chunk, timeouts.idle);
      return;
    }
    if (context.res.write(chunk)) return;
    controller.pause();
    this.#isReaderFull = true;
    context.res.once('drain', () => {
      this.#isReaderFull = false;
      this.dueAtMs = performance.now() + timeouts.idle;
      controller.resume();
    });
  }

  onResponseEnd(): void {
    if (this.#phase !== 'receiving') return;
    this.#finish();
    endServiceAnswer(this.#owner.context.res, undefined, this.#owner.timeouts.idle);
  }

  onResponseError(_controller: TransportController | undefined, error: Error): void {
    // Our own limit on the upload comes back as the body's error.
    const cause = error instanceof GatewayError ? error : undefined;
    this.#fail(cause === undefined ? outcomeOf(error) : 'aborted-by-client', cause ?? error);
  }

  /** A service that upgrades without being asked, or without proof that it took the handshake, has broken the protocol. */
  onRequestUpgrade(controller: TransportController, _status: number, headers: ServiceHeaders, socket: Duplex): void {
    const { isUpgrade, context } = this.#owner;
    if (this.#phase === 'done' || !isUpgrade || !isAccepted(context, headers)) {
      this.#fail(
        'protocol',
        new Error('the service switched protocols unasked, or without a valid Sec-WebSocket-Accept'),
      );
      socket.destroy();
      controller.abort(new Error('bad upgrade'));
      return;
    }
    this.latencyMs = performance.now() - this.startedAtMs;
    this.#finish();
    this.#isDelivering = true;
    this.#settle('ok', 101, undefined);
    this.#owner.upgraded(headers, socket);
  }

  #fail(outcome: AttemptOutcome, error: unknown): void {
    if (this.#phase === 'done') return;
    this.#finish();
    if (this.#isDelivering) {
      // Half the answer is out: break the connection off, a clean end would make it look whole.
      const { context } = this.#owner;
      context.outcome = outcome;
      context.errorSource = outcome === 'aborted-by-client' ? 'client' : 'upstream';
      context.cause = error;
      context.res.destroy();
    } else {
      this.#settle(outcome, 0, error);
    }
    this.#drop();
  }

  /** The wheel finds a deadline that moved away by itself, but not one that came nearer. */
  #moveDeadline(dueAtMs: number): void {
    if (dueAtMs < this.dueAtMs) this.#owner.deadlines.add(this, dueAtMs);
    else this.dueAtMs = dueAtMs;
  }

  #finish(): void {
    this.#phase = 'done';
    this.#owner.deadlines.remove(this);
  }

  /** Ends the connection to the service; before there is one, `onRequestStart` does it. */
  #drop(): void {
    this.body?.destroy();
    const controller = this.#controller;
    if (controller !== undefined && !controller.aborted) controller.abort(new Error('exchange ended'));
  }

  #settle(outcome: AttemptOutcome, status: number, error: unknown): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#owner.settled(outcome, status, error);
  }
}
