import type { Readable } from 'node:stream';
import type { Logger } from 'winston';
import type { RequestContext, Sink } from './context.ts';
import type { GatewayError } from './errors.ts';
import type { Clock } from './lib/clock.ts';
import type { Deadlines } from './lib/deadlines.ts';
import type { HiddenValues } from './lib/hidden-values.ts';
import type { OpenSockets } from './lib/open-sockets.ts';
import type { LogLevel } from './log/level.ts';
import type { Metrics } from './metrics.ts';
import type { Pool } from './pool.ts';
import type { RedisLink } from './redis/link.ts';
import type { Settings } from './settings.ts';
import type { AnswerFields } from './sink.ts';

/** What lives as long as the process, made once in main and handed down. */
export interface Deps {
  readonly settings: Settings;
  /** The secrets of the routes file: `log` and `accessLog` hide them, and whoever makes a label does. */
  readonly hidden: HiddenValues;
  /** The gateway's own messages; one line a request goes to `accessLog`. */
  readonly log: Logger;
  /** Takes one finished access-log record; never blocks. */
  readonly accessLog: Logger;
  /** How much both of them say now. */
  readonly logLevel: LogLevel;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly pool: Pool;
  /** Deadlines of requests in flight. */
  readonly deadlines: Deadlines;
  /** WebSockets that are open, through all snapshots. */
  readonly sockets: OpenSockets;
  /** Answers of server-sent events that are open. */
  readonly eventStreams: Set<{ shutDown(): void }>;
  /** Undefined without REDIS_URL. */
  readonly redis: RedisLink | undefined;
  /** Asks a service or an auth server on the gateway's own behalf. */
  readonly call: Call;
  /** How connections to others are made. Undefined: over the network; cases have stubs in its place. */
  readonly connect?: Connect | undefined;
  /** Sends spans to a collector. Undefined: nothing is traced. */
  readonly tracing?: Tracing | undefined;
}

/** Traces requests: see tracing/. */
export interface Tracing {
  /**
   * Decides whether a request is traced, which has a span from then on. `from`: its caller's traceparent, if there is a
   * valid one. Answers the context's traceparent, with that decision in it.
   */
  begin(context: RequestContext, from: string | undefined): string;
  /** Sends what is left, in two seconds at most. */
  close(): Promise<void>;
}

/** Connections to one address, as `upstream/transport.ts` makes them. */
export interface Connections {
  send(
    request: { method: string; path: string; headers: string[]; body: Readable | string | Buffer | null },
    handler: object,
  ): void;
  close(): void;
}

/**
 * Makes the connections to an origin; `service` is whose target it is, where it is one, and `real` makes those over the
 * network to it. Undefined where they shall be over the network.
 */
export type Connect = (origin: string, service?: string, real?: () => Connections) => Connections | undefined;

/** A question of the gateway's own. */
export interface CallRequest {
  /** The whole address; or the connections of a target, and then `path`. */
  readonly to: URL | Pick<Connections, 'send'>;
  readonly path?: string;
  /** Default GET. */
  readonly method?: string;
  /** Names and values by turns. */
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
  /** Whose word is taken for the certificate behind a URL: PEM, in place of the authorities that are known. */
  readonly tls?: { readonly ca: string } | undefined;
  /** For all of it, connecting included. */
  readonly timeoutMs: number;
  /** A longer answer is an error, or is cut off there. */
  readonly maxBytes: number;
  /** True to take what came of a longer answer for the whole of it. Default false. */
  readonly isCut?: boolean;
}

export interface CallAnswer {
  /** 200..599; a redirect is an answer like any other. */
  readonly status: number;
  readonly headers: AnswerFields;
  readonly body: Buffer;
}

/** Asks once. Rejects with an Error when no whole answer comes in time. */
export type Call = (request: CallRequest) => Promise<CallAnswer>;

/** A request without a connection. */
export interface InProcessRequest {
  readonly method: string;
  /** Path and query, as in a request line. */
  readonly target: string;
  /** Names and values by turns, a Host among them. */
  readonly headers: readonly string[];
  readonly body?: Buffer;
  /**
   * Where the answer goes: see sink.ts. It must not throw. It is told of an end by `end` or `fail`, once, perhaps before
   * `InProcess` has returned; of `abort` without an error it hears nothing.
   */
  readonly sink: Sink;
  /** The request that this one is a part of: same client, same request ID. */
  readonly parent?: RequestContext;
  /** Which part of it, for the log. */
  readonly part?: string;
  /** True when nothing may be consumed, written or sent: an explanation. Default false. */
  readonly dryRun?: boolean;
  /** Whether a dry run may ask those who are asked about callers: auth services, introspection. Default false. */
  readonly mayAsk?: boolean;
  /** Of an explanation: why no route would see it. */
  readonly refusal?: GatewayError | undefined;
  /** The other end of the connection that it would have come by; a part has its parent's. Default: no address, http. */
  readonly from?: { readonly address: string; readonly scheme: 'http' | 'https' };
}

/** A request under way in process. */
export interface InProcessCall {
  readonly context: RequestContext;
  /**
   * Ends it, and what it has under way at a service, as a client does that leaves; with an error, which its log line and
   * its sink are then told.
   */
  abort(error?: GatewayError): void;
}

/** Sends a request through the chain of the route that takes it: its authentication, limits, cache and breaker. */
export type InProcess = (request: InProcessRequest) => InProcessCall;
