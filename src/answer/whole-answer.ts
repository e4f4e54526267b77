import { turnFor } from '../body/heavy.ts';
import { tooMuchAtOnce } from '../body/too-much.ts';
import type { RequestContext, Sink } from '../context.ts';
import { type ErrorCode, GatewayError } from '../errors.ts';
import { decodeContent, isIdentity, UndecodableContent } from '../lib/decode-content.ts';
import { MESSAGES } from '../lib/held-bytes.ts';
import { PieceList } from '../lib/piece-list.ts';
import type { Answerer, AnswerFields } from '../sink.ts';

/** An answer with all of its body. */
export interface WholeAnswer {
  readonly status: number;
  readonly fields: AnswerFields;
  readonly body: Buffer;
  readonly answerer: Answerer;
}

/** What wants to see answers whole. Made once for a route. */
export interface AnswerReader {
  /** A longer body refuses the answer: 502 `answer_too_large`. Counted before and after its coding is undone. */
  readonly maxBytes: number;
  /** Whether it wants this answer; what it does not want streams on untouched. */
  wants(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): boolean;
  /**
   * What is answered instead; throws or rejects with what refuses the answer. The body is plain: without
   * Content-Encoding. Whoever makes another body of it says so by `withBody`.
   */
  read(context: RequestContext, answer: WholeAnswer): WholeAnswer | Promise<WholeAnswer>;
}

/** Statuses without a body (RFC 9110, sections 15.3.5 and 15.4.5). */
const BODILESS = new Set([204, 205, 304]);

/** What is true of one content, and not of what is made of it (RFC 9110, sections 8.4 to 8.6 and 14; RFC 9530). */
const CONTENT_FIELDS = [
  'content-encoding',
  'content-length',
  'accept-ranges',
  'content-range',
  'content-digest',
  'repr-digest',
  'digest',
  'content-md5',
];

/**
 * Collects the answers that a reader wants, bounded, with their coding undone, and lets all others pass. What the
 * reader makes of one goes on to the next sink at once. Parts (206) are never wanted: half a JSON is none.
 */
export class WholeAnswerSink implements Sink {
  readonly #reader: AnswerReader;
  readonly #next: Sink;
  /** The head of an answer that is being collected. */
  #head: Omit<WholeAnswer, 'body'> | undefined;
  readonly #pieces = new PieceList();
  /** Who is held to account for what is kept, while it is, and for how many bytes. */
  #caller: string | undefined;
  #held = 0;
  #isOver = false;

  constructor(reader: AnswerReader, next: Sink) {
    this.#reader = reader;
    this.#next = next;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    if (status === 206 || !this.#reader.wants(context, status, fields, answerer)) {
      this.#next.head(context, status, fields, answerer);
    } else if (context.method === 'HEAD' || BODILESS.has(status)) {
      this.#next.head(context, status, withoutContentFields(fields), answerer);
    } else {
      this.#head = { status, fields, answerer };
      this.#caller = context.clientAddress;
      // Nobody tells a sink that the client has left.
      context.res.once('close', this.#letGo);
      if (Number(fields['content-length'] ?? 0) > this.#reader.maxBytes) this.#refuse(context, this.#tooLarge());
    }
  }

  write(context: RequestContext, chunk: Buffer, source: Parameters<Sink['write']>[2]): boolean {
    if (this.#isOver) return true;
    if (this.#head === undefined) return this.#next.write(context, chunk, source);
    this.#take(context, chunk);
    return true;
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    if (this.#isOver) return;
    const head = this.#head;
    if (head === undefined) {
      this.#next.end(context, last);
      return;
    }
    if (last !== undefined) this.#take(context, last);
    if (this.#isOver) return;
    this.#isOver = true;
    const body = this.#pieces.whole();
    this.#pieces.clear();
    this.#finish(context, { ...head, body })
      .catch((error: unknown) => this.#next.fail(context, error))
      .finally(this.#letGo);
  }

  /** While nothing of the answer is out, the failure is told properly. */
  fail(context: RequestContext, error: unknown): void {
    if (this.#isOver) return;
    this.#refuse(context, error);
  }

  #take(context: RequestContext, chunk: Buffer): void {
    if (this.#caller === undefined) return;
    if (this.#held + chunk.length > this.#reader.maxBytes) this.#refuse(context, this.#tooLarge());
    else if (!MESSAGES.take(this.#caller, chunk.length)) this.#refuse(context, tooMuchAtOnce());
    else {
      this.#held += chunk.length;
      this.#pieces.add(chunk);
    }
  }

  #refuse(context: RequestContext, error: unknown): void {
    this.#isOver = true;
    this.#letGo();
    this.#next.fail(context, error);
  }

  /** What was kept is free. Done once. */
  readonly #letGo = (): void => {
    if (this.#caller !== undefined) MESSAGES.give(this.#caller, this.#held);
    this.#caller = undefined;
    this.#pieces.clear();
  };

  #tooLarge(): GatewayError {
    const { maxBytes } = this.#reader;
    return new GatewayError('answer_too_large', `The answer of the service is larger than ${maxBytes} bytes.`);
  }

  async #finish(context: RequestContext, coded: WholeAnswer): Promise<void> {
    const { maxBytes } = this.#reader;
    const plain = await plainAnswer(coded, maxBytes);
    await turnFor(context, plain.body.length);
    const answer = await this.#reader.read(context, plain);
    // While it was read the client may have left.
    if (context.res.destroyed) return;
    const fields = { ...answer.fields, 'content-length': String(answer.body.length) };
    this.#next.head(context, answer.status, fields, answer.answerer);
    this.#next.end(context, answer.body);
  }
}

/** The same answer, without the coding of its body. */
async function plainAnswer(answer: WholeAnswer, maxBytes: number): Promise<WholeAnswer> {
  const coding = [answer.fields['content-encoding'] ?? []].flat().join(',');
  if (isIdentity(coding)) return answer;
  try {
    return withBody(answer, await decodeContent(answer.body, coding, maxBytes));
  } catch (error) {
    if (!(error instanceof UndecodableContent)) throw error;
    const code: ErrorCode = error.reason === 'too large' ? 'answer_too_large' : 'bad_answer';
    throw new GatewayError(code, `The answer of the service: ${error.message}.`, { cause: error });
  }
}

/**
 * The answer with another body. What was true of the old one alone is gone; its entity tag is weak from here on, since
 * the bytes are no longer those that the service has tagged (RFC 9110, section 8.8.1).
 */
export function withBody(answer: WholeAnswer, body: Buffer, contentType?: string): WholeAnswer {
  const fields = withoutContentFields(answer.fields);
  return { ...answer, fields: contentType === undefined ? fields : { ...fields, 'content-type': contentType }, body };
}

/** The fields without those that are true of one content alone; an entity tag is weak from here on. */
export function withoutContentFields(fields: AnswerFields): AnswerFields {
  const kept: Record<string, string | string[] | undefined> = { ...fields };
  for (const name of CONTENT_FIELDS) delete kept[name];
  const { etag } = kept;
  if (typeof etag === 'string' && !etag.startsWith('W/')) kept['etag'] = `W/${etag}`;
  return kept;
}
