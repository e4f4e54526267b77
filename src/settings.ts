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
