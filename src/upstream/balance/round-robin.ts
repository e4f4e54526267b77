import type { Target } from '../target.ts';
import type { Balancer } from './balancer.ts';
import { rampOf, type SlowStart } from './slow-start.ts';

/**
 * Smooth weighted round-robin, as nginx does it: weights 5, 1, 1 give a a b a c a a, not a a a a a b c.
 *
 * @param isWeighted false treats all weights but 0 as equal.
 */
export function createRoundRobin(isWeighted: boolean, slowStart: SlowStart): Balancer {
  const shareOf = (target: Target): number =>
    (isWeighted ? target.weight : Math.min(target.weight, 1)) * rampOf(target, slowStart);
  return {
    pick(usable: readonly Target[]): Target | undefined {
      let best: Target | undefined;
      let total = 0;
      for (const target of usable) {
        const share = shareOf(target);
        target.turn += share;
        total += share;
        if (share > 0 && (best === undefined || target.turn > best.turn)) best = target;
      }
      if (best === undefined) return usable[0];
      best.turn -= total;
      return best;
    },
  };
}
