import type { Logger } from 'winston';
import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { loggedPath } from '../log/access-line.ts';
import type { Open } from '../pipeline/open-requests.ts';

/** What the watchdog looks at, and how it ends what it finds. */
export interface WatchdogOptions {
  /** Requests that have begun and not ended. */
  readonly open: Open;
  /** Answers with an error, or breaks off the answer that has begun. */
  readonly fail: (context: RequestContext, error: GatewayError) => void;
  /** Frees every place that the request has, whatever became of its answer. */
  readonly end: (context: RequestContext) => void;
  readonly log: Pick<Logger, 'error'>;
  readonly count: { inc(): void };
}

/**
 * Sweeps in which nothing moved after which a request is ended: a minute and a half, longer than whoever waits for
 * something on its behalf may take. Counted in sweeps, so that a process that was suspended ends nothing.
 */
const STILL_SWEEPS = 45;

/** Sweeps after which more is tried with one that is still there. */
const MORE_SWEEPS = 5;

/** Younger requests are not looked at. */
const YOUNG_MS = 1_000;

interface Seen {
  moved: number;
  stillSweeps: number;
}

/**
 * Ends requests that nobody will: lost by a stage, a library or a bug of ours. Every request has an owner with a
 * deadline of its own, so there should never be one; each is an error in the log, and counted.
 *
 * It costs a request nothing: the set of those in flight is looked through by a sweep.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #seen = new Map<RequestContext, Seen>();

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /** Called every two seconds; `nowMs` is on the scale of `performance.now()`. */
  sweep(nowMs: number): void {
    const { open } = this.#options;
    for (const context of open) {
      if (nowMs - context.startedAtMs > YOUNG_MS) this.#look(context, nowMs);
    }
    for (const context of this.#seen.keys()) {
      if (!open.has(context)) this.#seen.delete(context);
    }
  }

  #look(context: RequestContext, nowMs: number): void {
    if (hasOwner(context, nowMs)) {
      this.#seen.delete(context);
      return;
    }
    const moved = bytesMoved(context);
    const seen = this.#seen.get(context);
    if (seen === undefined || (seen.moved !== moved && seen.stillSweeps < STILL_SWEEPS)) {
      this.#seen.set(context, { moved, stillSweeps: 0 });
      return;
    }
    seen.stillSweeps += 1;
    if (seen.stillSweeps >= STILL_SWEEPS) this.#end(context, seen.stillSweeps - STILL_SWEEPS, nowMs);
  }

  /** Gently at first: an answer, then the connection, then at least the places that it has. */
  #end(context: RequestContext, round: number, nowMs: number): void {
    const { fail, end, log, count } = this.#options;
    if (round === 0) {
      count.inc();
      log.error('the watchdog ended a request that nobody answered', {
        requestId: context.requestId,
        method: context.method,
        path: loggedPath(context),
        route: context.route?.name,
        service: context.service,
        attempts: context.attempts,
        ageSeconds: Math.round((nowMs - context.startedAtMs) / 1000),
      });
      fail(context, new GatewayError('internal', undefined, { cause: new Error('nobody answered this request') }));
    } else if (round === MORE_SWEEPS) {
      context.req.socket?.destroy();
    } else if (round === 2 * MORE_SWEEPS) {
      end(context);
    }
  }
}

/** True while somebody has a deadline for the request. */
function hasOwner(context: RequestContext, nowMs: number): boolean {
  // An open WebSocket lives by its own rules.
  if (context.upgradedAtMs !== 0) return true;
  const { dueAtMs = 0 } = context.abort ?? {};
  if (dueAtMs > nowMs) return true;
  const { res } = context;
  if (!res.writableEnded) return false;
  // Whole, and waiting for its turn on the connection, or for a reader whom the connection's own timeout watches.
  return res.socket === null ? !res.destroyed : (res.socket.timeout ?? 0) > 0;
}

/** Grows whenever something of this very request moves. */
function bytesMoved({ req, res, attempts, bytesOut }: RequestContext): number {
  let moved = attempts + bytesOut;
  if (!req.complete) moved += req.socket?.bytesRead ?? 0;
  // Only one answer at a time has the connection to itself.
  if (res.headersSent) moved += res.socket?.bytesWritten ?? 0;
  return moved;
}
