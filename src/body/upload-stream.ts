import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { GatewayError } from '../errors.ts';

/** What a stream of an upload tells the body that it belongs to. */
export interface UploadOwner {
  /** Asks for what has not come yet. */
  begin(): void;
  /** Takes in one chunk; an error when the body grows over the limit. */
  take(chunk: Buffer): GatewayError | undefined;
  /** The client has sent all of it. */
  end(): void;
}

/** The upload as undici reads it: pulls from the client only as fast as the service takes it. */
export class UploadStream extends Readable {
  readonly #owner: UploadOwner;
  readonly #req: IncomingMessage;
  #replay: readonly Buffer[];
  readonly #isReplayAll: boolean;
  #attached = false;

  /** `replay`: what has come before, to be sent first; `isReplayAll` when that is the whole body. */
  constructor(owner: UploadOwner, req: IncomingMessage, replay: readonly Buffer[], isReplayAll: boolean) {
    super({ highWaterMark: 64 * 1024 });
    this.#owner = owner;
    this.#req = req;
    this.#replay = replay;
    this.#isReplayAll = isReplayAll;
  }

  /** True when the service has taken all that came, and it is the client that keeps everyone waiting. */
  get isStarved(): boolean {
    return this.#attached && this.readableLength === 0 && !this.isPaused();
  }

  override _read(): void {
    if (this.#replay.length > 0) {
      const chunks = this.#replay;
      this.#replay = [];
      for (const chunk of chunks) this.push(chunk);
      if (this.#isReplayAll) this.push(null);
      return;
    }
    if (this.#isReplayAll) {
      this.push(null);
      return;
    }
    // The end may have come between two attempts, while nobody listened.
    if (this.#req.readableEnded) {
      this.#onEnd();
      return;
    }
    this.#owner.begin();
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
    const error = this.#owner.take(chunk);
    if (error !== undefined) this.destroy(error);
    else if (!this.push(chunk)) this.#req.pause();
  };

  readonly #onEnd = (): void => {
    this.#owner.end();
    this.push(null);
  };

  /** The client has left: Node 22 says so here before the connection's end is told, and it is no fault of the service. */
  readonly #onError = (error: Error): void => {
    this.destroy(new GatewayError('client_closed', undefined, { cause: error }));
  };
}
