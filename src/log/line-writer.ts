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
  /** Bytes that may wait; lines beyond are dropped. Default 4 MiB. */
  readonly maxPendingBytes?: number;
  /** How long lines are gathered before one write, unless there is enough for one. Default 100 ms. */
  readonly intervalMs?: number;
  /** Called with how many lines were dropped, before the next write. */
  readonly onDrop?: (lines: number) => void;
  /** It may call back at once. Default `fs.write`. */
  readonly write?: WriteBytes;
}

/** How long to wait before asking a full pipe again; twice as long each time, up to the second. */
const FIRST_RETRY_MS = 1;
const MAX_RETRY_MS = 20;
/** So much is worth a write. It is half of what a pipe holds. */
const ENOUGH_BYTES = 32 * 1024;
const FIRST_BYTES = 64 * 1024;
const LINE_END = 0x0a;

/**
 * Writes lines to a descriptor without ever making the caller wait: lines are gathered, and one write at a time takes
 * all of them, when there is enough or after a while. When the reader is too slow, or gone (EPIPE), or the disk is full
 * (ENOSPC), lines are dropped and counted; the process lives on.
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
  #isWriting = false;
  #retryMs = FIRST_RETRY_MS;
  /** When so many bytes wait, writing is tried without waiting for the timer. */
  #tryAtBytes = ENOUGH_BYTES;
  #waiters: (() => void)[] = [];

  constructor(options: LineWriterOptions) {
    this.#descriptor = options.descriptor;
    this.#maxPendingBytes = options.maxPendingBytes ?? 4 * 1024 * 1024;
    this.#pending = Buffer.allocUnsafe(Math.min(FIRST_BYTES, this.#maxPendingBytes));
    this.#spare = Buffer.allocUnsafe(this.#pending.length);
    this.#intervalMs = options.intervalMs ?? 100;
    this.#onDrop = options.onDrop ?? (() => undefined);
    this.#write = options.write ?? write;
  }

  /** Takes one line, without its line end. */
  append(line: string): void {
    // Encoded at once: a thousand lines joined later cost twice as much. A character has three bytes at most.
    if (this.#pendingBytes + line.length * 3 + 1 > this.#pending.length && !this.#makeRoom(line)) {
      this.#dropped += 1;
      return;
    }
    this.#pendingBytes += this.#pending.write(line, this.#pendingBytes);
    this.#pending[this.#pendingBytes++] = LINE_END;
    this.#pendingLines += 1;
    if (this.#pendingBytes >= this.#tryAtBytes) this.#begin();
    else if (this.#timer === undefined && !this.#isWriting) this.#wait(this.#intervalMs);
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
    this.#begin();
    return promise;
  }

  /** Room for a line; false when more would wait than may. */
  #makeRoom(line: string): boolean {
    const needed = this.#pendingBytes + Buffer.byteLength(line) + 1;
    if (needed <= this.#pending.length) return true;
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
    this.#timer = setTimeout(this.#begin, ms);
    this.#timer.unref();
  }

  readonly #begin = (): void => {
    if (this.#isWriting) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#tellDropped();
    this.#batch ??= this.#takePending();
    if (this.#batch === undefined) {
      this.#tellWaiters();
      return;
    }
    this.#isWriting = true;
    const { length } = this.#batch;
    this.#write(this.#descriptor, this.#batch, this.#batchOffset, length - this.#batchOffset, null, this.#onWritten);
  };

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
    this.#isWriting = false;
    this.#batchOffset += error === null ? written : 0;
    if (error?.code === 'EAGAIN' || error?.code === 'EINTR') {
      // A full pipe: the same bytes again, a little later, or when as much again waits.
      this.#tryAtBytes = this.#pendingBytes + ENOUGH_BYTES;
      this.#retry();
    } else if (error === null && this.#batchOffset < batch.length) {
      this.#retryMs = FIRST_RETRY_MS;
      this.#tryAtBytes = this.#pendingBytes + ENOUGH_BYTES;
      this.#begin();
    } else {
      if (error !== null) this.#dropped += this.#batchLines;
      this.#batch = undefined;
      this.#retryMs = FIRST_RETRY_MS;
      this.#tryAtBytes = ENOUGH_BYTES;
      this.#goOn();
    }
  };

  #goOn(): void {
    if (this.#pendingLines > 0) {
      if (this.#waiters.length > 0 || this.#pendingBytes >= ENOUGH_BYTES) this.#begin();
      else this.#wait(this.#intervalMs);
      return;
    }
    this.#tellDropped();
    this.#tellWaiters();
  }

  #retry(): void {
    this.#timer = setTimeout(this.#begin, this.#retryMs);
    if (this.#waiters.length === 0) this.#timer.unref();
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
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
