import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { CallAnswer, Deps } from '../deps.ts';
import { backoffMs } from '../lib/backoff.ts';
import { isObject } from '../lib/json-object.ts';
import type { TracingSettings } from '../settings.ts';
import { retryAfterMs } from '../upstream/forward/retry-after.ts';
import { createEnvelope } from './encode.ts';

const compress = promisify(gzip);

/** An answer to a batch says little. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** With these a collector asks for the same again, later (OTLP/HTTP, "Retryable Response Codes"). */
const RETRIED = new Set([429, 502, 503, 504]);
/** By convention. */
const GRPC_PORT = '4317';
const WRONG_PORT = 'it does not speak HTTP there: 4317 is the port for gRPC, and HTTP is taken at 4318';
const MOST_BACKOFF_MS = 10_000;
/** Nobody is believed who wants to be left alone for longer. */
const MOST_REST_MS = 5 * 60_000;

/** What came of a try. */
interface Tried {
  readonly isTaken: boolean;
  /** Of those that were sent; the others are taken. */
  readonly rejected: number;
  readonly mayRetry: boolean;
  readonly restMs: number;
  readonly fault: Error | undefined;
}

/** What came of a batch; `fault` says why spans of it are lost. */
export interface Delivered {
  readonly taken: number;
  readonly lost: number;
  readonly fault: Error | undefined;
}

/** Sends batches to a collector, each until it is taken, refused or out of time. */
export class Delivery {
  readonly #settings: TracingSettings;
  readonly #call: Deps['call'];
  readonly #envelope: (spans: readonly string[]) => string;
  readonly #headers: readonly string[];
  /** When the collector may be asked again. */
  #restUntilMs = 0;
  /** By when all must be over; no tries begin after it. */
  #lastMs = Number.POSITIVE_INFINITY;
  #wake: (() => void) | undefined;

  constructor(settings: TracingSettings, call: Deps['call']) {
    this.#settings = settings;
    this.#call = call;
    this.#envelope = createEnvelope(settings.resource);
    const coding = settings.isGzip ? ['content-encoding', 'gzip'] : [];
    this.#headers = ['content-type', 'application/json', 'user-agent', 'turnpike', ...coding, ...settings.headers];
  }

  /** What is waited for is not waited for any longer, and nothing begins after `withinMs`. */
  hurry(withinMs: number): void {
    this.#lastMs = performance.now() + withinMs;
    this.#restUntilMs = 0;
    this.#wake?.();
  }

  async send(spans: readonly string[]): Promise<Delivered> {
    const text = this.#envelope(spans);
    const body = this.#settings.isGzip ? await compress(text) : text;
    await this.#rest();
    const dueAtMs = performance.now() + this.#settings.batch.timeoutMs;
    for (let tries = 1; ; tries += 1) {
      const { isTaken, rejected, mayRetry, restMs, fault } = await this.#try(body, dueAtMs);
      if (isTaken) return { taken: spans.length - Math.min(rejected, spans.length), lost: rejected, fault };
      this.#restUntilMs = performance.now() + Math.min(restMs, MOST_REST_MS);
      const waitMs = Math.max(restMs, backoffMs(tries, MOST_BACKOFF_MS, Math.random));
      const endMs = Math.min(dueAtMs, this.#lastMs);
      if (!mayRetry || performance.now() + waitMs >= endMs) return { taken: 0, lost: spans.length, fault };
      await this.#pause(waitMs);
    }
  }

  async #try(body: string | Buffer, dueAtMs: number): Promise<Tried> {
    const leftMs = Math.min(dueAtMs, this.#lastMs) - performance.now();
    try {
      const answer = await this.#call({
        to: this.#settings.url,
        method: 'POST',
        headers: this.#headers,
        body,
        tls: this.#settings.ca === undefined ? undefined : { ca: this.#settings.ca },
        timeoutMs: Math.max(1, Math.min(this.#settings.timeoutMs, leftMs)),
        maxBytes: MAX_ANSWER_BYTES,
        isCut: true,
      });
      return judge(answer);
    } catch (error) {
      const fault = this.#settings.url.port === GRPC_PORT ? new Error(WRONG_PORT, { cause: error }) : (error as Error);
      return { isTaken: false, rejected: 0, mayRetry: true, restMs: 0, fault };
    }
  }

  /** Who has asked to be left alone is. */
  async #rest(): Promise<void> {
    const waitMs = this.#restUntilMs - performance.now();
    if (waitMs > 0) await this.#pause(waitMs);
  }

  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, waitMs);
      timer.unref();
      this.#wake = wake;
    });
  }
}

function judge({ status, headers, body }: CallAnswer): Tried {
  if (status >= 200 && status < 300) {
    const rejected = rejectedIn(body);
    const fault = rejected === 0 ? undefined : new Error(`it rejected ${rejected} of the spans that it was sent`);
    return { isTaken: true, rejected, mayRetry: false, restMs: 0, fault };
  }
  const fault = new Error(`it answered ${status}${HINTS[status] ?? ''}`);
  return { isTaken: false, rejected: 0, mayRetry: RETRIED.has(status), restMs: retryAfterMs(headers), fault };
}

const HINTS: Readonly<Record<number, string>> = {
  400: ': is it a collector of OTLP?',
  401: ': what does it take in OTEL_EXPORTER_OTLP_HEADERS?',
  403: ': what does it take in OTEL_EXPORTER_OTLP_HEADERS?',
  404: ': does it take traces at this address (…/v1/traces)?',
  415: ': does it take JSON? protobuf is not spoken here',
};

/** Of a partial success (OTLP/HTTP, "Partial Success"); whatever else stands there, the batch was taken. */
function rejectedIn(body: Buffer): number {
  if (body.length === 0 || !body.includes('rejected')) return 0;
  try {
    const answer: unknown = JSON.parse(body.toString());
    const partial = isObject(answer) ? answer['partialSuccess'] : undefined;
    const rejected = isObject(partial) ? Number(partial['rejectedSpans'] ?? 0) : 0;
    return Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0;
  } catch {
    return 0;
  }
}
