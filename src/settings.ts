import type { Trust } from './lib/client-address.ts';

/**
 * What the environment may set, already parsed and checked: config/env.ts makes it, everything else only reads it.
 * A setting needs a restart; routes.json reloads. The two never mix.
 */
export interface Settings {
  /** Main port; 0 picks a free one. Default 3000. */
  readonly port: number;
  readonly host: string;
  /** Admin port; default 9901 on 127.0.0.1. */
  readonly adminPort: number;
  readonly adminHost: string;
  /** Bearer token of the admin port; required when adminHost is not a loopback address. */
  readonly adminToken: string | undefined;
  readonly routesFile: string;
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug';
  readonly logFormat: 'json' | 'pretty';
  /** Who may say where a request came from: a number of hops, or networks. Default: nobody. */
  readonly trustProxy: Trust;
  /** Origins allowed by CORS; `*` stands for every one, without credentials. */
  readonly corsOrigins: readonly string[];
  /** One issuer of tokens that comes from the environment, if any. */
  readonly jwt: JwtSettings | undefined;
  readonly redisUrl: string | undefined;
  /** Requests that one client address may have in flight. Default 500. */
  readonly maxInFlightPerAddress: number;
  /** How long an idle connection of a client is kept. Default 65 s, above the 60 s of common load balancers. */
  readonly keepAliveMs: number;
  /** How long the gateway goes on accepting after SIGTERM. Default 5 s. */
  readonly drainDelayMs: number;
  /** By when it is gone after SIGTERM. Default 25 s. */
  readonly shutdownTimeoutMs: number;
  /** Whether `/health` lists the services. Default true. */
  readonly healthDetails: boolean;
  readonly consulHttpAddr: string;
  readonly consulHttpToken: string | undefined;
  /** Undefined: nothing is traced. */
  readonly tracing: TracingSettings | undefined;
}

/** Where spans are sent, and which. */
export interface TracingSettings {
  readonly url: URL;
  /** Names and values by turns; secrets among them. */
  readonly headers: readonly string[];
  /** Whose word is taken for the collector's certificate; PEM. */
  readonly ca: string | undefined;
  readonly isGzip: boolean;
  /** For one try to send a batch. Default 10 s. */
  readonly timeoutMs: number;
  /** What is said of this gateway with each batch; `service.name` among it. */
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: {
    /** True where a caller's decision is taken over. */
    readonly isParentBased: boolean;
    /** The share of the others that is traced, 0..1. */
    readonly ratio: number;
  };
  readonly batch: {
    readonly maxQueued: number;
    readonly maxSpans: number;
    /** How long a span waits for others. */
    readonly delayMs: number;
    /** For all tries to send a batch. */
    readonly timeoutMs: number;
  };
}

export interface JwtSettings {
  /** HMAC secret, at least 32 bytes. */
  readonly secret: string | undefined;
  /** PEM text of the public key. */
  readonly publicKeyPem: string | undefined;
  readonly jwksUrl: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: readonly string[] | undefined;
  readonly algorithms: readonly string[];
}
