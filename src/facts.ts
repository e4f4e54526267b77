/** Who calls: an application that has an API key, or a name given by another scheme. */
export interface Consumer {
  readonly name: string;
  readonly plan: string | undefined;
  readonly roles: readonly string[];
  /** Small texts by name: those of its key, then its own, then those of its groups. */
  readonly metadata?: ReadonlyMap<string, string> | undefined;
  /** The key that it calls with, where it is one that the gateway knows by an id. */
  readonly key?: ConsumerKey | undefined;
}

/** What a consumer calls with. */
export interface ConsumerKey {
  readonly id: string;
  /** In hex; undefined where only its id is known. */
  readonly sha256?: string | undefined;
  /** Which of its consumer's scopes it holds; undefined: all. */
  readonly scopes: readonly string[] | undefined;
  /** What it has of its own. */
  readonly metadata: Readonly<Record<string, string>> | undefined;
  /** Epoch milliseconds. */
  readonly expiresAtMs: number | undefined;
}

/** How one attempt at a target ended. Retry, breaker, passive health, metrics and logs all read this one word. */
export type AttemptOutcome =
  | 'ok'
  | 'status'
  | 'refused'
  | 'dns'
  | 'tls'
  | 'connect-timeout'
  | 'headers-timeout'
  | 'idle-timeout'
  | 'reset'
  | 'protocol'
  | 'overloaded'
  | 'aborted-by-client'
  /** The gateway broke the upload off: a limit of the route's. */
  | 'upload-refused';

/** One line of the decision trace: which stage decided what, and why. */
export interface Decision {
  readonly stage: string;
  readonly decision: string;
  /** The same for a program, and more of it. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** Terms under which a WebSocket is open. */
export interface WebSocketTerms {
  readonly idleMs: number;
  /** Gives the caller's place among its WebSockets back; called once, when the request ends. */
  leave(): void;
}

/** What the context knows of the matched route; the snapshot's compiled route has more. */
export interface RouteIdentity {
  readonly name: string;
  /** Names of the stages that are on it, in their order. */
  readonly stages?: readonly string[];
  readonly prefix: string;
  /** Lower-case names of the fields that carry a credential here and stop at the gateway. */
  readonly credentialHeaders?: readonly string[];
  /** What carries a credential here, sent on or not: lower-case names of fields, and names of cookies. */
  readonly credentialPlaces?: { readonly fields: readonly string[]; readonly cookies: readonly string[] };
  /** Name of the query parameter that may carry a credential here, for whoever writes a query down. */
  readonly credentialParameter?: string | undefined;
  /** True where a path of this route holds a secret of the file. */
  readonly hasSecretPath?: boolean;
  /** True where the query of a URL is what the client asks for, with whatever secret is in it: a GraphQL document. */
  readonly hidesQuery?: boolean;
}

/** The tightest limit that was decided on, for the headers and the log. */
export interface LimitState {
  /** Name of the policy, `free-1h` for one. */
  readonly policy: string;
  /** As the client is told it; no less than can ever be left. */
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until the window has room again (refused) or is empty (allowed). */
  readonly resetSeconds: number;
}

/** What must hear of a request's end, and may keep it going without its client. */
export interface Guardian {
  /** The client has left before all of its answer had. True: the request goes on until `end` is called. */
  clientLeft(end: () => void): boolean;
  /** Does this when a request is over that goes on without its client; false for one that does not. */
  outlive(act: () => void): boolean;
  /** The request is over, and what it had under way is ended, whatever came of it. */
  over(): void;
}

/** What a request has under way at a service. */
export interface UnderWay {
  close(): void;
  /**
   * By when it will have been ended at the latest (`performance.now()`), as things stand; 0 when nobody sees to that.
   * What leaves it out has a minute.
   */
  readonly dueAtMs?: number;
}

/** What stands in the place of a problem's own body. */
export interface ErrorPage {
  /** Content-Type, and what a page of that type needs. */
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The span of a request that is traced: what it is told is sent to a collector (tracing/). */
export interface RequestSpan {
  /** A stage has been handed the request, and has not let it go on by itself. */
  waits(stage: string, sinceMs: number): void;
  /** It goes on, or that stage has refused it. */
  goesOn(error?: unknown): void;
  /** Begins an attempt at a target: `url` is its address, `path` what it is asked for. */
  attempt(url: URL, path: string): AttemptSpan;
  /** Hears by which traceparent each attempt is sent. */
  told: ((traceparent: string) => void) | undefined;
  /** The request has ended, `totalMs` after it came. */
  end(ended: { readonly totalMs: number; readonly aborted: 'client' | 'upstream' | 'gateway' | undefined }): void;
}

/** The span of one attempt. */
export interface AttemptSpan {
  /** By which the service is asked. */
  readonly traceparent: string;
  /** Once; `status` is 0 where no answer came. */
  end(outcome: AttemptOutcome | undefined, status: number, atMs: number): void;
}
