import type { Deps } from '../deps.ts';
import type { Kind, Lease } from '../pool.ts';
import { type Breaker, type BreakerOptions, type BreakerState, breakerSchema, createBreaker } from './breaker.ts';

/** Breakers of services and of routes that have their own; they keep their state through reloads. */
export const breakerKind: Kind<Breaker> = { name: 'breaker', close: (breaker) => breaker.close() };

const BREAKER_GAUGE: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 };

type BreakerDeps = Pick<Deps, 'log' | 'metrics' | 'pool'> & { readonly lease: Lease };

/** The breaker of this name and these options: the living one, or a new one. */
export function useBreaker(name: string, options: BreakerOptions | undefined, deps: BreakerDeps): Breaker {
  const settled = options ?? breakerSchema.parse({});
  return deps.lease.use(breakerKind, JSON.stringify([name, settled]), () => {
    const gauge = deps.metrics.breakerState.labels(name);
    gauge.set(BREAKER_GAUGE.closed);
    const breaker = createBreaker(name, settled, (state) => {
      gauge.set(BREAKER_GAUGE[state]);
      deps.metrics.breakerTransitions.inc({ breaker: name, to: state });
      deps.log.warn(`circuit of ${name} is ${state}`, { breaker: name, state });
    });
    const { close } = breaker;
    return Object.assign(breaker, {
      close() {
        close();
        // Another one of this name may have taken its place, with other options.
        if (!deps.pool.list(breakerKind).some((other) => other.name === name)) deps.metrics.breakerState.remove(name);
      },
    });
  });
}
