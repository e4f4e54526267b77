import { noteError, sendProblem } from '../answer/problem.ts';
import type { RequestContext, Sink } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Deadline, Deadlines } from '../lib/deadlines.ts';
import { SmallPieces } from '../lib/small-pieces.ts';
import type { Answerer, AnswerFields, Source } from '../sink.ts';
import { type Accepted, CODERS, type Coding, type CodingStream } from './codings.ts';
import {
  type Compression,
  codedFields,
  forbidsTransform,
  isPlainContent,
  unchangedFields,
  variedFields,
} from './compression.ts';

/** Up to here, coding at once takes less than a thread and a stream do. */
const WHOLE_BYTES = 8 * 1024;

/** How long what a service has sent may stay inside, for more to come. */
const FLUSH_MS = 50;

/** Answers that are being compressed at the same time, each with half a megabyte; further ones go as they are. */
const MAX_OPEN = 256;

/** How many answers are being compressed, on all routes. */
export class OpenStreams {
  count = 0;
}

export interface CompressingDeps {
  readonly deadlines: Deadlines;
  readonly open: OpenStreams;
}

/** What becomes of the answer: its head says so. */
type Mode = 'undecided' | 'plain' | 'coded' | 'over';

/**
 * Compresses an answer that is worth it, piece by piece: what comes in waits while the client doesn't read, what has
 * come in doesn't stay inside for long, and an answer that breaks off does so for the client too.
 */
export class CompressingSink implements Sink, Deadline, Source {
  dueAtMs = 0;
  nextDeadline: Deadline | null = null;
  previousDeadline: Deadline | null = null;
  readonly #compression: Compression;
  readonly #accepted: Accepted;
  readonly #deps: CompressingDeps;
  readonly #context: RequestContext;
  readonly #next: Sink;
  #mode: Mode = 'undecided';
  #coding: Coding = 'gzip';
  #stream: CodingStream | undefined;
  /** Small pieces that the stream has not been given yet: each would cost a way through the thread pool. */
  readonly #gathered = new SmallPieces();
  #flushTimer: NodeJS.Timeout | undefined;

  constructor(compression: Compression, accepted: Accepted, deps: CompressingDeps, context: RequestContext) {
    this.#compression = compression;
    this.#accepted = accepted;
    this.#deps = deps;
    this.#context = context;
    this.#next = context.sink;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    const mayChange = !forbidsTransform(fields['cache-control']);
    if (status === 304 && mayChange) {
      this.#pass(context, status, unchangedFields(fields, context.req.headers['if-none-match']), answerer);
    } else if (!mayChange || !this.#compression.isCompressible(fields)) {
      this.#pass(context, status, fields, answerer);
    } else {
      const coding = this.#codingFor(status, fields);
      if (coding === undefined) this.#pass(context, status, variedFields(fields), answerer);
      else this.#begin(context, status, variedFields(codedFields(fields, coding)), answerer, coding);
    }
  }

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    if (this.#mode === 'plain') return this.#next.write(context, chunk, source);
    if (this.#mode === 'over') return true;
    this.#flushTimer ??= setTimeout(() => this.#flush(), FLUSH_MS);
    if (this.#gathered.add(chunk)) return true;
    const stream = this.#open();
    let hasRoom = this.#handOver(stream);
    if (!this.#gathered.add(chunk)) hasRoom = stream.write(chunk);
    if (!hasRoom) stream.once('drain', () => source.resume());
    return hasRoom;
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    if (this.#mode === 'plain') this.#next.end(context, last);
    else if (this.#mode === 'coded') this.#endCoded(context, last);
  }

  /** Half of a coded answer must not end as if it were whole. */
  fail(context: RequestContext, error: unknown): void {
    if (this.#mode === 'over') return;
    const isNoAnswer = this.#mode === 'undecided' && context.status === 0 && !context.res.destroyed;
    if (isNoAnswer && this.#accepted.coding !== undefined) {
      noteError(context, error);
      sendProblem(context, error, this);
      return;
    }
    this.#leave();
    this.#next.fail(context, error);
  }

  /** The client has read what it was sent. */
  resume(): void {
    this.#deps.deadlines.remove(this);
    this.#stream?.resume();
  }

  /** The client has read nothing for as long as the route allows; whoever answers may have ended already, and watch no more. */
  onDue(): void {
    const context = this.#context;
    this.#leave();
    this.#next.fail(context, new GatewayError('client_closed', `The client read nothing for ${context.idleMs} ms.`));
  }

  #pass(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    this.#next.head(context, status, fields, answerer);
    this.#mode = 'plain';
  }

  #begin(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer, coding: Coding): void {
    this.#next.head(context, status, fields, answerer);
    if (context.method === 'HEAD') {
      this.#mode = 'plain';
      return;
    }
    this.#mode = 'coded';
    this.#coding = coding;
    this.#deps.open.count += 1;
    // Nobody tells a sink that the client has left.
    context.res.once('close', this.#leave);
  }

  /** The coding that this answer gets, or undefined for none. */
  #codingFor(status: number, fields: AnswerFields): Coding | undefined {
    const { coding, refusesPlain } = this.#accepted;
    if (coding === undefined || !isPlainContent(status, fields) || this.#deps.open.count >= MAX_OPEN) return undefined;
    const length = Number(fields['content-length'] ?? Number.POSITIVE_INFINITY);
    return length >= (refusesPlain ? 1 : this.#compression.minBytes) ? coding : undefined;
  }

  #endCoded(context: RequestContext, last: Buffer | undefined): void {
    if (this.#stream === undefined && this.#gathered.length + (last?.length ?? 0) <= WHOLE_BYTES) {
      const bytes = Buffer.concat([this.#gathered.take(), last].filter((part) => part !== undefined));
      this.#leave();
      this.#next.end(context, CODERS[this.#coding].whole(bytes));
      return;
    }
    const stream = this.#open();
    clearTimeout(this.#flushTimer);
    this.#handOver(stream);
    if (last === undefined) stream.end();
    else stream.end(last);
  }

  #open(): CodingStream {
    if (this.#stream !== undefined) return this.#stream;
    const context = this.#context;
    const stream = CODERS[this.#coding].stream();
    stream.on('data', (piece: Buffer) => {
      if (this.#next.write(context, piece, this)) return;
      stream.pause();
      this.#deps.deadlines.add(this, performance.now() + context.idleMs);
    });
    stream.on('end', () => {
      if (this.#mode === 'over') return;
      this.#leave();
      this.#next.end(context, undefined);
    });
    stream.on('error', (error) => this.fail(context, error));
    this.#stream = stream;
    return stream;
  }

  /** Gives the stream what has been gathered; false: it is full. */
  #handOver(stream: CodingStream): boolean {
    const gathered = this.#gathered.take();
    return gathered === undefined || stream.write(gathered);
  }

  #flush(): void {
    this.#flushTimer = undefined;
    const stream = this.#open();
    this.#handOver(stream);
    stream.flush(CODERS[this.#coding].flush);
  }

  /** The answer is over, one way or the other: what it held is free. Done once. */
  readonly #leave = (): void => {
    if (this.#mode === 'over') return;
    if (this.#mode === 'coded') this.#deps.open.count -= 1;
    this.#mode = 'over';
    clearTimeout(this.#flushTimer);
    this.#deps.deadlines.remove(this);
    this.#context.res.off('close', this.#leave);
    this.#stream?.destroy();
  };
}
