import { HeadSink } from '../answer/head-sink.ts';
import type { RequestContext, Sink } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Answerer, AnswerFields } from '../sink.ts';

/** A response whose `writeHead` a middleware has replaced, to hear of the head (`on-headers` does it so). */
interface Hooked {
  statusCode: number;
  writeHead(status: number): unknown;
  tellHead(): void;
}

/** Calls the `writeHead` that a middleware has put in place, before the head of whoever answers. */
export class HookedHead extends HeadSink {
  readonly #response: Hooked;
  readonly #onFault: (error: unknown) => void;
  #isTold = false;

  /** `onFault`: what the middleware throws there is told, and the answer goes on. */
  constructor(response: Hooked, onFault: (error: unknown) => void, next: Sink) {
    super(next);
    this.#response = response;
    this.#onFault = onFault;
  }

  override head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    this.#tell(status);
    this.next.head(context, status, fields, answerer);
  }

  override fail(context: RequestContext, error: unknown): void {
    this.#tell(error instanceof GatewayError ? error.status : 500);
    this.next.fail(context, error);
  }

  #tell(status: number): void {
    if (this.#isTold) return;
    this.#isTold = true;
    try {
      this.#response.writeHead(status);
    } catch (error) {
      this.#onFault(error);
    }
    this.#response.tellHead();
  }
}
