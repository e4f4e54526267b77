/** Header fields of an answer: names in lower case, a list where a name stands more than once. */
export type AnswerFields = Readonly<Record<string, string | string[] | undefined>>;

/** Whose answer it is; decides which of the gateway's own fields are put on it, and what the log says. */
export type Answerer = 'service' | 'gateway';

/** What writes into a sink, and waits while that is full. */
export interface Source {
  /** There is room again. */
  resume(): void;
}

/**
 * What an answer goes through on its way to the client, whoever makes it. The last sink writes to the connection; a
 * stage that wants to see, change or keep the answer puts one of its own before it (`context.sink`). The stages do so
 * in their order, so that the last one stands nearest to the service.
 */
export interface SinkOf<Context> {
  /** The head, once. Throws what HTTP can't carry. */
  head(context: Context, status: number, fields: AnswerFields, answerer: Answerer): void;
  /** One piece of the body. False: full, and `source.resume` is called when there is room again. */
  write(context: Context, chunk: Buffer, source: Source): boolean;
  /** The end, with the last piece where that is known to be the last. */
  end(context: Context, last: Buffer | undefined): void;
  /** No answer, where there is no head yet; none that is whole, after it. Anything but a GatewayError is a bug. */
  fail(context: Context, error: unknown): void;
}

/** Where a request begins that nobody has told where its answer goes. */
export const NOWHERE: SinkOf<unknown> = { head: nowhere, write: nowhere, end: nowhere, fail: nowhere };

function nowhere(): never {
  throw new Error('this request was given nowhere to send its answer');
}
