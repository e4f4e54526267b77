import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { RequestContext } from '../context.ts';

/** Where undici says that it writes the head of a request to a connection. */
const CHANNEL = 'undici:client:sendHeaders';

/** The span of a request is the gateway's own, and of that request alone. */
const SPAN = /\r\ntraceparent: ?([^\r]+)\r\n/i;
const OF_A_MIRROR = /\r\nx-gateway-mirror:/i;

interface SendingMessage {
  /** One text in HTTP/1.1; in HTTP/2 none, where many requests share a connection. */
  readonly headers: unknown;
  readonly socket: Socket;
}

/** One request on its way, from its claim to its end. */
export class Sending {
  #socket: Socket | undefined;
  #bytesBefore = 0;
  readonly #end: () => void;

  constructor(end: () => void) {
    this.#end = end;
  }

  /** It is written to this connection, and to none before any more. */
  sentOn(socket: Socket): void {
    this.#socket = socket;
    this.#bytesBefore = socket.bytesRead;
  }

  /** True where a byte has come back, whatever it was: half a status line is the beginning of an answer. */
  get isHeard(): boolean {
    return this.#socket !== undefined && this.#socket.bytesRead > this.#bytesBefore;
  }

  /** Nobody asks any more. */
  end(): void {
    this.#end();
  }
}

/** Knows of requests whether their service has said anything, which no error tells for a connection that is used again. */
export class Sendings {
  readonly #bySpan = new Map<string, Sending>();

  constructor() {
    subscribe(CHANNEL, this.#onSent);
  }

  /** How many are on their way. */
  get size(): number {
    return this.#bySpan.size;
  }

  watch({ traceparent, span }: Pick<RequestContext, 'traceparent' | 'span'>): Sending {
    const spans = [traceparent];
    const sending = new Sending(() => {
      for (const each of spans) this.#bySpan.delete(each);
    });
    this.#bySpan.set(traceparent, sending);
    // Of a traced request each attempt has a span of its own.
    if (span !== undefined) {
      span.told = (attempt) => {
        spans.push(attempt);
        this.#bySpan.set(attempt, sending);
      };
    }
    return sending;
  }

  close(): void {
    unsubscribe(CHANNEL, this.#onSent);
    this.#bySpan.clear();
  }

  readonly #onSent = (message: unknown): void => {
    if (this.#bySpan.size === 0) return;
    const { headers, socket } = message as SendingMessage;
    if (typeof headers !== 'string' || OF_A_MIRROR.test(headers)) return;
    const span = SPAN.exec(headers)?.[1];
    if (span !== undefined) this.#bySpan.get(span)?.sentOn(socket);
  };
}
