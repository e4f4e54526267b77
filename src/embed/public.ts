import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';

/*
 * What `import … from 'turnpike'` speaks of: types that stand alone, so that whoever compiles against the package needs
 * those of Node and no others.
 */

/** A value of JSON, and what JSON leaves out. */
export type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [key: string]: Json };

/** The content of routes.json: docs/configuration.md has all of its keys, and the JSON Schema of the package too. */
export interface RoutesFile {
  readonly routes?: readonly Route[];
  readonly services?: { readonly [name: string]: Json };
  readonly [key: string]: Json;
}

/** One route: what is matched, and what is done with it. */
export interface Route {
  /** Paths that begin so, below the mount. */
  readonly prefix: string | readonly string[];
  readonly [key: string]: Json;
}

/** The settings of docs/configuration.md, by the names of their variables in camel case: `REDIS_URL` is `redisUrl`. */
export interface GatewaySettings {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** What `gateway.admin` asks for as a bearer token; without it nobody is answered there. 16 characters or more. */
  readonly adminToken?: string | undefined;
  /** Default `info`; of a mounted gateway without a logger `warn`. */
  readonly logLevel?: 'error' | 'warn' | 'info' | 'debug' | undefined;
  readonly logFormat?: 'json' | 'pretty' | undefined;
  /** A number of proxies, or their networks. Default: nobody is believed. */
  readonly trustProxy?: number | string | readonly string[] | undefined;
  readonly corsOrigins?: string | readonly string[] | undefined;
  readonly jwtSecret?: string | undefined;
  readonly jwtPublicKeyFile?: string | undefined;
  readonly jwtJwksUrl?: string | undefined;
  readonly jwtIssuer?: string | undefined;
  readonly jwtAudience?: string | readonly string[] | undefined;
  readonly jwtAlgorithms?: string | readonly string[] | undefined;
  readonly redisUrl?: string | undefined;
  readonly maxInFlightPerAddress?: number | undefined;
  /** How long a gateway that listens keeps an idle connection, as `65s`, which is the default. */
  readonly keepAliveTimeout?: string | undefined;
  /** By when `close()` is over, as `25s`, which is the default. */
  readonly shutdownTimeout?: string | undefined;
  readonly healthDetails?: boolean | undefined;
  readonly consulHttpAddr?: string | undefined;
  readonly consulHttpToken?: string | undefined;
}

/** Where the gateway's own messages go; `console`, and the logger of winston, are such. */
export interface GatewayLogger {
  error(message: string, fields: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
  info(message: string, fields: Readonly<Record<string, unknown>>): void;
  debug(message: string, fields: Readonly<Record<string, unknown>>): void;
  /** Takes the line of a request that has ended, as JSON. Without it no such lines are written. */
  access?(line: string): void;
}

export interface GatewayOptions {
  /** The routes themselves. What they name by a path (`${FILE:…}`, documents, folders) begins at `folder`. */
  readonly routes?: RoutesFile | undefined;
  /** Or the file that they stand in, `routes.json`; `routes.d` beside it is merged in. */
  readonly routesFile?: string | undefined;
  /** Where paths in `routes` begin. Default: the working directory. */
  readonly folder?: string | undefined;
  /** Whether the file is loaded anew when it changes. Default true; routes that were handed over don't change. */
  readonly watch?: boolean | undefined;
  readonly settings?: GatewaySettings | undefined;
  /**
   * Variables for settings and `${ENV:…}`, `process.env` for one; `settings` win. Default none: the environment is not
   * read.
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * Default: a gateway that listens writes as the process does, requests to stdout and messages to stderr; one that is
   * mounted tells stderr of warnings and errors, and nobody of requests. `false`: nothing at all.
   */
  readonly logger?: GatewayLogger | false | undefined;
  /** Whether a mounted gateway hands on what none of its routes takes. Default false: it answers 404. */
  readonly fallthrough?: boolean | undefined;
}

export interface ReloadOutcome {
  readonly result: 'applied' | 'unchanged';
  /** What is different now, in words. */
  readonly changes: readonly string[];
}

/** A gateway: a middleware of Express, or what listens by itself. */
export interface Gateway {
  (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void): void;
  /**
   * Takes the WebSockets of an application's server that lie below `path`, where the gateway is mounted, and that a
   * route takes; all other upgrades stay with whoever has them. Default `/`.
   */
  upgrade(server: Server | TlsServer, options?: { readonly path?: string | undefined }): void;
  /** Listens by itself. Default: port 3000 on every interface, or what the settings say; 0 picks a free port. */
  listen(options?: {
    readonly port?: number | undefined;
    readonly host?: string | undefined;
  }): Promise<{ readonly port: number }>;
  /**
   * Brings other routes into force, or the file as it is now; requests under way keep theirs. `force`: whatever the
   * `guard` in force says.
   *
   * @throws GatewayConfigError, with all faults; what is in force stays so
   */
  reload(routes?: RoutesFile, options?: { readonly force?: boolean | undefined }): Promise<ReloadOutcome>;
  /** Metrics, state, reload, as on the admin port of the process (docs/operating.md). It asks for `adminToken`. */
  readonly admin: (req: IncomingMessage, res: ServerResponse) => void;
  /** Its metrics in the format of Prometheus. */
  metrics(): Promise<string>;
  /**
   * Lets what is under way finish, for `shutdownTimeout` at most, and lets go of everything. Requests that come
   * meanwhile are refused with 503. Resolves to true where all of them had their answer.
   */
  close(): Promise<boolean>;
}
