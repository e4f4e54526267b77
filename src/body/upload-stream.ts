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

/** What has become of an upload before a stream of it is opened. */
interface Before {
  /** What has come, to be sent first. */
  readonly replay: readonly Buffer[];
  /** True when that is the whole body. */
  readonly isReplayAll: boolean;
  /** The whole of it, where somebody is reading that. */
  readonly reading: Promise<Buffer> | undefined;
}

/** The upload as undici reads it: pulls from the client only as fast as the service takes it. */
export class UploadStream extends Readable {
  readonly #owner: UploadOwner;
  readonly #req: IncomingMessage;
  #replay: readonly Buffer[];
  #isReplayAll: boolean;
  #attached = false;

  /** What others are reading now, and this one is given with its end. */
  #reading: Promise<Buffer> | undefined;
  #isWaiting = false;

  constructor(owner: UploadOwner, req: IncomingMessage, { replay, isReplayAll, reading }: Before) {
    super({ highWaterMark: 64 * 1024 });
    this.#owner = owner;
    this.#req = req;
    this.#replay = replay;
    this.#isReplayAll = isReplayAll;
    this.#reading = reading;
  }

  /** True when the service has taken all that came, and it is the client that keeps everyone waiting. */
  get isStarved(): boolean {
    return (this.#attached || this.#isWaiting) && this.readableLength === 0 && !this.isPaused();
  }

  override _read(): void {
    if (this.#reading !== undefined) {
      this.#await(this.#reading);
      return;
    }
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

  #await(reading: Promise<Buffer>): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    reading.then(
      (whole) => {
        this.#reading = undefined;
        this.#isWaiting = false;
        if (this.destroyed) return;
        this.#replay = [whole];
        this.#isReplayAll = true;
        this._read();
      },
      (error: unknown) => this.destroy(error as Error),
    );
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
