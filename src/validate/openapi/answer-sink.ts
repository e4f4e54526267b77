import { ChoosingSink } from '../../answer/choosing-sink.ts';
import { type AnswerReader, WholeAnswerSink } from '../../answer/whole-answer.ts';
import { turnFor } from '../../body/heavy.ts';
import type { RequestContext, Sink } from '../../context.ts';
import { GatewayError } from '../../errors.ts';
import { decodeContent, isIdentity, UndecodableContent } from '../../lib/decode-content.ts';
import { MESSAGES } from '../../lib/held-bytes.ts';
import { HEAVY_BYTES } from '../../lib/own-turn.ts';
import { PieceList } from '../../lib/piece-list.ts';
import type { Answerer, AnswerFields, Source } from '../../sink.ts';
import type { Api } from './api.ts';
import { type Expected, expectAnswer, findAnswerFault } from './check-answer.ts';
import type { Operation } from './operation.ts';

/** What is done about the answers of a route. */
export interface AnswerTerms {
  readonly api: Api;
  /** A longer one is not looked at, or refused where each has to be right. */
  readonly maxBytes: number;
  /** True to refuse wrong answers (502 `invalid_answer`), false to tell of them alone. */
  readonly isEnforced: boolean;
  /** Told once of each wrong answer. */
  readonly complain: (context: RequestContext, operation: Operation, fault: string) => void;
}

/** Puts the check of the answer before all that takes it from the service. */
export function watchAnswer(context: RequestContext, operation: Operation, terms: AnswerTerms): void {
  context.sink = new AnswerSink(operation, terms, context.sink);
}

/** Looks at the head, and hands the answer to whoever fits it: nobody, one who reads along, or one who reads it first. */
class AnswerSink extends ChoosingSink {
  readonly #operation: Operation;
  readonly #terms: AnswerTerms;

  constructor(operation: Operation, terms: AnswerTerms, next: Sink) {
    super(next);
    this.#operation = operation;
    this.#terms = terms;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    if (answerer !== 'service') {
      this.behind.head(context, status, fields, answerer);
      return;
    }
    const { fault, schema }: Expected = expectAnswer(this.#operation, context, status, fields);
    if (fault !== undefined) this.#terms.complain(context, this.#operation, fault);
    if (fault !== undefined && this.#terms.isEnforced) {
      this.refuse(context, invalidAnswer(fault));
      return;
    }
    const next = schema === undefined ? this.behind : this.goThrough(this.#reading(schema));
    next.head(context, status, fields, answerer);
  }

  #reading(schema: string): Sink {
    const { api, maxBytes, isEnforced, complain } = this.#terms;
    const find = (body: Buffer) => findAnswerFault(api, schema, body);
    const tell = (context: RequestContext, fault: string) => complain(context, this.#operation, fault);
    if (!isEnforced) return new ReadAlong(find, tell, maxBytes, this.behind);
    const reader: AnswerReader = {
      maxBytes,
      wants: () => true,
      read(context, answer) {
        const fault = find(answer.body);
        if (fault === undefined) return answer;
        tell(context, fault);
        throw invalidAnswer(fault);
      },
    };
    return new WholeAnswerSink(reader, this.behind);
  }
}

/** What is wrong is the operator's business, and in the log; the client is told that something is. */
function invalidAnswer(fault: string): GatewayError {
  return new GatewayError('invalid_answer', undefined, { cause: new Error(fault) });
}

/** Lets an answer stream as it comes, and looks at it when all of it has passed; at a long one not at all. */
class ReadAlong implements Sink {
  readonly #find: (body: Buffer) => string | undefined;
  readonly #tell: (context: RequestContext, fault: string) => void;
  readonly #maxBytes: number;
  readonly #next: Sink;
  #coding: string | undefined;
  /** Undefined where it has grown too long, or too much is kept of others. */
  #pieces: PieceList | undefined = new PieceList();
  #bytes = 0;
  #caller = '';
  #held = 0;

  constructor(
    find: (body: Buffer) => string | undefined,
    tell: (context: RequestContext, fault: string) => void,
    maxBytes: number,
    next: Sink,
  ) {
    this.#find = find;
    this.#tell = tell;
    this.#maxBytes = maxBytes;
    this.#next = next;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    this.#coding = [fields['content-encoding'] ?? []].flat().join(',');
    if (Number(fields['content-length'] ?? 0) > this.#maxBytes) this.#pieces = undefined;
    this.#caller = context.clientAddress;
    context.res.once('close', this.#letGo);
    this.#next.head(context, status, fields, answerer);
  }

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    this.#take(chunk);
    return this.#next.write(context, chunk, source);
  }

  /** The end waits for the look, so that the log line can say what came of it. */
  end(context: RequestContext, last: Buffer | undefined): void {
    if (last !== undefined) this.#take(last);
    const pieces = this.#pieces;
    this.#pieces = undefined;
    if (pieces === undefined) {
      this.#next.end(context, last);
    } else if (isIdentity(this.#coding) && this.#bytes < HEAVY_BYTES) {
      this.#look(context, pieces.whole());
      this.#next.end(context, last);
    } else {
      this.#lookInto(context, pieces.whole()).then(
        () => {
          if (!context.res.destroyed) this.#next.end(context, last);
        },
        (error: unknown) => this.#next.fail(context, error),
      );
    }
  }

  fail(context: RequestContext, error: unknown): void {
    this.#pieces = undefined;
    this.#next.fail(context, error);
  }

  #take(chunk: Buffer): void {
    if (this.#pieces === undefined) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes || !MESSAGES.take(this.#caller, chunk.length)) {
      this.#letGo();
      return;
    }
    this.#held += chunk.length;
    this.#pieces.add(chunk);
  }

  /** What was kept is free, and nothing more is kept. */
  readonly #letGo = (): void => {
    MESSAGES.give(this.#caller, this.#held);
    this.#held = 0;
    this.#pieces = undefined;
  };

  async #lookInto(context: RequestContext, coded: Buffer): Promise<void> {
    try {
      const body = isIdentity(this.#coding) ? coded : await decodeContent(coded, this.#coding, this.#maxBytes);
      await turnFor(context, body.length);
      this.#look(context, body);
    } catch (error) {
      // Where too much waits to be read, this is not looked at; nor where nobody is left to be answered.
      if (error instanceof GatewayError) return;
      if (!(error instanceof UndecodableContent)) throw error;
      if (error.reason === 'broken') this.#tell(context, 'its Content-Encoding is broken');
    }
  }

  #look(context: RequestContext, body: Buffer): void {
    const fault = this.#find(body);
    if (fault !== undefined) this.#tell(context, fault);
  }
}
