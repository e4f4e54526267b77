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
  /** Bytes that may wait; lines beyond are dropped. Default 1 MiB. */
  readonly maxPendingBytes?: number;
  /** How long lines are gathered before one write. Default 100 ms. */
  readonly intervalMs?: number;
  /** Called with how many lines were dropped, at most once an interval. */
  readonly onDrop?: (lines: number) => void;
  readonly write?: WriteBytes;
}

/** How long to wait before asking a full pipe again. */
const RETRY_MS = 20;
const FIRST_BYTES = 16 * 1024;
const LINE_END = 0x0a;

/**
 * Writes lines to a descriptor without ever making the caller wait: lines are gathered, and one write at a time takes
 * all of them. When the reader is too slow, or gone (EPIPE), or the disk is full (ENOSPC), lines are dropped and
 * counted; the process lives on.
 */
export class LineWriter {
  readonly #descriptor: number;
  readonly #maxPendingBytes: number;
  readonly #intervalMs: number;
  readonly #onDrop: (lines: number) => void;
  readonly #write: WriteBytes;
  /** Lines that wait; it is swapped with the spare one when a write begins. */
  #pending: Buffer;
  #spare: Buffer;
  #pendingBytes = 0;
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
    this.#maxPendingBytes = options.maxPendingBytes ?? 1024 * 1024;
    this.#pending = Buffer.allocUnsafe(Math.min(FIRST_BYTES, this.#maxPendingBytes));
    this.#spare = Buffer.allocUnsafe(this.#pending.length);
    this.#intervalMs = options.intervalMs ?? 100;
    this.#onDrop = options.onDrop ?? (() => undefined);
    this.#write = options.write ?? write;
  }

  /** Takes one line, without its line end. */
  append(line: string): void {
    // Encoded at once: a thousand lines joined later cost twice as much. A character has three bytes at most.
    const needed = this.#pendingBytes + line.length * 3 + 1;
    if (needed > this.#pending.length && !this.#grow(needed)) {
      this.#dropped += 1;
      return;
    }
    this.#pendingBytes += this.#pending.write(line, this.#pendingBytes);
    this.#pending[this.#pendingBytes++] = LINE_END;
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

  /** Room for so many bytes; false when that is more than may wait. */
  #grow(needed: number): boolean {
    if (needed > this.#maxPendingBytes) return false;
    const larger = Buffer.allocUnsafe(Math.min(Math.max(needed, this.#pending.length * 2), this.#maxPendingBytes));
    this.#pending.copy(larger, 0, 0, this.#pendingBytes);
    this.#pending = larger;
    return true;
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
    this.#batch ??= this.#takePending();
    if (this.#batch === undefined) {
      this.#tellWaiters();
      return;
    }
    const { length } = this.#batch;
    this.#write(this.#descriptor, this.#batch, this.#batchOffset, length - this.#batchOffset, null, this.#onWritten);
  }

  #takePending(): Buffer | undefined {
    if (this.#pendingLines === 0) return undefined;
    const full = this.#pending;
    const batch = full.subarray(0, this.#pendingBytes);
    this.#pending = this.#spare;
    // Written out before the next write begins, and so free by then.
    this.#spare = full;
    this.#batchOffset = 0;
    this.#batchLines = this.#pendingLines;
    this.#pendingBytes = 0;
    this.#pendingLines = 0;
    return batch;
  }

  readonly #onWritten = (error: NodeJS.ErrnoException | null, written: number): void => {
    const batch = this.#batch as Buffer;
    this.#batchOffset += error === null ? written : 0;
    if (error?.code === 'EAGAIN' || error?.code === 'EINTR') {
      // A full pipe: the same bytes again, a little later.
      this.#retry(RETRY_MS);
    } else if (error === null && this.#batchOffset < batch.length) {
      this.#retry(0);
    } else {
      if (error !== null) this.#dropped += this.#batchLines;
      this.#batch = undefined;
      this.#goOn();
    }
  };

  #goOn(): void {
    if (this.#pendingLines > 0) {
      if (this.#waiters.length > 0) this.#begin();
      else this.#wait(this.#intervalMs);
      return;
    }
    this.#tellDropped();
    this.#tellWaiters();
  }

  #retry(ms: number): void {
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
