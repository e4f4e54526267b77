import type { Transform } from 'node:stream';
import zlib from 'node:zlib';
import { withoutContentFields } from '../answer/whole-answer.ts';
import type { RequestContext, Sink } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Answerer, AnswerFields, Source } from '../sink.ts';

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => zlib.createGunzip(),
  'x-gzip': () => zlib.createGunzip(),
  deflate: () => zlib.createInflate(),
  br: () => zlib.createBrotliDecompress(),
  zstd: () => zlib.createZstdDecompress(),
};

/**
 * Undoes the coding of an answer while it streams (RFC 9110, section 8.4), for a service that codes although it was asked
 * not to. What is not coded, or in a way that is not known, or twice, passes as it is.
 */
export class DecodingSink implements Sink {
  readonly #next: Sink;
  #decoder: Transform | undefined;
  #isOver = false;

  constructor(next: Sink) {
    this.#next = next;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    const coding = fields['content-encoding'];
    const name = typeof coding === 'string' ? coding.trim().toLowerCase() : '';
    if (!Object.hasOwn(DECODERS, name) || status === 204 || status === 206 || status === 304) {
      this.#next.head(context, status, fields, answerer);
      return;
    }
    this.#next.head(context, status, withoutContentFields(fields), answerer);
    this.#decode(context, (DECODERS[name] as () => Transform)());
  }

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    if (this.#isOver) return true;
    const decoder = this.#decoder;
    if (decoder === undefined) return this.#next.write(context, chunk, source);
    const hasRoom = decoder.write(chunk);
    if (!hasRoom) decoder.once('drain', () => source.resume());
    return hasRoom;
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    if (this.#isOver) return;
    if (this.#decoder === undefined) this.#next.end(context, last);
    else if (last === undefined) this.#decoder.end();
    else this.#decoder.end(last);
  }

  fail(context: RequestContext, error: unknown): void {
    if (this.#isOver) return;
    this.#leave();
    this.#next.fail(context, error);
  }

  #decode(context: RequestContext, decoder: Transform): void {
    this.#decoder = decoder;
    decoder.on('data', (chunk: Buffer) => {
      if (this.#isOver) return;
      if (!this.#next.write(context, chunk, { resume: () => decoder.resume() })) decoder.pause();
    });
    decoder.on('end', () => {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#next.end(context, undefined);
    });
    decoder.on('error', (cause) =>
      this.fail(context, new GatewayError('bad_answer', 'The coding of the answer is broken.', { cause })),
    );
    // Nobody tells a sink that the client has left.
    context.res.once('close', () => this.#leave());
  }

  #leave(): void {
    this.#isOver = true;
    this.#decoder?.destroy();
  }
}
