import type { Duplex } from 'node:stream';
import type { Deadline, Deadlines } from '../../lib/deadlines.ts';
import type { OpenSocket, OpenSockets } from '../../lib/open-sockets.ts';
import type { CloseCode } from '../../lib/ws-frames.ts';
import { Half, type Halves } from './half.ts';

export interface RelayOptions {
  readonly client: Duplex;
  readonly service: Duplex;
  /** Closes the connection when no byte moved for so long. */
  readonly idleMs: number;
  /** When the caller's credential expires, on the `performance.now()` scale; closes with 1008. Infinity: never. */
  readonly expiresAtMs: number;
  readonly deadlines: Deadlines;
  readonly open: OpenSockets;
  /** Bytes that went to the client and came from it; once, when both ends are gone. */
  onEnd(bytesOut: number, bytesIn: number): void;
}

/** How long an end may take to answer our close frame, or to follow the other end that has gone. */
const CLOSE_MS = 1_000;
/** How many times as long it may take while it still reads what was sent before. */
const MAX_LINGERS = 5;

/**
 * Two sockets, tied together: bytes pass unchanged under backpressure, and when one end goes the other does.
 * It keeps nothing of the request, so that an idle connection costs little memory.
 */
export class Relay implements OpenSocket, Deadline, Halves {
  dueAtMs = 0;
  nextDeadline: Deadline | null = null;
  previousDeadline: Deadline | null = null;
  readonly #options: RelayOptions;
  readonly #fromService: Half;
  readonly #fromClient: Half;
  #isClosing = false;
  #isEnded = false;
  #lingers = 0;
  /** Bytes that waited in the two sockets when the relay last looked. */
  #waiting = 0;

  private constructor(options: RelayOptions) {
    this.#options = options;
    this.#fromClient = new Half(this, options.client, options.service, true);
    this.#fromService = new Half(this, options.service, options.client, false);
  }

  static start(options: RelayOptions): void {
    const relay = new Relay(options);
    options.deadlines.add(relay, relay.#nextDue());
    relay.#fromClient.listen();
    relay.#fromService.listen();
    options.open.add(relay);
  }

  /** A close frame to both ends, between two frames; what doesn't end in time is cut off. */
  shutDown(code: CloseCode, reason: string): void {
    if (this.#isClosing) return;
    this.#linger();
    this.#fromClient.close(code, reason);
    this.#fromService.close(code, reason);
  }

  /** The idle time is over, the credential has expired, or an end took too long to go. */
  onDue(): void {
    if (!this.#isClosing) {
      if (performance.now() >= this.#options.expiresAtMs) this.shutDown(1008, 'credential expired');
      else this.shutDown(1001, 'idle');
      return;
    }
    const waiting = this.#bytesWaiting();
    this.#lingers += 1;
    if (waiting > 0 && waiting < this.#waiting && this.#lingers < MAX_LINGERS) this.#wait(waiting);
    else this.#end();
  }

  // What the halves call

  /** A byte has moved. */
  touch(): void {
    if (!this.#isClosing) this.dueAtMs = this.#nextDue();
  }

  /** One end has sent its last byte, or is gone: what it sent may still reach the other. */
  ended(half: Half): void {
    if (half.from.destroyed && half.to.destroyed) {
      this.#end();
      return;
    }
    half.to.end();
    this.#linger();
  }

  /** The client has answered our close frame: the server closes first (RFC 6455, section 7.1.1). */
  closeAnswered(half: Half): void {
    const other = half === this.#fromClient ? this.#fromService : this.#fromClient;
    if (half === this.#fromClient && other.hasClosed) half.from.end();
  }

  #linger(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#wait(this.#bytesWaiting());
  }

  #wait(bytesWaiting: number): void {
    this.#waiting = bytesWaiting;
    this.#options.deadlines.add(this, performance.now() + CLOSE_MS);
  }

  #bytesWaiting(): number {
    return this.#options.client.writableLength + this.#options.service.writableLength;
  }

  #nextDue(): number {
    return Math.min(performance.now() + this.#options.idleMs, this.#options.expiresAtMs);
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#isClosing = true;
    const { client, service, deadlines, open, onEnd } = this.#options;
    deadlines.remove(this);
    open.delete(this);
    client.destroy();
    service.destroy();
    onEnd(this.#fromService.bytes, this.#fromClient.bytes);
  }
}
