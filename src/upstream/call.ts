import type { Call, CallAnswer, CallRequest, Connect, Connections } from '../deps.ts';
import type { Deadline, Deadlines } from '../lib/deadlines.ts';
import { PieceList } from '../lib/piece-list.ts';
import type { AnswerFields } from '../sink.ts';
import { createTransport, type TransportController, type TransportHandler } from './transport.ts';

/** Origins whose connections are kept, each with its authority; who was asked the longest time ago goes first. */
const MAX_ORIGINS = 64;

/**
 * Makes the one way in which the gateway asks somebody something on its own behalf: one try, a deadline over all of
 * it, a bound on the answer, no redirect followed, so that nobody but the named address is ever asked.
 */
export function createCalls(deadlines: Deadlines, connect?: Connect): Call {
  const transports = new Map<string, Connections>();

  function transportOf({ origin }: URL, tls: CallRequest['tls']): Connections {
    const key = tls === undefined ? origin : `${origin} ${tls.ca}`;
    const transport = transports.get(key) ?? connect?.(origin) ?? createTransport(origin, tls && { tls });
    transports.delete(key);
    transports.set(key, transport);
    const [oldest] = transports;
    if (transports.size > MAX_ORIGINS && oldest !== undefined) {
      transports.delete(oldest[0]);
      oldest[1].close();
    }
    return transport;
  }

  return function call(request) {
    const { to, method = 'GET', headers = [], body = null } = request;
    const isUrl = to instanceof URL;
    const path = isUrl ? to.pathname + to.search : (request.path ?? '/');
    const { promise, resolve, reject } = Promise.withResolvers<CallAnswer>();
    const asked = new OwnCall(request, deadlines, resolve, reject);
    try {
      (isUrl ? transportOf(to, request.tls) : to).send({ method, path, headers: [...headers], body }, asked);
    } catch (error) {
      asked.onResponseError(undefined, error as Error);
    }
    return promise;
  };
}

/** One call under way: gathers the answer up to its bound, and settles once. */
class OwnCall implements TransportHandler, Deadline {
  dueAtMs = 0;
  nextDeadline: Deadline | null = null;
  previousDeadline: Deadline | null = null;
  readonly #request: CallRequest;
  readonly #deadlines: Deadlines;
  readonly #resolve: (answer: CallAnswer) => void;
  readonly #reject: (error: unknown) => void;
  #controller: TransportController | undefined;
  #status = 0;
  #headers: AnswerFields = {};
  readonly #pieces = new PieceList();
  #bytes = 0;
  #isOver = false;

  constructor(
    request: CallRequest,
    deadlines: Deadlines,
    resolve: (answer: CallAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    this.#request = request;
    this.#deadlines = deadlines;
    this.#resolve = resolve;
    this.#reject = reject;
    deadlines.add(this, performance.now() + request.timeoutMs);
  }

  onDue(): void {
    this.#fail(new Error(`no answer within ${this.#request.timeoutMs} ms`));
  }

  onRequestStart(controller: TransportController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new Error('the call is over'));
  }

  onResponseStart(_controller: TransportController, status: number, headers: AnswerFields): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: TransportController, chunk: Buffer): void {
    if (this.#isOver) return;
    this.#bytes += chunk.length;
    const { maxBytes, isCut } = this.#request;
    if (this.#bytes <= maxBytes) this.#pieces.add(chunk);
    else if (isCut === true) this.#succeed();
    else this.#fail(new Error(`the answer is larger than ${maxBytes} bytes`));
  }

  onResponseEnd(): void {
    this.#controller = undefined;
    if (this.#status <= 599) this.#succeed();
    else this.#fail(new Error(`an answer of status ${this.#status}`));
  }

  onResponseError(_controller: TransportController | undefined, error: Error): void {
    this.#controller = undefined;
    this.#fail(error);
  }

  onRequestUpgrade(): void {
    this.#fail(new Error('the connection was switched to another protocol unasked'));
  }

  #succeed(): void {
    if (this.#isOver) return;
    this.#end();
    this.#resolve({ status: this.#status, headers: this.#headers, body: this.#pieces.whole() });
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#end();
    this.#reject(error);
  }

  /** What still comes is not read: the connection goes. */
  #end(): void {
    this.#isOver = true;
    this.#deadlines.remove(this);
    if (this.#controller?.aborted === false) this.#controller.abort(new Error('the call is over'));
  }
}
