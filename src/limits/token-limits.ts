import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { RouteInfo, StageDeps } from '../stage.ts';
import type { TokenCount } from '../token-count.ts';
import type { Bans } from './bans.ts';
import type { Decision } from './decision.ts';
import type { Limits } from './limits.ts';
import type { Reservation, Wanted } from './reservation.ts';
import { type LimitsFile, RouteWindows, type WindowList } from './route-windows.ts';
import type { RateLimitOptions } from './schema.ts';

/** The limits of one route that count the tokens of language models. */
export interface TokenLimits {
  /** The smallest limit that a call meets; undefined where it meets none. */
  limitOf(context: RequestContext): number | undefined;
  /**
   * Reserves in all windows of the call or in none, and says so to the client, the log and the metrics. Undefined where
   * nothing is held: no limit, a dry run, or a Redis that is away where the route lets calls pass then. Rejects with
   * `rate_limited` or `quota_exceeded` (429), or `limits_unavailable` (503).
   */
  reserve(context: RequestContext, wanted: Wanted): Promise<Reservation | undefined>;
  /** What a call has used in the end, for the usage report. */
  report(context: RequestContext, count: TokenCount): void;
}

export interface TokenLimitsOptions {
  readonly file: LimitsFile;
  readonly rateLimits: readonly RateLimitOptions[];
  readonly onStoreError: 'local' | 'allow' | 'deny';
  readonly limits: Limits;
  readonly bans: Bans | undefined;
}

const STAGE = 'modelTokens';

export function createTokenLimits(options: TokenLimitsOptions, route: RouteInfo, deps: StageDeps): TokenLimits {
  const { file, rateLimits, onStoreError, limits, bans } = options;
  const windows = new RouteWindows(file, rateLimits, route.name, deps.hidden.hide, 'tokens');
  const usage = limits.usageOf(route.name);
  const counterOf = (decision: string) => deps.metrics.limiterDecisions.labels(route.name, decision);
  const refused = counterOf('refused');
  const failed = counterOf(onStoreError === 'deny' ? 'failed-closed' : 'failed-open');
  const isShadowed = route.isShadowed === true;

  function tell(context: RequestContext, decision: Decision, list: WindowList): void {
    const { policy, remaining, limit, allowed } = decision;
    context.trace?.push({ stage: STAGE, decision: `${policy} ${remaining}/${limit} tokens` });
    const earlier = context.limit;
    if (earlier === undefined || !allowed || shareOf(decision) < shareOf(earlier)) context.limit = decision;
    if (isShadowed) return;
    if (earlier === undefined) list.headers.add(context, decision, deps.clock.now());
    else list.headers.addBeside(context, decision, deps.clock.now());
  }

  function passUncounted(context: RequestContext): undefined {
    if (!context.dryRun) failed.inc();
    context.trace?.push({ stage: STAGE, decision: `not counted, ${onStoreError}: Redis does not answer` });
    if (onStoreError === 'deny') throw new GatewayError('limits_unavailable', undefined, { retryAfterSeconds: 1 });
  }

  function refuse(context: RequestContext, decision: Decision, wanted: Wanted): never {
    if (!context.dryRun && !isShadowed) {
      refused.inc();
      usage?.count(context, 0, false);
      bans?.countRefusal(context, decision);
    }
    throw refusalOf(decision, wanted);
  }

  return {
    limitOf(context) {
      const list = windows.of(context).windows;
      return list.length === 0 ? undefined : Math.min(...list.map(({ limit }) => limit));
    },

    async reserve(context, wanted) {
      const list = windows.of(context);
      const countLocally = onStoreError === 'local';
      if (context.dryRun) {
        const decision = await limits.decide(list.windows, context, wanted.least, countLocally);
        if (decision === undefined) return passUncounted(context);
        tell(context, decision, list);
        return decision.allowed ? undefined : refuse(context, decision, wanted);
      }
      const reservation = await limits.reserve(list.windows, context, wanted, countLocally);
      if (reservation === undefined) return passUncounted(context);
      tell(context, reservation.decision, list);
      return reservation.decision.allowed ? reservation : refuse(context, reservation.decision, wanted);
    },

    report: (context, count) => usage?.addTokens(context, count),
  };
}

/** Of calls and tokens, the one with the smaller part left is the tighter. */
function shareOf({ remaining, limit }: { readonly remaining: number; readonly limit: number }): number {
  return remaining / limit;
}

function refusalOf({ policy, limit, remaining, resetSeconds, window }: Decision, { least }: Wanted): GatewayError {
  const has = `has ${remaining} of ${limit} tokens left`;
  const detail = `"${policy}" ${has}, and this call may need ${least}; try again in ${resetSeconds} s.`;
  return new GatewayError(window.quota === undefined ? 'rate_limited' : 'quota_exceeded', detail, {
    retryAfterSeconds: resetSeconds,
  });
}
