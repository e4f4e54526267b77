import type { Deps } from '../deps.ts';
import { Complaints } from '../lib/complaints.ts';
import { settledWithin } from '../lib/settled-within.ts';
import type { TracingSettings } from '../settings.ts';
import { Delivery } from './delivery.ts';
import { SpanQueue } from './span-queue.ts';

/** How long the end of the gateway waits for the last spans. */
const CLOSE_MS = 2_000;

type ExporterDeps = Pick<Deps, 'call' | 'log' | 'metrics'>;

/**
 * Sends spans in batches, one at a time, on a timer or when enough have come. No request waits for it: what finds no
 * room is dropped, and counted.
 */
export class Exporter {
  readonly #queue: SpanQueue;
  readonly #delivery: Delivery;
  readonly #batch: TracingSettings['batch'];
  readonly #counts: Record<'exported' | 'failed' | 'dropped', { value: number }>;
  readonly #complaints: Complaints;
  #timer: NodeJS.Timeout | undefined;
  #isSoon = false;
  #sending: Promise<void> | undefined;
  #isClosing = false;
  #closed: Promise<void> | undefined;

  constructor(settings: TracingSettings, { call, log, metrics }: ExporterDeps) {
    this.#batch = settings.batch;
    this.#queue = new SpanQueue(settings.batch.maxQueued);
    this.#delivery = new Delivery(settings, call);
    const { traceSpans } = metrics;
    this.#counts = {
      exported: traceSpans.labels('exported'),
      failed: traceSpans.labels('failed'),
      dropped: traceSpans.labels('dropped'),
    };
    this.#complaints = new Complaints((message, fields) => log.warn(message, fields));
  }

  /** Takes a finished span; never throws, never waits. */
  add(span: string): void {
    if (!this.#queue.add(span)) {
      this.#counts.dropped.value += 1;
      this.#complaints.say('spans are dropped: the collector takes them more slowly than they come', undefined);
    } else if (this.#sending === undefined) this.#ask();
  }

  /** Sends what is there, and drops what has not been sent in time. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#isClosing = true;
    this.#delivery.hurry(CLOSE_MS);
    await settledWithin(this.#sendRest(), CLOSE_MS);
    this.#counts.dropped.value += this.#queue.take(this.#queue.size).length;
  }

  /** Has a batch sent when it is full, or when its first span has waited long enough. */
  #ask(): void {
    if (this.#queue.size >= this.#batch.maxSpans) {
      if (this.#isSoon) return;
      this.#isSoon = true;
      setImmediate(() => this.#begin());
    } else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#begin(), this.#batch.delayMs);
      this.#timer.unref();
    }
  }

  #begin(): void {
    this.#isSoon = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sending !== undefined || this.#queue.size === 0) return;
    this.#sending = this.#send().finally(() => {
      this.#sending = undefined;
      if (this.#queue.size > 0) this.#ask();
    });
  }

  async #sendRest(): Promise<void> {
    do {
      this.#begin();
      await this.#sending;
    } while (this.#queue.size > 0);
  }

  async #send(): Promise<void> {
    do await this.#sendBatch(this.#queue.take(this.#batch.maxSpans));
    while (this.#queue.size >= (this.#isClosing ? 1 : this.#batch.maxSpans));
  }

  async #sendBatch(spans: readonly string[]): Promise<void> {
    // A bug of ours must not end the gateway.
    const { taken, lost, fault } = await this.#delivery
      .send(spans)
      .catch((error: Error) => ({ taken: 0, lost: spans.length, fault: error }));
    this.#counts.exported.value += taken;
    this.#counts.failed.value += lost;
    if (fault !== undefined) this.#complaints.say('the collector of traces has not taken spans', fault);
  }
}
