import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { RouteInfo, StageDeps } from '../stage.ts';
import type { Bans } from './bans.ts';
import type { Decision } from './decision.ts';
import type { WindowList } from './route-windows.ts';
import type { RouteUsage } from './usage.ts';

export interface SettleOptions {
  /** The step that decides, for the trace. */
  readonly stage: 'gatewayLimit' | 'rateLimit' | 'graphqlCost' | 'mcpLimit';
  readonly cost: number | ((context: RequestContext) => number);
  /** True when the step charges the rest of a call that was counted already. Default false. */
  readonly isRest?: boolean;
  readonly onStoreError: 'local' | 'allow' | 'deny';
  readonly usage: RouteUsage | undefined;
  readonly bans: Bans | undefined;
  /** True when the step is only tried out: then it tells the client nothing, and bans nobody. */
  readonly isShadowed: boolean;
}

export type Settle = (
  context: RequestContext,
  decision: Decision | undefined,
  list: WindowList,
) => Decision | undefined;

/**
 * Writes a decision down: in the context for the log and the answer, in metrics, usage and trace. Of the two steps
 * that may decide about a call, the one that refuses is told, else the one with the least left.
 */
export function createSettle(options: SettleOptions, route: RouteInfo, { clock, metrics }: StageDeps): Settle {
  const { stage, onStoreError, usage, bans, isShadowed, isRest = false } = options;
  const costOf = typeof options.cost === 'number' ? constant(options.cost) : options.cost;
  const counterOf = (decision: string) => metrics.limiterDecisions.labels(route.name, decision);
  const allowed = counterOf('allowed');
  const refused = counterOf('refused');
  const failed = counterOf(onStoreError === 'deny' ? 'failed-closed' : 'failed-open');

  function settleUncounted(context: RequestContext): undefined {
    if (!context.dryRun) failed.inc();
    context.trace?.push({ stage, decision: `not counted, ${onStoreError}: Redis does not answer` });
    if (onStoreError === 'deny') throw new GatewayError('limits_unavailable', undefined, { retryAfterSeconds: 1 });
  }

  function count(context: RequestContext, decision: Decision): void {
    const passes = decision.allowed || isShadowed;
    if (!passes || !isRest) (passes ? allowed : refused).inc();
    if (passes && isRest) usage?.addCost(context, costOf(context));
    else usage?.count(context, costOf(context), passes);
    if (!passes) bans?.countRefusal(context, decision);
  }

  return (context, decision, list) => {
    if (decision === undefined) return settleUncounted(context);
    const earlier = context.limit;
    const isTightest = earlier === undefined || !decision.allowed || decision.remaining <= earlier.remaining;
    if (isTightest) context.limit = decision;
    if (!isShadowed) list.headers.add(context, decision, clock.now(), isTightest);
    if (!context.dryRun) count(context, decision);
    context.trace?.push({ stage, decision: `${decision.policy} ${decision.remaining}/${decision.limit}` });
    return decision;
  };
}

const constant = (cost: number) => (): number => cost;
