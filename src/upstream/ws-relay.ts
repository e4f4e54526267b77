import type { Duplex } from 'node:stream';
import type { Deadline, DeadlineWheel } from '../lib/deadline-wheel.ts';
import { type CloseCode, closeFrame, FrameTracker } from '../lib/ws-frames.ts';
import type { OpenSocket, OpenSockets } from '../open-sockets.ts';

export interface RelayOptions {
  readonly client: Duplex;
  readonly service: Duplex;
  readonly consumer: string;
  /** Closes the connection when no byte moved for so long. */
  readonly idleMs: number;
  /** When the caller's credential expires, on the `performance.now()` scale; closes with 1008. */
  readonly expiresAtMs: number | undefined;
  readonly deadlines: DeadlineWheel;
  readonly open: OpenSockets;
  /** Bytes that went to the client and came from it; once, when both ends are gone. */
  onEnd(bytesOut: number, bytesIn: number): void;
}

/** How long a client may take to answer our close frame. */
const CLOSE_MS = 1_000;

/**
 * Two sockets, tied together: bytes pass unchanged under backpressure, and when one end goes the other does.
 * It keeps nothing of the request, so that an idle connection costs little memory.
 */
export class Relay implements OpenSocket, Deadline {
  readonly consumer: string;
  dueAtMs = 0;
  nextDeadline: Deadline | null = null;
  previousDeadline: Deadline | null = null;
  readonly #client: Duplex;
  readonly #service: Duplex;
  readonly #options: RelayOptions;
  readonly #fromService = new FrameTracker();
  readonly #fromClient = new FrameTracker();
  #closing: { code: CloseCode; reason: string; sent: boolean } | undefined;
  #bytesOut = 0;
  #bytesIn = 0;
  #isEnded = false;

  private constructor(options: RelayOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#service = options.service;
    this.consumer = options.consumer;
  }

  static start(options: RelayOptions): Relay {
    const relay = new Relay(options);
    relay.#run();
    return relay;
  }

  /** A close frame to both ends, between two frames; what doesn't end in time is cut off. */
  shutDown(code: CloseCode, reason: string): void {
    if (this.#closing !== undefined || this.#isEnded) return;
    this.#closing = { code, reason, sent: false };
    this.#options.deadlines.add(this, performance.now() + CLOSE_MS);
    if (this.#fromClient.isAtBoundary) this.#service.write(closeFrame(code, reason, true));
    if (this.#fromService.isAtBoundary) this.#sendClose();
  }

  /** The idle time is over, the credential has expired, or a close was not answered. */
  onDue(): void {
    const { expiresAtMs } = this.#options;
    if (this.#closing === undefined && expiresAtMs !== undefined && performance.now() >= expiresAtMs) {
      this.shutDown(1008, 'credential expired');
    } else {
      this.#end();
    }
  }

  #run(): void {
    this.#options.open.add(this);
    this.#options.deadlines.add(this, this.#nextDue());
    this.#client.on('data', (chunk: Buffer) => this.#onClientData(chunk));
    this.#service.on('data', (chunk: Buffer) => this.#onServiceData(chunk));
    for (const [from, to] of [
      [this.#client, this.#service],
      [this.#service, this.#client],
    ] as const) {
      from.on('drain', () => to.resume());
      from.on('end', () => to.end());
      from.on('error', ignore);
      from.on('close', () => this.#oneGone(to));
    }
  }

  #onClientData(chunk: Buffer): void {
    this.#bytesIn += chunk.length;
    this.#touch();
    this.#fromClient.advance(chunk);
    if (this.#closing?.sent === true) {
      // The server closes first (RFC 6455, section 7.1.1), once the client has answered our close frame.
      if (this.#fromClient.hasSeenClose) this.#client.end();
    } else if (!this.#service.write(chunk)) {
      this.#client.pause();
    }
  }

  #onServiceData(chunk: Buffer): void {
    this.#touch();
    const boundary = this.#fromService.advance(chunk);
    if (this.#closing?.sent === true) return;
    if (this.#closing !== undefined && boundary !== -1) {
      this.#toClient(chunk.subarray(0, boundary));
      this.#sendClose();
      return;
    }
    this.#toClient(chunk);
  }

  #toClient(chunk: Buffer): void {
    this.#bytesOut += chunk.length;
    if (!this.#client.write(chunk)) this.#service.pause();
  }

  #sendClose(): void {
    const closing = this.#closing;
    if (closing === undefined || closing.sent) return;
    closing.sent = true;
    this.#client.write(closeFrame(closing.code, closing.reason, false));
  }

  /** What the other end still has to read it may read, for a moment. */
  #oneGone(other: Duplex): void {
    if (other.destroyed) {
      this.#end();
      return;
    }
    other.end();
    this.#closing ??= { code: 1001, reason: '', sent: true };
    this.#options.deadlines.add(this, performance.now() + CLOSE_MS);
  }

  #touch(): void {
    if (this.#closing === undefined) this.dueAtMs = this.#nextDue();
  }

  #nextDue(): number {
    const idleAtMs = performance.now() + this.#options.idleMs;
    return Math.min(idleAtMs, this.#options.expiresAtMs ?? Number.POSITIVE_INFINITY);
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.deadlines.remove(this);
    this.#options.open.delete(this);
    this.#client.destroy();
    this.#service.destroy();
    this.#options.onEnd(this.#bytesOut, this.#bytesIn);
  }
}

/** 'close' follows every error, and does the work. */
function ignore(): void {}
