import type { Duplex } from 'node:stream';
import type { UploadStream } from '../../body/upload-stream.ts';
import type { RequestContext } from '../../context.ts';
import { GatewayError } from '../../errors.ts';
import type { AttemptOutcome } from '../../facts.ts';
import type { Deadline, Deadlines } from '../../lib/deadlines.ts';
import type { AnswerFields, Source } from '../../sink.ts';
import { outcomeOf, type TransportController, type TransportHandler } from '../transport.ts';
import { isAccepted } from '../websocket/websocket.ts';
import { type Ending, failed } from './ending.ts';
import type { Timeouts } from './plan.ts';
import { missedDeadline } from './service-request.ts';
import { isStrangeHead } from './strange-head.ts';

/** Whose attempt it is. It is called twice at most: at the head or the failure, and when an answer breaks off after it. */
export interface AttemptOwner {
  readonly context: RequestContext;
  readonly timeouts: Timeouts;
  /** Whether this attempt has less time for its head, since another target is left; see `isTry` in next-attempt.ts. */
  readonly isTry: boolean;
  readonly deadlines: Deadlines;
  /** Whether an upgrade was asked for. */
  readonly isUpgrade: boolean;
  /** When the whole request must have an answer (`performance.now()`), once it has been sent; 0 before. */
  totalDueAtMs: number;
  /** The attempt has an answer, or has failed. True when the answer goes to the client: its body follows into the sink. */
  settled(ending: Ending): boolean;
  /** The body broke off after the head had gone to the client. */
  brokeOff(outcome: AttemptOutcome, error: unknown): void;
}

const WRONG_LENGTH = new Error('the body of the answer is not as long as its Content-Length says');

type Phase = 'connecting' | 'sending' | 'waiting' | 'receiving' | 'done';

/** One attempt at one target: streams both ways under backpressure, and ends exactly once, whatever the service does. */
export class Attempt implements TransportHandler, Deadline, Source {
  dueAtMs = 0;
  nextDeadline: Deadline | null = null;
  previousDeadline: Deadline | null = null;
  readonly #owner: AttemptOwner;
  /** What is uploaded, or null. */
  readonly body: UploadStream | null;
  #phase: Phase = 'connecting';
  #controller: TransportController | undefined;
  /** The answer belongs to the client from here on: a failure can only break the connection off. */
  #isDelivering = false;
  /** The client has not yet read what it was sent. */
  #isReaderFull = false;
  /** How long the answer may be silent. */
  #silenceMs: number;
  /** Bytes of the answer still to come, or -1 when the service has not said how many. */
  #remaining = -1;
  readonly startedAtMs = performance.now();
  /** When nothing more came of it, of a request that is traced; else 0. */
  endedAtMs = 0;
  /** Time until the response head, in milliseconds; 0 before. */
  latencyMs = 0;

  constructor(owner: AttemptOwner, body: UploadStream | null) {
    this.#owner = owner;
    this.body = body;
    this.#silenceMs = owner.timeouts.idle;
    const dueAtMs = this.startedAtMs + owner.timeouts.connect;
    owner.deadlines.add(this, owner.totalDueAtMs === 0 ? dueAtMs : Math.min(dueAtMs, owner.totalDueAtMs));
  }

  /** True once any byte of the request may have reached the service. */
  get hasBegunSending(): boolean {
    return this.#controller !== undefined;
  }

  /** Milliseconds since it began. */
  get ageMs(): number {
    return performance.now() - this.startedAtMs;
  }

  /** The client went away, or its owner lost interest. */
  abort(): void {
    if (this.#phase === 'done') return;
    this.#finish();
    if (!this.#isDelivering) this.#owner.settled(failed('aborted-by-client', undefined));
    this.#drop();
  }

  onDue(): void {
    const { timeouts, deadlines } = this.#owner;
    if (this.#phase === 'connecting') {
      // In our own backlog the connection may have waited for us, and the service has done nothing wrong.
      const outcome = deadlines.isOverloaded ? 'overloaded' : 'connect-timeout';
      this.#fail(outcome, new Error(`no connection within ${timeouts.connect} ms`));
    } else if (this.#phase === 'waiting') {
      this.#fail(
        'headers-timeout',
        new Error(`no response headers within ${missedDeadline(this.dueAtMs, this.#owner)}`),
      );
    } else if (this.#phase === 'sending' && this.body?.isStarved === true) {
      this.#fail('aborted-by-client', new GatewayError('request_timeout'));
    } else if (this.#isReaderFull) {
      this.#fail('aborted-by-client', new Error(`the client read nothing for ${timeouts.idle} ms`));
    } else {
      const isReading = this.#phase === 'sending';
      const what = isReading ? `read nothing for ${timeouts.idle}` : `sent nothing for ${this.#silenceMs}`;
      this.#fail('idle-timeout', new Error(`the service ${what} ms`));
    }
  }

  /** The client has read what it was sent: the service may go on. */
  resume(): void {
    this.#isReaderFull = false;
    if (this.#phase !== 'receiving') return;
    this.dueAtMs = performance.now() + this.#silenceMs;
    this.#controller?.resume();
  }

  // What undici calls

  onRequestStart(controller: TransportController): void {
    this.#controller = controller;
    if (this.#phase === 'done') {
      controller.abort(new Error('abandoned'));
      return;
    }
    this.#phase = 'sending';
    this.#owner.context.isSent = true;
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
    const headersMs = owner.isTry ? owner.timeouts.try : owner.timeouts.headers;
    this.#moveDeadline(Math.min(now + headersMs, owner.totalDueAtMs));
  }

  onResponseStart(controller: TransportController, status: number, headers: AnswerFields, reason?: string): void {
    if (this.#phase === 'done' || (status >= 100 && status < 200 && status !== 101)) return;
    if (isStrangeHead(status, reason, headers)) {
      this.#fail('protocol', new Error(`a head that HTTP does not allow, with status ${status}`));
      return;
    }
    this.#phase = 'receiving';
    const length = headers['content-length'];
    if (typeof length !== 'string') this.#silenceMs = this.#owner.timeouts.stream;
    else if (this.#owner.context.method !== 'HEAD' && status !== 304) this.#remaining = Number(length);
    this.#moveDeadline(performance.now() + this.#silenceMs);
    if (this.#deliver(status, headers, undefined)) return;
    this.#finish();
    if (!controller.aborted) controller.abort(new Error('answer not wanted'));
  }

  onResponseData(controller: TransportController, chunk: Buffer): void {
    if (this.#phase !== 'receiving') return;
    const { context, timeouts } = this.#owner;
    // Of HTTP/1.1 undici sees to the length; of HTTP/2 it doesn't (RFC 9113, section 8.1.1).
    if (this.#remaining >= 0 && chunk.length > this.#remaining) {
      this.#fail('protocol', WRONG_LENGTH);
      return;
    }
    this.#remaining -= chunk.length;
    this.dueAtMs = performance.now() + this.#silenceMs;
    if (this.#remaining === 0) {
      this.#finish();
      context.sink.end(context, chunk);
    } else if (!context.sink.write(context, chunk, this)) {
      // Now it is the reader's turn.
      this.#isReaderFull = true;
      this.#moveDeadline(performance.now() + timeouts.idle);
      controller.pause();
    }
  }

  onResponseEnd(): void {
    if (this.#phase !== 'receiving') return;
    if (this.#remaining > 0) {
      this.#fail('protocol', WRONG_LENGTH);
      return;
    }
    this.#finish();
    const { context } = this.#owner;
    context.sink.end(context, undefined);
  }

  onResponseError(_controller: TransportController | undefined, error: Error): void {
    // Our own limit on the upload comes back as the body's error, and so does framing that its client broke.
    if (error instanceof GatewayError)
      this.#fail(error.code === 'bad_framing' ? 'aborted-by-client' : 'upload-refused', error);
    else this.#fail(outcomeOf(error, this.#phase === 'receiving'), error);
  }

  /** A service that upgrades without being asked, or without proof that it took the handshake, has broken the protocol. */
  onRequestUpgrade(controller: TransportController, _status: number, headers: AnswerFields, socket: Duplex): void {
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
    this.#finish();
    this.#deliver(101, headers, socket);
  }

  /** Offers the answer to the owner; false where it is not wanted. */
  #deliver(status: number, headers: AnswerFields, socket: Duplex | undefined): boolean {
    this.latencyMs = performance.now() - this.startedAtMs;
    const outcome = status >= 500 ? 'status' : 'ok';
    this.#isDelivering = this.#owner.settled({ outcome, status, headers, socket, error: undefined });
    return this.#isDelivering;
  }

  #fail(outcome: AttemptOutcome, error: unknown): void {
    if (this.#phase === 'done') return;
    this.#finish();
    if (this.#isDelivering) this.#owner.brokeOff(outcome, error);
    else this.#owner.settled(failed(outcome, error));
    this.#drop();
  }

  /** A deadline that moved away is found out by itself, but not one that came nearer. */
  #moveDeadline(dueAtMs: number): void {
    if (dueAtMs < this.dueAtMs) this.#owner.deadlines.add(this, dueAtMs);
    else this.dueAtMs = dueAtMs;
  }

  #finish(): void {
    this.#phase = 'done';
    if (this.#owner.context.span !== undefined) this.endedAtMs = performance.now();
    this.#owner.deadlines.remove(this);
  }

  /** Ends the connection to the service; before there is one, `onRequestStart` does it. */
  #drop(): void {
    this.body?.destroy();
    const controller = this.#controller;
    if (controller !== undefined && !controller.aborted) controller.abort(new Error('attempt ended'));
  }
}
