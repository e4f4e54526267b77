import type { Deps } from '../deps.ts';
import type { Kind, Lease, Pool } from '../pool.ts';
import {
  type Breaker,
  type BreakerOptions,
  type BreakerOrder,
  type BreakerState,
  breakerSchema,
  createBreaker,
} from './breaker.ts';
import { BreakerHold, breakerHoldKind, holdable } from './breaker-hold.ts';

/** Breakers of services and of routes that have their own; they keep their state through reloads. */
export const breakerKind: Kind<Breaker> = { name: 'breaker', close: (breaker) => breaker.close() };

/** What shows the state and the changes of the breakers of one name, for as long as there is one. */
const gaugeKind: Kind<{ remove(): void }> = { name: 'breaker gauge', close: (gauge) => gauge.remove() };

const BREAKER_GAUGE: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 };

type BreakerDeps = Pick<Deps, 'log' | 'metrics'> & { readonly lease: Lease };

/** The breaker of this name and these options: the living one, or a new one. */
export function useBreaker(name: string, options: BreakerOptions | undefined, deps: BreakerDeps): Breaker {
  const settled = options ?? breakerSchema.parse({});
  const hold = deps.lease.use(breakerHoldKind, name, () => new BreakerHold());
  const breaker = deps.lease.use(breakerKind, JSON.stringify([name, settled]), () => {
    const gauge = deps.metrics.breakerState.labels(name);
    const tell = (state: BreakerState): void => {
      gauge.set(BREAKER_GAUGE[state]);
      deps.metrics.breakerTransitions.labels(name, state).inc();
      deps.log.warn(`circuit of ${name} is ${state}`, { breaker: name, state });
    };
    const created = holdable((onChange) => createBreaker(name, settled, onChange), hold, tell);
    gauge.set(BREAKER_GAUGE[created.state]);
    return created;
  });
  // After the breaker, since it is let go after it, too.
  deps.lease.use(gaugeKind, name, () => ({
    remove() {
      deps.metrics.breakerState.remove(name);
      deps.metrics.breakerTransitions.forget(name);
    },
  }));
  return breaker;
}

/** Does as an operator says with all breakers of a name; false where there is none. */
export function steerBreakers(pool: Pool, name: string, order: BreakerOrder): boolean {
  const breakers = pool.list(breakerKind).filter((one) => one.name === name);
  for (const breaker of breakers) breaker.force(order);
  return breakers.length > 0;
}
