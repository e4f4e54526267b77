import type { RequestContext } from '../../context.ts';
import type { AttemptOutcome } from '../../facts.ts';
import type { AnswerFields } from '../../sink.ts';
import type { Target } from '../target.ts';
import { isStaleConnection } from '../transport.ts';
import type { ForwardPlan, Timeouts } from './plan.ts';
import { retryDelayMs } from './retry.ts';
import { retryAfterMs } from './retry-after.ts';

/** A request that its service tells from its repetitions counts as one of a method that may be repeated. */
const REPEATABLE = 'PUT';

/** What is known of an attempt that brought no answer to deliver. */
export interface FailedAttempt {
  readonly outcome: AttemptOutcome;
  /** 0 where no answer came. */
  readonly status: number;
  readonly headers: AnswerFields | undefined;
  readonly error: unknown;
  readonly hadBegunSending: boolean;
  /** See `isTry`. */
  readonly wasTry: boolean;
  readonly target: Target;
  /** Every target that has failed this request, this one included. */
  readonly tried: ReadonlySet<Target>;
  /** When the request must have its answer (`performance.now()`); 0 while that is open. */
  readonly totalDueAtMs: number;
}

/** Without an answer, or with one that says that another target might do better. */
export function isFailure({ status }: { readonly status: number }): boolean {
  return status === 0 || (status >= 500 && status <= 504);
}

/** Whom to ask next, and after how long. */
export interface NextAttempt {
  readonly target: Target;
  readonly delayMs: number;
}

/**
 * Whether the attempt that begins is a try: a GET or HEAD that can still go to another target is given less time, so
 * that a frozen target costs its callers seconds.
 */
export function isTry(
  { method, attempts }: RequestContext,
  { service, retry }: ForwardPlan,
  timeouts: Timeouts,
  target: Target,
  tried: ReadonlySet<Target> | undefined,
): boolean {
  if (timeouts.try >= timeouts.headers || (method !== 'GET' && method !== 'HEAD')) return false;
  return retry.hasLeft(attempts) && service.retries.hasRoom(true) && service.hasOther(target, tried);
}

/** Decides whether a failed attempt is followed by another one; body and answer permitting. */
export function planNext(
  context: RequestContext,
  { service, retry }: ForwardPlan,
  failed: FailedAttempt,
): NextAttempt | undefined {
  if (!retry.isOn) return undefined;
  const { outcome, status, hadBegunSending, totalDueAtMs } = failed;
  const isWanted =
    retry.isWanted(
      context.isRepeatable ? REPEATABLE : context.method,
      outcome,
      status,
      context.attempts,
      hadBegunSending,
    ) ||
    hasTimedOut(failed) ||
    isStale(context, failed);
  if (!isWanted) return undefined;
  const other = service.pick(context, failed.tried);
  if (!service.retries.hasRoom(other !== undefined)) return undefined;
  // A refused connection is refused again a moment later: only another target makes it worth a try.
  if (other === undefined && !hadBegunSending) return undefined;
  const delayMs = pauseMs(context.attempts, failed, other === undefined);
  if (totalDueAtMs !== 0 && performance.now() + delayMs >= totalDueAtMs) return undefined;
  return { target: other ?? failed.target, delayMs };
}

/** What one target asks for is for itself: another may be asked before. */
function pauseMs(attempts: number, failed: FailedAttempt, isSameTarget: boolean): number {
  const { hadBegunSending, outcome, headers } = failed;
  if (attempts === 1 && (!hadBegunSending || outcome === 'reset' || hasTimedOut(failed))) return 0;
  const askedMs = isSameTarget && headers !== undefined ? retryAfterMs(headers) : 0;
  return Math.max(retryDelayMs(attempts), askedMs);
}

/** A try whose time is over: it had less because there was somebody else to ask. */
function hasTimedOut({ wasTry, outcome }: FailedAttempt): boolean {
  return wasTry && outcome === 'headers-timeout';
}

/** A pooled connection that the service had closed: worth one more try wherever repeating is safe. */
function isStale({ attempts, method }: RequestContext, { outcome, error }: FailedAttempt): boolean {
  return outcome === 'reset' && attempts === 1 && (method === 'GET' || method === 'HEAD') && isStaleConnection(error);
}
