import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { OptionsOf, OptionsSchema } from './options-of.ts';

/**
 * What own stages are written with. This file names nothing of the gateway's inside: what stands here stays as it is,
 * whatever changes behind it.
 */

/** A caller that an API key, or another credential with a name, has proven. */
export interface StageConsumer {
  readonly name: string;
  readonly plan: string | undefined;
  readonly roles: readonly string[];
}

/** The gateway's own log, with the stage, the route and the request in each line. */
export interface StageLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** One request, as an own stage sees it. */
export interface StageContext {
  readonly method: string;
  /** Normalised; what was matched is what is forwarded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Values of the `:name` segments of the route's prefix. */
  readonly params: Readonly<Record<string, string>>;
  /** The host that was asked for, in lower case and without its port. */
  readonly host: string;
  /** Of the request. Names that only the gateway may use (`x-user-…`, `x-forwarded-…`) are never there. */
  readonly headers: { get(name: string): string | undefined };
  /** Address of the client, as TRUST_PROXY has it. */
  readonly address: string;
  /** Undefined before `authenticate`, and where nobody was proven. */
  readonly consumer: StageConsumer | undefined;
  /** Subject of a verified token. */
  readonly user: string | undefined;
  readonly claims: Readonly<Record<string, unknown>> | undefined;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly plan: string | undefined;
  readonly requestId: string;
  /** Name of the route. */
  readonly route: string;
  /** True where the request asks to become a WebSocket. */
  readonly isUpgrade: boolean;
  /** What own stages keep for each other, for this one request. */
  readonly state: Map<string, unknown>;
  /** Aborted when the client leaves, and when the time of the stage is up. */
  readonly signal: AbortSignal;
  readonly log: StageLog;
}

/** A code of docs/errors.md with which an own stage may refuse, or a status of 400 to 599. */
export type Refusal =
  | 'bad_request'
  | 'invalid_request'
  | 'unauthenticated'
  | 'invalid_credential'
  | 'forbidden'
  | 'insufficient_scope'
  | 'not_found'
  | 'gone'
  | 'rate_limited'
  | 'quota_exceeded'
  | 'overloaded'
  | 'maintenance'
  | number;

/** Header fields of an answer; a list where a name stands more than once (`set-cookie`). */
export type StageHeaders =
  | Readonly<Record<string, string | readonly string[]>>
  | Iterable<readonly [name: string, value: string | readonly string[]]>;

/** An answer of a stage's own. */
export interface StageAnswer {
  /** 200 to 599; default 200. */
  readonly status?: number;
  readonly headers?: StageHeaders;
  /** Text, bytes, or a value that is sent as JSON; no promise, and no stream. */
  readonly body?: unknown;
}

/** What was decided about a request; made by `refuse` and `respond`, and returned or not. */
export interface Decided {
  readonly decided: true;
}

/** A request that goes on, is refused, or is answered: once. */
export interface StageRequest extends StageContext {
  /** Sets a header field towards the service, in place of any that the client has sent; `undefined` takes it away. */
  setServiceHeader(name: string, value: string | undefined): void;
  /** Adds a header field to the answer, whoever gives it. */
  setClientHeader(name: string, value: string): void;
  /** Ends the request with a problem document (RFC 9457). */
  refuse(
    why: Refusal,
    detail?: string,
    more?: { readonly retryAfter?: number; readonly headers?: StageHeaders },
  ): Decided;
  /** Ends the request with this answer. */
  respond(answer: StageAnswer): Decided;
  /** The whole body, up to `bodyLimit` of the route; empty where there is none. The service gets the same bytes. */
  readBody(): Promise<Buffer>;
}

/** The head of an answer on its way to the client. Names are in lower case. */
export interface AnswerHead {
  status: number;
  readonly headers: {
    get(name: string): string | undefined;
    set(name: string, value: string | readonly string[]): void;
    delete(name: string): void;
  };
}

/** What became of a request. */
export interface Outcome {
  /** 0 where no answer was begun. */
  readonly status: number;
  /** The code of docs/errors.md, where the gateway has refused it. */
  readonly error: string | undefined;
  /** True when all of the answer has left. */
  readonly isWhole: boolean;
  readonly durationMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly service: string | undefined;
}

type Maybe<T> = T | Promise<T>;

/** What a stage does on one route. A hook that is left out costs nothing. */
export interface StageHooks {
  /** Before the request goes on. What it returns is waited for, for `timeout` at most. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook without a return is the usual one.
  request?(context: StageRequest): Maybe<Decided | undefined | void>;
  /** In its place where the request asks to become a WebSocket; without it `request` guards those as well. */
  // biome-ignore lint/suspicious/noConfusingVoidType: as above.
  upgrade?(context: StageRequest): Maybe<Decided | undefined | void>;
  /** The head of the answer of a service, of a file or of another stage; a refusal of the gateway's is its own. */
  head?(context: StageContext, answer: AnswerHead): void;
  /** What the body streams through, chunk by chunk; undefined for a body that is left as it is. */
  body?(context: StageContext, answer: AnswerHead): Duplex | undefined;
  /** The whole body, without its coding, up to `maxBody`: what is returned stands in its place. */
  wholeBody?(context: StageContext, answer: AnswerHead, body: Buffer): Maybe<Buffer | string | undefined>;
  /** After the request, whatever came of it. */
  end?(context: StageContext, outcome: Outcome): Maybe<void>;
  /** A text that tells answers of the same URL apart, for the cache of the route. */
  cacheKey?(context: StageContext): string | undefined;
  /** True where this request is no business of the cache. */
  cacheDisabled?(context: StageContext): boolean;
  /** When nobody needs what `create` made: another configuration is in force, and its last request has ended. */
  close?(): Maybe<void>;
}

/** The route that a stage is made for. */
export interface StageRoute {
  readonly name: string;
  readonly prefix: string;
  readonly log: StageLog;
}

/** An own stage. */
export interface StageDefinition<Options = unknown, Schema = OptionsSchema> {
  /** Its key in a route, and its name in logs and metrics: letters and digits, the first one a small letter. */
  readonly name: string;
  readonly description?: string;
  /** Of the options that a route gives it under its key. Without one it takes none: a route says `true` or `false`. */
  readonly schema?: Schema;
  /** The stage of the list before or after which it stands, where the file does not say. Default: before `response`. */
  readonly before?: string;
  readonly after?: string;
  /** How long a hook may take that is waited for: `"500ms"`. Default `"1s"`. */
  readonly timeout?: string;
  /** What becomes of a request where the stage fails: it is refused with 500, or goes on. Default `closed`. */
  readonly onError?: 'open' | 'closed';
  /** Largest answer for `wholeBody`. Default `"1mb"`. */
  readonly maxBody?: string;
  /** True where `request` changes nothing and sends nothing, so that an explanation may run it. Default false. */
  readonly dryRun?: boolean;
  /** Once for each route that has it, whenever a configuration comes into force. */
  create(options: Options, route: StageRoute): StageHooks;
}

/** A middleware of Express: it answers, or calls `next`. A file may export one in place of a stage. */
export type StageMiddleware = (req: IncomingMessage, res: object, next: (error?: unknown) => void) => unknown;

/** By this a stage is known, whichever copy of this package it was written with. */
export const STAGE_MARK = Symbol.for('turnpike.stage');

/** Types an own stage by its schema. The file that defines it exports what this returns as its default. */
export function defineStage<const Schema extends OptionsSchema>(
  definition: StageDefinition<OptionsOf<Schema>, Schema>,
): StageDefinition<OptionsOf<Schema>, Schema> {
  return Object.assign({ [STAGE_MARK]: 1 }, definition);
}
