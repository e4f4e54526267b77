import type { Target } from '../target.ts';
import type { Balancer } from './balancer.ts';
import { rampOf, type SlowStart } from './slow-start.ts';

/** A target that nobody has asked for so long is asked once more, however slow it was. */
const EXPLORE_AFTER_MS = 2_500;

/**
 * The less busy of two targets drawn at random: moving-average latency times what it has in flight. Two random ones
 * avoid the herd that follows "the best of all" (Mitzenmacher, 2001), and cost the same for any number of targets.
 */
export function createLeastBusy(slowStart: SlowStart): Balancer {
  const { random } = slowStart;
  return {
    pick(usable: readonly Target[]): Target | undefined {
      const { length } = usable;
      if (length < 2) return usable[0];
      let one: Target;
      let other: Target;
      if (hasEqualWeights(usable)) {
        const index = Math.floor(random() * length);
        one = usable[index] as Target;
        other = usable[(index + 1 + Math.floor(random() * (length - 1))) % length] as Target;
      } else {
        // Drawn by weight and put back: with equal cost each keeps its share.
        one = drawByWeight(usable, random());
        other = drawByWeight(usable, random());
      }
      const best = isBusier(one, other, slowStart.now) ? other : one;
      if (best.recoveredAtMs !== 0 && random() > rampOf(best, slowStart)) return best === one ? other : one;
      return best;
    },
  };
}

function isBusier(one: Target, other: Target, now: () => number): boolean {
  const loadOne = one.inFlight + 1;
  const loadOther = other.inFlight + 1;
  // Nothing known of one of them yet: only what is in flight can be compared.
  if (one.latencyMs === 0 || other.latencyMs === 0) return loadOne > loadOther;
  const isOneBusier = one.latencyMs * loadOne > other.latencyMs * loadOther;
  return shouldExplore(isOneBusier ? one : other, now) ? !isOneBusier : isOneBusier;
}

/** It may have recovered, and nobody would find out. */
function shouldExplore(busier: Target, now: () => number): boolean {
  if (busier.inFlight > 0) return false;
  const nowMs = now();
  if (nowMs - Math.max(busier.observedAtMs, busier.exploredAtMs) < EXPLORE_AFTER_MS) return false;
  busier.exploredAtMs = nowMs;
  return true;
}

function hasEqualWeights(targets: readonly Target[]): boolean {
  const weight = targets[0]?.weight;
  for (const target of targets) if (target.weight !== weight) return false;
  return true;
}

function drawByWeight(targets: readonly Target[], share: number): Target {
  let total = 0;
  for (const target of targets) total += target.weight;
  let rest = share * total;
  for (const target of targets) {
    rest -= target.weight;
    if (rest < 0) return target;
  }
  return targets[0] as Target;
}
