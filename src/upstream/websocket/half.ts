import type { Duplex } from 'node:stream';
import { type CloseCode, closeFrame, FrameTracker } from '../../lib/ws-frames.ts';

/** What ties the two directions of a WebSocket together. */
export interface Halves {
  touch(): void;
  /** `half.from` has ended, or is gone. */
  ended(half: Half): void;
  /** A close frame came by on `half`. */
  closeAnswered(half: Half): void;
}

/** Found on a socket: the direction that reads from it. With it, listeners are functions that all sockets share. */
const kHalf = Symbol('turnpike.half');

type Tied = Duplex & { [kHalf]?: Half };

/** One direction of a WebSocket: what comes from one socket goes to the other, up to a close frame of ours. */
export class Half {
  readonly owner: Halves;
  readonly from: Duplex;
  readonly to: Duplex;
  /** Bytes that were passed on. */
  bytes = 0;
  /** A close frame of ours went to `to`, or its own end said one: nothing may follow it. */
  hasClosed = false;
  readonly #frames = new FrameTracker();
  /** `to` is a server, whose frames are masked. */
  readonly #isMasked: boolean;
  #closing: { readonly code: CloseCode; readonly reason: string } | undefined;

  constructor(owner: Halves, from: Duplex, to: Duplex, isMasked: boolean) {
    this.owner = owner;
    this.from = from;
    this.to = to;
    this.#isMasked = isMasked;
    (from as Tied)[kHalf] = this;
  }

  listen(): void {
    const { from } = this;
    from.on('data', onData);
    from.on('drain', onDrain);
    from.on('end', onGone);
    from.on('error', onError);
    from.on('close', onGone);
    // It went while the other one was asked.
    if (from.destroyed) this.owner.ended(this);
  }

  /** Sends a close frame to `to` as soon as the present frame has passed. */
  close(code: CloseCode, reason: string): void {
    this.#closing = { code, reason };
    if (this.#frames.isAtBoundary) this.#sendClose();
  }

  take(chunk: Buffer): void {
    const { to } = this;
    this.owner.touch();
    const boundary = this.#frames.advance(chunk);
    if (!this.hasClosed && to.writable) {
      // The sender's own close frame is as good as ours, and only one may be sent.
      const isCut = this.#closing !== undefined && boundary !== -1 && !this.#frames.hasSeenClose;
      this.#pass(isCut ? chunk.subarray(0, boundary) : chunk);
      if (isCut || this.#frames.isAtBoundary) this.#sendClose();
    }
    if (this.#frames.hasSeenClose) this.owner.closeAnswered(this);
  }

  #pass(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (!this.to.write(chunk)) this.from.pause();
  }

  #sendClose(): void {
    const closing = this.#closing;
    if (closing === undefined || this.hasClosed) return;
    this.hasClosed = true;
    if (this.#frames.hasSeenClose || !this.to.writable) return;
    this.to.write(closeFrame(closing.code, closing.reason, this.#isMasked));
    // What still comes is read and thrown away, so that the end of it is noticed.
    this.from.resume();
  }
}

function onData(this: Tied, chunk: Buffer): void {
  this[kHalf]?.take(chunk);
}

/** There is room again: whoever writes to this socket may read on. */
function onDrain(this: Tied): void {
  this[kHalf]?.to.resume();
}

function onGone(this: Tied): void {
  const half = this[kHalf];
  if (half !== undefined) half.owner.ended(half);
}

/** 'close' follows every error, and does the work. */
function onError(): void {}
