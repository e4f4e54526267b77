import { z } from 'zod';
import { duration } from '../schema-values.ts';

/** The key `bulkhead`. */
export const bulkheadOption = z
  .strictObject({
    inFlight: z.int().min(1).max(100_000).default(1_000).describe('Calls that may be under way at once.'),
    queue: z
      .int()
      .min(0)
      .max(100_000)
      .default(100)
      .describe('Calls that may wait for a place; more are refused with 503.'),
    wait: duration({ min: '1ms', max: '1m' }).prefault('1s').describe('How long a call waits for a place; then 503.'),
  })
  .describe('How many calls a service gets at once, so that a slow one can not use up the whole gateway.');

export type BulkheadOptions = z.output<typeof bulkheadOption>;

/** A call that waits for a place. */
export interface Waiting {
  /** The client has left: the place goes to the next. */
  close(): void;
}

/** Bounds the calls of one service: so many at once, so many waiting, the rest refused at once. */
export class Bulkhead {
  #options: BulkheadOptions;
  readonly #queue = new Set<Ticket>();
  /** Calls under way. */
  inFlight = 0;

  constructor(options = bulkheadOption.parse({})) {
    this.#options = options;
  }

  /** Other bounds from now on, for the calls that are under way and wait, too. */
  configure(options: BulkheadOptions): void {
    this.#options = options;
    this.#fill();
  }

  /** True when a call that comes now would be refused: no place is free, and none to wait in. */
  get isFull(): boolean {
    return this.inFlight >= this.#options.inFlight && this.#queue.size >= this.#options.queue;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Takes a place when one is free. */
  enter(): boolean {
    if (this.inFlight >= this.#options.inFlight) return false;
    this.inFlight += 1;
    return true;
  }

  /**
   * Waits for a place: `onDone(true)` when it has one, `onDone(false)` when the time is over. Undefined, and never a
   * call back, when too many wait already.
   */
  wait(onDone: (hasPlace: boolean) => void): Waiting | undefined {
    if (this.#queue.size >= this.#options.queue) return undefined;
    const ticket: Ticket = {
      onDone,
      timer: setTimeout(() => {
        this.#queue.delete(ticket);
        onDone(false);
      }, this.#options.wait),
    };
    this.#queue.add(ticket);
    return { close: () => this.#take(ticket) };
  }

  /** Gives a place back; the one that has waited longest gets it. */
  leave(): void {
    this.inFlight -= 1;
    if (this.#queue.size > 0) this.#fill();
  }

  /** Lets in who waits, while there is a place. */
  #fill(): void {
    for (const next of this.#queue) {
      if (!this.enter()) return;
      this.#take(next);
      next.onDone(true);
    }
  }

  #take(ticket: Ticket): void {
    clearTimeout(ticket.timer);
    this.#queue.delete(ticket);
  }
}

interface Ticket {
  readonly onDone: (hasPlace: boolean) => void;
  readonly timer: NodeJS.Timeout;
}
