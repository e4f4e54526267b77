import { write } from 'node:fs';

/** Writes bytes to a descriptor, as `fs.write` does; a test hands in one of its own. */
export type WriteBytes = (
  descriptor: number,
  bytes: Buffer,
  offset: number,
  length: number,
  position: null,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

export interface LineWriterOptions {
  readonly descriptor: number;
  /** Characters that may wait; lines beyond are dropped. Default 1 Mi. */
  readonly maxPending?: number;
  /** How long lines are gathered before one write. Default 100 ms. */
  readonly intervalMs?: number;
  /** Called with how many lines were dropped, at most once an interval. */
  readonly onDrop?: (lines: number) => void;
  readonly write?: WriteBytes;
}

/** How long to wait before asking a full pipe again. */
const RETRY_MS = 20;

/**
 * Writes lines to a descriptor without ever making the caller wait: lines are gathered, and one write at a time takes
 * all of them. When the reader is too slow, or gone (EPIPE), or the disk is full (ENOSPC), lines are dropped and
 * counted; the process lives on.
 */
export class LineWriter {
  readonly #descriptor: number;
  readonly #maxPending: number;
  readonly #intervalMs: number;
  readonly #onDrop: (lines: number) => void;
  readonly #write: WriteBytes;
  #pending = '';
  #pendingLines = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  /** What is being written now: bytes, how many of them are out, and how many lines they are. */
  #batch: Buffer | undefined;
  #batchOffset = 0;
  #batchLines = 0;
  #waiters: (() => void)[] = [];

  constructor(options: LineWriterOptions) {
    this.#descriptor = options.descriptor;
    this.#maxPending = options.maxPending ?? 1024 * 1024;
    this.#intervalMs = options.intervalMs ?? 100;
    this.#onDrop = options.onDrop ?? (() => undefined);
    this.#write = options.write ?? write;
  }

  /** Takes one line, without its line end. */
  append(line: string): void {
    if (this.#pending.length + line.length >= this.#maxPending) {
      this.#dropped += 1;
      return;
    }
    this.#pending += `${line}\n`;
    this.#pendingLines += 1;
    if (this.#timer === undefined && this.#batch === undefined) this.#wait(this.#intervalMs);
  }

  /** Resolves when everything is written, or when the deadline passes: true when nothing is left. */
  flush(deadlineMs: number): Promise<boolean> {
    if (this.#isIdle) return Promise.resolve(true);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(this.#isIdle), deadlineMs);
    this.#waiters.push(() => {
      clearTimeout(timer);
      resolve(true);
    });
    if (this.#batch === undefined) this.#begin();
    return promise;
  }

  get #isIdle(): boolean {
    return this.#batch === undefined && this.#pendingLines === 0;
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#begin(), ms);
    this.#timer.unref();
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#tellDropped();
    if (this.#batch === undefined) {
      if (this.#pendingLines === 0) return this.#tellWaiters();
      this.#batch = Buffer.from(this.#pending);
      this.#batchOffset = 0;
      this.#batchLines = this.#pendingLines;
      this.#pending = '';
      this.#pendingLines = 0;
    }
    const { length } = this.#batch;
    this.#write(this.#descriptor, this.#batch, this.#batchOffset, length - this.#batchOffset, null, this.#onWritten);
  }

  readonly #onWritten = (error: NodeJS.ErrnoException | null, written: number): void => {
    if (error !== null) {
      // A full pipe: the same bytes again, a little later.
      if (error.code === 'EAGAIN' || error.code === 'EINTR') return this.#retry();
      this.#dropped += this.#batchLines;
      this.#batch = undefined;
    } else {
      this.#batchOffset += written;
      if (this.#batchOffset < (this.#batch as Buffer).length) return this.#retry(0);
      this.#batch = undefined;
    }
    if (this.#pendingLines === 0) {
      this.#tellDropped();
      this.#tellWaiters();
    } else if (this.#waiters.length > 0) this.#begin();
    else this.#wait(this.#intervalMs);
  };

  #retry(ms = RETRY_MS): void {
    this.#timer = setTimeout(() => this.#begin(), ms);
    if (this.#waiters.length === 0) this.#timer.unref();
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    this.#onDrop(this.#dropped);
    this.#dropped = 0;
  }

  #tellWaiters(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }
}
