import { type Bans, bansFileKeys, createBans } from '../limits/bans.ts';
import { createLimits } from '../limits/create-limits.ts';
import { createLimiter } from '../limits/limiter.ts';
import { type Limits, limitsKind } from '../limits/limits.ts';
import { type LimitsFile, RouteWindows } from '../limits/route-windows.ts';
import { limitsFileKeys, limitsRouteKeys } from '../limits/schema.ts';
import { createSettle } from '../limits/settle.ts';
import { defineStage } from '../stage.ts';

interface Shared {
  readonly file: LimitsFile;
  readonly limits: Limits;
  readonly bans: Bans | undefined;
}

/**
 * Refuses whoever comes too often to the gateway as a whole, by address or by a header of the file's `rateLimits`: 429
 * `rate_limited`. It counts every call, also one that finds no route or brings no credential. `/-/me` counts nowhere.
 */
export const gatewayLimitStage = defineStage({
  name: 'gatewayLimit',

  reads: limitsRouteKeys,
  fileReads: { ...limitsFileKeys, ...bansFileKeys },

  prepare(file, deps): Shared {
    const limits = deps.lease.use(limitsKind, '', () => createLimits(deps));
    return { file, limits, bans: createBans(file, deps) };
  },

  create(options, route, deps, { file, limits, bans }) {
    const { rateLimits = [], onStoreError = 'local' } = options;
    // What a call costs by its caller can't be told before that is known.
    const cost = typeof options.cost === 'number' ? options.cost : 1;
    const list = new RouteWindows(file, rateLimits, route.name, deps.hidden.hide).atDoor;
    if (list.windows.length === 0 || route.own !== undefined) return undefined;
    // Who calls is not known yet, and no route can try out what holds for all of them.
    const told = { stage: 'gatewayLimit', usage: undefined, isShadowed: false } as const;
    const settle = createSettle({ ...told, cost, onStoreError, bans }, route, deps);

    const limiter = createLimiter((context) => {
      const decided = limits.decide(list.windows, context, cost, onStoreError === 'local');
      return decided instanceof Promise
        ? decided.then((decision) => settle(context, decision, list))
        : settle(context, decided, list);
    });

    return function gatewayLimit(req, res, next) {
      void limiter(req, res, next);
    };
  },
});
