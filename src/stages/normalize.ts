import { errorsKeys } from '../answer/error-options.ts';
import { contextOf, type RequestContext, type Sink } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Answerer, AnswerFields, Source } from '../sink.ts';
import { defineStage } from '../stage.ts';

/** What a client needs to know of a service's error, whatever its words are. */
const KEPT = ['retry-after', 'www-authenticate', 'allow'];

/**
 * Tells a service's errors as the gateway tells its own: `service_error`, with the status of the service and nothing of
 * its body, which may say what the service is made of.
 */
export const normalizeStage = defineStage({
  name: 'normalize',
  reads: errorsKeys,

  create({ errors }, route) {
    const { normalize = false } = errors ?? {};
    if (!route.matched || normalize === false) return undefined;
    const fromStatus = normalize === 'all' ? 400 : 500;

    return function normalize(req, _res, next) {
      const context = contextOf(req);
      context.sink = new NormalizingSink(fromStatus, context.sink);
      next();
    };
  },
});

class NormalizingSink implements Sink {
  readonly #fromStatus: number;
  readonly #next: Sink;
  /** The service's answer is thrown away. */
  #isReplaced = false;

  constructor(fromStatus: number, next: Sink) {
    this.#fromStatus = fromStatus;
    this.#next = next;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    if (answerer !== 'service' || status < this.#fromStatus) {
      this.#next.head(context, status, fields, answerer);
      return;
    }
    this.#isReplaced = true;
    const passedOn = { status, fields: keptFields(status, fields), body: undefined };
    this.#next.fail(context, new GatewayError('service_error', `The service answered ${status}.`, { passedOn }));
  }

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    return this.#isReplaced || this.#next.write(context, chunk, source);
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    if (!this.#isReplaced) this.#next.end(context, last);
  }

  fail(context: RequestContext, error: unknown): void {
    if (!this.#isReplaced) this.#next.fail(context, error);
  }
}

/** With the status that the gateway has received, since no kind of error says that of it (RFC 9209, section 2.1.4). */
function keptFields(status: number, fields: AnswerFields): AnswerFields {
  const kept = KEPT.filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]] as const);
  return { ...Object.fromEntries(kept), 'proxy-status': `turnpike; received-status=${status}` };
}
