import type { Step } from './shapes.ts';

type Field = readonly [name: string, value: string];

/** The answer of `POST /explain`. */
export interface Explanation {
  readonly request: Readonly<Record<'method' | 'host' | 'asked' | 'path' | 'clientAddress' | 'scheme', string>>;
  readonly route: string | null;
  readonly considered: readonly { readonly route: string; readonly prefix: string; readonly lost: string | null }[];
  readonly nearest?: { readonly prefix: string; readonly wants?: string };
  readonly steps: readonly Step[];
  readonly outcome: 'passes' | 'refused' | 'undecided';
  readonly status?: number;
  readonly code?: string;
  readonly detail?: string;
  readonly detailForLog?: string;
  readonly advice?: string;
  readonly retryAfterSeconds?: number;
  readonly errors?: readonly object[];
  readonly refusalHeaders?: readonly Field[];
  readonly caller?: Readonly<Record<string, unknown>>;
  readonly token?: readonly {
    readonly claim: string;
    readonly value: string;
    readonly isGood: boolean;
    readonly says: string;
  }[];
  readonly cache?: { readonly isGivenOut: boolean };
  readonly service?: string;
  readonly target?: string;
  readonly breaker?: Readonly<Record<string, unknown>>;
  readonly sends?: {
    readonly method: string;
    readonly url: string;
    readonly headers: readonly Field[];
    readonly removed: readonly string[];
    readonly added: readonly string[];
  };
  readonly timeouts?: Readonly<Record<string, number | null>>;
  readonly retry?: Readonly<Record<string, unknown>>;
}
