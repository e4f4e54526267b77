import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../errors.ts';
import { MESSAGES } from '../lib/held-bytes.ts';
import { PieceList } from '../lib/piece-list.ts';
import { tooMuchAtOnce } from './too-much.ts';
import { type UploadOwner, UploadStream } from './upload-stream.ts';

/** What is kept of an upload so that it can be sent again to another target. */
const MAX_REPLAY_BYTES = 64 * 1024;

/** How long an upload that a stage reads may stand still. */
const DEFAULT_IDLE_MS = 30_000;

interface WithContinue {
  readonly _sent100?: boolean;
}

/** How somebody watches over a body that is read whole. */
export interface Watch {
  /** How long it may stand still. Default 30 s. */
  readonly idleMs?: number;
  /** Ends the reading, with the reason as the error. */
  readonly signal?: AbortSignal;
  /** Told of every chunk. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * The body of one request, counted against the route's limit whoever reads it.
 *
 * Usually it streams: to one target after another, as long as what came is small enough to be kept. A stage that
 * wants to read it asks for `whole`, and may `replace` it; what was read or replaced is what is sent, and sent again.
 *
 * undici is never given the request itself: it would unset `req.socket` when done.
 */
export class RequestBody implements UploadOwner {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #maxBytes: number;
  readonly #caller: string;
  /** What is counted among all that is kept whole. */
  #held = 0;
  /** The request has ended: nobody will give back what is counted from here on. */
  #isOver = false;
  readonly #kept = new PieceList();
  #keptAll = true;
  #ended = false;
  #begun = false;
  /** Somebody reads the whole, and is not done. */
  #isReading = false;
  #stream: UploadStream | undefined;
  #whole: Promise<Buffer> | undefined;
  /** Bytes read from the client so far. */
  bytes = 0;
  /** What it says as JSON, once somebody has asked: see json-body.ts. */
  json: Promise<unknown> | undefined;
  /** The whole of it without its Content-Encoding, once somebody has asked: see json-body.ts. */
  plain: Promise<Buffer> | undefined;

  /** `caller`: who is held to account for what is kept of it. */
  constructor(req: IncomingMessage, res: ServerResponse, maxBytes: number, caller: string) {
    this.#caller = caller;
    this.#req = req;
    this.#res = res;
    this.#maxBytes = maxBytes;
    // For good: Node decides to report an abort while somebody listens, and does so a moment later, when the stream
    // that listened may have let go. Without a listener then, a client that leaves would end the process (Node 26).
    req.on('error', ignore);
  }

  /** True while another attempt could send the whole body. */
  get isRepeatable(): boolean {
    return this.#keptAll;
  }

  /** True when the client has sent all of it. */
  get isComplete(): boolean {
    return this.#ended;
  }

  /** True when somebody has asked the client for it. */
  get isBegun(): boolean {
    return this.#begun;
  }

  /** What the service is told to expect, in bytes; undefined when nobody knows (chunked). */
  get contentLength(): string | undefined {
    if (this.#whole === undefined || !this.#ended) return this.#req.headers['content-length'];
    return String(this.#kept.bytes);
  }

  /**
   * A fresh stream of the whole body, the kept part first. The one before is ended. Where somebody still reads the whole,
   * it waits for that: two readers would each get a part, and count all of it.
   */
  open(): UploadStream {
    this.#stream?.detach();
    const reading = this.#isReading ? this.#whole : undefined;
    const replay = reading === undefined ? this.#kept.pieces() : [];
    this.#stream = new UploadStream(this, this.#req, { replay, isReplayAll: this.#ended, reading });
    return this.#stream;
  }

  /**
   * All of it, read once for all who ask. Rejects with `body_too_large` (413) over the route's limit, `request_timeout`
   * (408) when it stands still, `client_closed` when the client leaves, `overloaded` (503) where too much is kept already.
   * To be asked for before anything is sent on. Who asks first may watch over it.
   */
  whole(watch: Watch = {}): Promise<Buffer> {
    if (this.#whole === undefined) {
      this.#res.once('close', this.#letGo);
      this.#whole = this.#read(watch);
    }
    return this.#whole;
  }

  /** Puts other bytes in the place of those that were read; they are what every later reader and the service get. */
  replace(bytes: Buffer): void {
    this.#keep(bytes);
    this.#whole = Promise.resolve(bytes);
    this.json = undefined;
    this.plain = undefined;
  }

  /** Asks for the rest of the upload; the first time also tells a client that waits for it to go on (RFC 9110, 10.1.1). */
  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    // HTTP/1.0 knows no interim answers (RFC 9110, section 10.1.1).
    const { headers, httpVersionMinor } = this.#req;
    if (headers.expect === undefined || httpVersionMinor === 0 || this.#res.headersSent) return;
    // The server of an application that the gateway is mounted in has said it by itself; Node notes that (22 to 26).
    if ((this.#res as WithContinue)._sent100 !== true) this.#res.writeContinue();
  }

  take(chunk: Buffer): GatewayError | undefined {
    this.bytes += chunk.length;
    if (this.bytes > this.#maxBytes) return tooLarge(this.#maxBytes);
    if (this.#whole !== undefined && !this.#hold(chunk.length)) return tooMuchAtOnce();
    if (this.#keptAll) {
      // Whoever wants it whole gets it whole: then the route's limit alone is the bound.
      if (this.bytes <= MAX_REPLAY_BYTES || this.#whole !== undefined) {
        this.#kept.add(chunk);
      } else {
        this.#keptAll = false;
        this.#kept.clear();
      }
    }
    return undefined;
  }

  end(): void {
    this.#ended = true;
  }

  #hold(bytes: number): boolean {
    if (this.#isOver) return true;
    if (!MESSAGES.take(this.#caller, bytes)) return false;
    this.#held += bytes;
    return true;
  }

  readonly #letGo = (): void => {
    this.#isOver = true;
    MESSAGES.give(this.#caller, this.#held);
    this.#held = 0;
  };

  /** From here on these are all there is. */
  #keep(bytes: Buffer): void {
    this.#kept.clear();
    this.#kept.add(bytes);
  }

  #read({ idleMs = DEFAULT_IDLE_MS, signal, onBytes }: Watch): Promise<Buffer> {
    const req = this.#req;
    // Sent before, and all of it still here: to be sent again, elsewhere.
    if (this.#stream !== undefined && this.#ended && this.#keptAll) return Promise.resolve(this.#kept.whole());
    if (this.#stream !== undefined) return Promise.reject(new Error('the body is on its way to the service already'));
    if (Number(req.headers['content-length'] ?? 0) > this.#maxBytes) return Promise.reject(tooLarge(this.#maxBytes));
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.#isReading = true;
    const settle = (error?: unknown): void => {
      this.#isReading = false;
      clearTimeout(timer);
      req.off('data', onData);
      req.off('end', onEnd);
      req.off('close', onClose);
      signal?.removeEventListener('abort', onAbort);
      if (error === undefined) {
        const bytes = this.#kept.whole();
        this.#keep(bytes);
        resolve(bytes);
      } else {
        req.pause();
        this.#kept.clear();
        this.#keptAll = false;
        reject(error);
      }
    };
    const onData = (chunk: Buffer): void => {
      const error = this.take(chunk);
      if (error !== undefined) {
        settle(error);
        return;
      }
      timer.refresh();
      // It may end the reading.
      onBytes?.(chunk.length);
    };
    const onEnd = (): void => {
      this.end();
      settle();
    };
    const onClose = (): void => settle(new GatewayError('client_closed'));
    const onAbort = (): void => settle(signal?.reason);
    const timer = setTimeout(() => settle(new GatewayError('request_timeout')), idleMs);
    req.on('data', onData);
    req.on('end', onEnd);
    req.on('close', onClose);
    signal?.addEventListener('abort', onAbort);
    this.begin();
    return promise;
  }
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('body_too_large', `The body is larger than ${maxBytes} bytes.`);
}

/** Whoever reads the upload has a listener of its own. */
function ignore(): void {}
