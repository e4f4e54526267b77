import type { Duplex } from 'node:stream';
import { ChoosingSink } from '../answer/choosing-sink.ts';
import { type WholeAnswer, WholeAnswerSink, withBody } from '../answer/whole-answer.ts';
import type { RequestContext, Sink } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { isIdentity } from '../lib/decode-content.ts';
import { settledWithin } from '../lib/settled-within.ts';
import type { Answerer, AnswerFields } from '../sink.ts';
import { type CallTerms, stageFailed } from './call-terms.ts';
import { checkedName, checkedValue } from './checked-fields.ts';
import type { AnswerHead, StageContext } from './define-stage.ts';
import { runAs } from './late-faults.ts';
import { StreamSink } from './stream-sink.ts';

const BODILESS = new Set([204, 205, 304]);
const NO_BYTES = Buffer.alloc(0);

type Fields = Record<string, string | string[] | undefined>;

/** The answer of one request on its way through the hooks of one own stage. */
export class OwnSink extends ChoosingSink {
  readonly #terms: CallTerms;
  readonly #view: StageContext;

  constructor(terms: CallTerms, view: StageContext, next: Sink) {
    super(next);
    this.#terms = terms;
    this.#view = view;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    const given = { status, fields, answerer, body: NO_BYTES };
    let begun: Begun | undefined;
    try {
      begun = runAs(this.#terms.instance, () => this.#begin(context, given));
    } catch (error) {
      const isOpen = this.#failed(context, error);
      if (!isOpen) return;
    }
    const { answer, next } = begun ?? { answer: given, next: this.behind };
    this.goThrough(next).head(context, answer.status, answer.fields, answerer);
  }

  /** Tells of it; true where the answer goes on as it is. */
  #failed(context: RequestContext, error: unknown): boolean {
    const { instance } = this.#terms;
    const { name, onError } = instance.terms.definition;
    instance.failed('threw', 'failed at the answer', context.requestId, error);
    if (onError === 'open') return true;
    this.refuse(context, stageFailed(name, error));
    return false;
  }

  #begin(context: RequestContext, given: WholeAnswer): Begun {
    const { hooks } = this.#terms.instance;
    const head = new Head(given);
    const returned: unknown = hooks.head?.call(hooks, this.#view, head);
    if (returned instanceof Promise) {
      returned.catch(() => undefined);
      throw new TypeError('the hook "head" returned a promise: a head waits for nobody');
    }
    const isBodiless = context.method === 'HEAD' || BODILESS.has(given.status);
    const stream = hooks.body?.call(hooks, this.#view, head);
    const changesBody = stream !== undefined || hooks.wholeBody !== undefined;
    const answer = head.answer(given);
    if (!changesBody) return { answer, next: this.behind };
    if (given.status === 206) throw new Error('the service has answered with a part, and a part is no body to change');
    if (isBodiless) {
      stream?.destroy();
      return { answer: withBody(answer, NO_BYTES), next: this.behind };
    }
    if (stream === undefined) return { answer, next: this.#whole(head) };
    return { answer: withBody(answer, NO_BYTES), next: this.#streamed(context, given, stream) };
  }

  #streamed(context: RequestContext, given: WholeAnswer, stream: Duplex): Sink {
    const { fields } = given;
    if (!isIdentity([fields['content-encoding'] ?? []].flat().join(','))) {
      stream.destroy();
      throw new Error(
        'the service has coded its answer although it was asked not to, so its body can not be streamed through',
      );
    }
    return new StreamSink(stream, this.behind, context, this.#terms, given);
  }

  #whole(head: Head): Sink {
    const { hooks, terms } = this.#terms.instance;
    const { definition } = terms;
    const reader = {
      maxBytes: definition.maxBodyBytes,
      wants: () => true,
      read: async (context: RequestContext, answer: WholeAnswer): Promise<WholeAnswer> => {
        const { instance } = this.#terms;
        try {
          const made = Promise.resolve(
            runAs(instance, () => hooks.wholeBody?.call(hooks, this.#view, head, answer.body)),
          );
          if (!(await settledWithin(made, definition.timeoutMs)))
            throw new Error(`wholeBody took longer than ${definition.timeoutMs} ms`);
          const body = await made;
          const own = head.answer(answer);
          return body === undefined ? own : withBody(own, Buffer.from(body as string));
        } catch (error) {
          if (error instanceof GatewayError) throw error;
          instance.failed('threw', 'failed at the body of the answer', context.requestId, error);
          if (definition.onError === 'open') return answer;
          throw stageFailed(definition.name, error);
        }
      },
    };
    return new WholeAnswerSink(reader, this.behind);
  }
}

interface Begun {
  readonly answer: WholeAnswer;
  readonly next: Sink;
}

/** The head that a hook edits. */
class Head implements AnswerHead {
  status: number;
  readonly headers: AnswerHead['headers'];
  readonly #edits = new Map<string, string | string[] | undefined>();

  constructor({ status, fields }: WholeAnswer) {
    this.status = status;
    const edits = this.#edits;
    this.headers = {
      get(name) {
        const key = name.toLowerCase();
        const value = edits.has(key) ? edits.get(key) : Object.hasOwn(fields, key) ? fields[key] : undefined;
        return Array.isArray(value) ? value.join(', ') : value;
      },
      set(name, value) {
        const key = checkedName(name);
        edits.set(
          key,
          typeof value === 'string' ? checkedValue(key, value) : value.map((one) => checkedValue(key, one)),
        );
      },
      delete(name) {
        edits.set(checkedName(name), undefined);
      },
    };
  }

  /** The answer with what was edited of its head. */
  answer(given: WholeAnswer): WholeAnswer {
    if (!Number.isInteger(this.status) || this.status < 200 || this.status > 599)
      throw new TypeError(`${this.status} is no status of an answer`);
    if (BODILESS.has(this.status) !== BODILESS.has(given.status))
      throw new TypeError(`an answer of ${given.status} can not become one of ${this.status}: one of them has no body`);
    const fields: Fields = { ...given.fields };
    for (const [name, value] of this.#edits) {
      if (value === undefined) delete fields[name];
      else fields[name] = value;
    }
    return { ...given, status: this.status, fields };
  }
}
