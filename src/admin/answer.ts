import type { Deps } from '../deps.ts';
import { ERRORS, type ErrorCode, PROBLEM_BASE } from '../errors.ts';
import type { Gateway } from '../gateway.ts';
import type { Overview } from '../overview/overview.ts';
import type { Drain } from '../server/drain.ts';
import type { Reloader } from '../server/reload.ts';
import type { Trial } from '../server/trial.ts';

/** What the admin port shows and moves. */
export interface AdminSource {
  readonly deps: Deps;
  readonly gateway: Gateway;
  readonly reloader: Reloader;
  readonly trial: Trial;
  readonly drain: Drain;
  readonly overview: Overview;
}

/** An answer of the admin port: an object is sent as JSON. */
export interface AdminAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly type?: string;
  readonly headers?: readonly string[];
}

interface RefusalExtras {
  /** Instead of the table's advice. */
  readonly detail?: string;
  /** Header fields, name and value by turns. */
  readonly headers?: readonly string[];
  /** What the body says beside `code` and `detail`. */
  readonly body?: Readonly<Record<string, unknown>>;
}

export function ok(body: unknown): AdminAnswer {
  return { status: 200, body };
}

/** A refusal of the admin port (RFC 9457): its code and status are from the table of errors. */
export function refusal(code: ErrorCode, { detail, headers, body }: RefusalExtras = {}): AdminAnswer {
  const { status, advice, title } = ERRORS[code];
  const problem = { type: PROBLEM_BASE + code, title, status, detail: detail ?? advice, code, ...body };
  return { status, body: problem, type: 'application/problem+json', ...(headers !== undefined && { headers }) };
}
