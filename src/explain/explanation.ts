import type { ErrorCode, ErrorSource } from '../errors.ts';
import type { Decision } from '../facts.ts';

/** A stage of the route, and what it decided; `null` where the request did not get that far. */
export interface Step {
  readonly stage: string;
  readonly decisions: readonly string[] | null;
  /** True for the one that ends the request. */
  readonly refuses: boolean;
}

/** A route whose prefix covers the path. `lost`: the key of it that did not fit; null for the one that is taken. */
export interface ConsideredRoute {
  readonly route: string;
  readonly prefix: string;
  readonly lost: string | null;
}

/** One claim of a token that was sent, and what is to be said of it. */
export interface ClaimVerdict {
  readonly claim: string;
  readonly value: string;
  readonly isGood: boolean;
  readonly says: string;
}

/** What a service would be sent. Values of fields that carry a secret are masked. */
export interface SentRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Names of fields that the client has sent and the service is not told; and that it is told beside, or otherwise. */
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** What would become of a request, and why. */
export interface Explanation {
  readonly request: {
    readonly method: string;
    readonly host: string;
    /** As it was asked for, and as it is matched; without secrets. */
    readonly asked: string;
    readonly path: string;
    readonly clientAddress: string;
    readonly scheme: string;
  };
  /** Name of the route that takes it. */
  readonly route: string | null;
  readonly considered: readonly ConsideredRoute[];
  /** Where no route takes it: what was probably meant, and the key that did not fit. */
  readonly nearest?: { readonly prefix: string; readonly wants?: string };
  readonly steps: readonly Step[];
  /**
   * `passes`: it would be sent to its service, or answered by a stage; `refused`: the gateway would refuse it;
   * `undecided`: that is up to somebody who was not asked.
   */
  readonly outcome: 'passes' | 'refused' | 'undecided';
  /** Of a refusal, or of an answer that the gateway gives by itself. */
  readonly status?: number;
  readonly code?: ErrorCode;
  readonly source?: ErrorSource;
  readonly detail?: string;
  /** What only the log would say. */
  readonly detailForLog?: string;
  readonly advice?: string;
  readonly retryAfterSeconds?: number;
  readonly errors?: readonly object[];
  /** Fields of a refusal: WWW-Authenticate, Allow. */
  readonly refusalHeaders?: readonly (readonly [name: string, value: string])[];
  /** Who calls, where that is proven. */
  readonly caller?: Readonly<Record<string, unknown>>;
  /** The token that was sent, claim by claim; read without being believed. */
  readonly token?: readonly ClaimVerdict[];
  /** Fields that the gateway itself would put on the answer. */
  readonly answerHeaders: readonly (readonly [name: string, value: string])[];
  /** Whether an answer is stored, and would be given out. */
  readonly cache?: { readonly stored: boolean; readonly isGivenOut: boolean; readonly freshForSeconds: number };
  readonly service?: string;
  readonly target?: string;
  readonly breaker?: Readonly<Record<string, unknown>>;
  readonly bulkhead?: Readonly<Record<string, unknown>>;
  readonly targets?: readonly Readonly<Record<string, unknown>>[];
  readonly sends?: SentRequest;
  /** Milliseconds. */
  readonly timeouts?: Readonly<Record<string, number>>;
  readonly retry?: Readonly<Record<string, unknown>>;
  /** All that the stages noted, as it came. */
  readonly trace: readonly Decision[];
}
