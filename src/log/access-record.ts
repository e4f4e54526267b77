import type { RequestContext } from '../context.ts';
import type { ErrorSource } from '../errors.ts';

/** winston reads the level and the finished line under these names. */
const LEVEL = Symbol.for('level');
const MESSAGE = Symbol.for('message');

export type AccessLevel = 'error' | 'warn' | 'info';

/** What the access log says of one request that has ended: winston's record, with the request itself inside. */
export class AccessRecord {
  readonly level: AccessLevel;
  /** winston wants one; the line is under `Symbol.for('message')`. */
  readonly message = '';
  #context: RequestContext | undefined;
  /** Epoch milliseconds when the request ended. */
  readonly endedAtMs: number;
  /** Until all of the answer was sent; of a WebSocket, until it was closed. */
  readonly totalMs: number;
  /** As sent, or 499 when the client left before the answer was complete. */
  readonly status: number;
  /** Who caused an answer of 400 and above, or broke it off. */
  readonly source: ErrorSource | undefined;
  /** Who broke the answer off before its end. */
  readonly aborted: 'client' | 'upstream' | 'gateway' | undefined;
  /** Which share of the lines of its kind is written; undefined where all of all kinds are. */
  sampleRate: number | undefined = undefined;
  [LEVEL]: AccessLevel;
  [MESSAGE] = '';

  constructor(
    level: AccessLevel,
    context: RequestContext,
    endedAtMs: number,
    totalMs: number,
    status: number,
    source: ErrorSource | undefined,
    aborted: 'client' | 'upstream' | 'gateway' | undefined,
  ) {
    this.level = level;
    this[LEVEL] = level;
    this.#context = context;
    this.endedAtMs = endedAtMs;
    this.totalMs = totalMs;
    this.status = status;
    this.source = source;
    this.aborted = aborted;
  }

  /** The request that this tells of, until `release`. */
  get context(): RequestContext {
    if (this.#context === undefined) throw new Error('the line of this request has been written');
    return this.#context;
  }

  /**
   * Lets go of the request once its line is rendered. winston's streams keep every record in a linked list: a dead one
   * of the old generation keeps its successors alive, requests and all, until the next full collection (winston 3.19,
   * readable-stream 3).
   */
  release(): void {
    this.#context = undefined;
  }
}
