import type { RequestContext, Sink } from '../context.ts';
import { isIdentity } from '../lib/decode-content.ts';
import type { Answerer, AnswerFields, Source } from '../sink.ts';
import { BYTES_PER_TOKEN } from './bytes-per-token.ts';
import { MemberScan } from './member-scan.ts';
import { ModelEvents } from './model-events.ts';
import { NOTHING_TOLD, readUsage, type ToldUsage } from './usage.ts';

/** What is known of an answer when it is over, or has been left. */
export interface SeenAnswer {
  /** 0 where none came. */
  readonly status: number;
  readonly told: ToldUsage;
  /** What was streamed, by its texts or its bytes. */
  readonly estimatedOutput: number;
  /** True when all of it came. */
  readonly isWhole: boolean;
  /** True when what is told is of all that came, and not of its beginning. */
  readonly isFinal: boolean;
  /** Of a stream, `performance.now()` of its first text; 0 for none. */
  readonly firstTextAtMs: number;
}

export interface UsageSinkOptions {
  /** True where the service tells the usage because the gateway has asked for it. */
  readonly hidesUsage: boolean;
  /** Told once, when the answer is over; with the error where it ends in one. */
  readonly onOver: (answer: SeenAnswer, error?: unknown) => void;
}

/**
 * Reads the usage out of a model's answer while it streams by: of JSON its member `usage`, of an event stream what its
 * events tell. Keeps no more than an event that has begun.
 */
export class UsageSink implements Sink {
  readonly #options: UsageSinkOptions;
  readonly #next: Sink;
  #status = 0;
  #json: MemberScan | undefined;
  #events: ModelEvents | undefined;
  #bytes = 0;

  constructor(options: UsageSinkOptions, next: Sink) {
    this.#options = options;
    this.#next = next;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    this.#status = status;
    const kind = status < 300 && answerer === 'service' ? kindOf(fields) : undefined;
    if (kind === 'json') this.#json = new MemberScan('usage');
    if (kind === 'events') this.#events = new ModelEvents(this.#options.hidesUsage);
    const changesLength = kind === 'events' && this.#options.hidesUsage;
    this.#next.head(context, status, changesLength ? { ...fields, 'content-length': undefined } : fields, answerer);
  }

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    const bytes = this.#read(chunk);
    return bytes.length === 0 || this.#next.write(context, bytes, source);
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    const bytes = last === undefined ? undefined : this.#read(last);
    const rest = this.#events?.end();
    // Before the client has it: who asks next meets what is settled.
    this.#options.onOver(this.seen(true));
    this.#next.end(context, joined(bytes, rest));
  }

  fail(context: RequestContext, error: unknown): void {
    this.#options.onOver(this.seen(false), error);
    this.#next.fail(context, error);
  }

  /** What has been seen so far. */
  seen(isWhole: boolean): SeenAnswer {
    const text = this.#json?.text;
    return {
      status: this.#status,
      told: this.#events?.told ?? (text === undefined ? NOTHING_TOLD : readUsage(parse(text))),
      estimatedOutput: this.#events?.estimatedOutput ?? Math.ceil(this.#bytes / BYTES_PER_TOKEN),
      isWhole,
      isFinal: this.#events?.isFinal ?? true,
      firstTextAtMs: this.#events?.firstTextAtMs ?? 0,
    };
  }

  #read(chunk: Buffer): Buffer {
    this.#bytes += chunk.length;
    this.#json?.push(chunk);
    return this.#events?.push(chunk) ?? chunk;
  }
}

function kindOf(fields: AnswerFields): 'json' | 'events' | undefined {
  const type = fields['content-type'];
  // A coding that nobody could undo: see DecodingSink.
  if (typeof type !== 'string' || !isIdentity([fields['content-encoding'] ?? []].flat().join(','))) return undefined;
  const name = type.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (name === 'text/event-stream') return 'events';
  return name === 'application/json' || name.endsWith('+json') ? 'json' : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // An answer that breaks off, or is no JSON, tells nothing.
    return undefined;
  }
}

function joined(bytes: Buffer | undefined, rest: Buffer | undefined): Buffer | undefined {
  if (rest === undefined || rest.length === 0) return bytes === undefined || bytes.length > 0 ? bytes : undefined;
  return bytes === undefined ? rest : Buffer.concat([bytes, rest]);
}
