import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { GatewayError } from '../../errors.ts';

/** What is kept of an upload so that it can be sent again to another target. */
const MAX_REPLAY_BYTES = 64 * 1024;

/**
 * The body of one request: counted against the route's limit while it streams, kept while it is small, and sent to
 * one target after another where the first did not take it.
 *
 * undici is never given the request itself: it would unset `req.socket` when done.
 */
export class RequestBody {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #maxBytes: number;
  readonly #kept: Buffer[] = [];
  #keptAll = true;
  #ended = false;
  #begun = false;
  #stream: UploadStream | undefined;
  /** Bytes read from the client so far. */
  bytes = 0;

  constructor(req: IncomingMessage, res: ServerResponse, maxBytes: number) {
    this.#req = req;
    this.#res = res;
    this.#maxBytes = maxBytes;
    // For good: Node decides to report an abort while somebody listens, and does so a moment later, when the stream
    // that listened may have let go. Without a listener then, a client that leaves would end the process (Node 24).
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

  /** True when the service has taken all that came, and it is the client that keeps everyone waiting. */
  get isStarved(): boolean {
    return this.#stream?.isStarved ?? false;
  }

  /** A fresh stream of the whole body, the kept part first. The one before is ended. */
  open(): UploadStream {
    this.#stream?.detach();
    this.#stream = new UploadStream(this, this.#req, [...this.#kept], this.#ended);
    return this.#stream;
  }

  /** Asks for the rest of the upload; the first time also tells a client that waits for it to go on (RFC 9110, 10.1.1). */
  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    // HTTP/1.0 knows no interim answers (RFC 9110, section 10.1.1).
    const { headers, httpVersionMinor } = this.#req;
    if (headers.expect !== undefined && httpVersionMinor > 0 && !this.#res.headersSent) this.#res.writeContinue();
  }

  /** Takes in one chunk; an error when the body grows over the limit. */
  take(chunk: Buffer): GatewayError | undefined {
    this.bytes += chunk.length;
    if (this.bytes > this.#maxBytes)
      return new GatewayError('body_too_large', `The body is larger than ${this.#maxBytes} bytes.`);
    if (this.#keptAll) {
      if (this.bytes <= MAX_REPLAY_BYTES) {
        this.#kept.push(chunk);
      } else {
        this.#keptAll = false;
        this.#kept.length = 0;
      }
    }
    return undefined;
  }

  end(): void {
    this.#ended = true;
  }
}

/** Whoever reads the upload has a listener of its own. */
function ignore(): void {}

/** The upload as undici reads it: pulls from the client only as fast as the service takes it. */
export class UploadStream extends Readable {
  readonly #body: RequestBody;
  readonly #req: IncomingMessage;
  #replay: Buffer[];
  readonly #ended: boolean;
  #attached = false;

  constructor(body: RequestBody, req: IncomingMessage, replay: Buffer[], ended: boolean) {
    super({ highWaterMark: 64 * 1024 });
    this.#body = body;
    this.#req = req;
    this.#replay = replay;
    this.#ended = ended;
  }

  get isStarved(): boolean {
    return this.#attached && this.readableLength === 0 && !this.isPaused();
  }

  override _read(): void {
    if (this.#replay.length > 0) {
      const chunks = this.#replay;
      this.#replay = [];
      for (const chunk of chunks) this.push(chunk);
      if (this.#ended) this.push(null);
      return;
    }
    if (this.#ended) {
      this.push(null);
      return;
    }
    // The end may have come between two attempts, while nobody listened.
    if (this.#req.readableEnded) {
      this.#onEnd();
      return;
    }
    this.#body.begin();
    this.#attach();
    this.#req.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.detach();
    callback(error);
  }

  detach(): void {
    if (!this.#attached) return;
    this.#attached = false;
    this.#req.pause();
    this.#req.off('data', this.#onData);
    this.#req.off('end', this.#onEnd);
    this.#req.off('error', this.#onError);
  }

  #attach(): void {
    if (this.#attached) return;
    this.#attached = true;
    this.#req.on('data', this.#onData);
    this.#req.on('end', this.#onEnd);
    this.#req.on('error', this.#onError);
  }

  readonly #onData = (chunk: Buffer): void => {
    const error = this.#body.take(chunk);
    if (error !== undefined) this.destroy(error);
    else if (!this.push(chunk)) this.#req.pause();
  };

  readonly #onEnd = (): void => {
    this.#body.end();
    this.push(null);
  };

  /** The client has left: Node 22 says so here before the connection's end is told, and it is no fault of the service. */
  readonly #onError = (error: Error): void => {
    this.destroy(new GatewayError('client_closed', undefined, { cause: error }));
  };
}
